"""The platform as a client of the drill sees it, and a person who keeps retrying through any failure. It only
knows the gateway and how to get a token.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from sangkienctl.home import PlatformError
from sangkienctl.platform import Platform
from tests.support.journey import Person, Refused

PAUSE_SECONDS = 0.3
# A third of the lifetime that the issuer gives.
TOKEN_SECONDS = 1200.0


@dataclass
class Site:
    """The platform of a home. patience: how many seconds to request a token while the issuer is down."""

    home: Path
    patience: float = 240
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @cached_property
    def _platform(self) -> Platform:
        return Platform(self.home)

    @cached_property
    def gateway(self) -> str:
        return self._platform.gateway

    def token(self, username: str) -> str:
        """A valid token; the same one until it is old or was refused."""
        token, until = self._tokens.get(username, ("", 0.0))
        if until < time.monotonic():
            token = self._mint(username)
            self._tokens[username] = (token, time.monotonic() + TOKEN_SECONDS)
        return token

    def refused(self, username: str) -> None:
        """The token of this person was refused: get a new one next time."""
        self._tokens.pop(username, None)

    def _mint(self, username: str) -> str:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return self._platform.token(username)
            except PlatformError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)


@dataclass
class SteadyPerson(Person):
    """A person who signs in again if a token is refused, and retries while the request is still in progress.

    A process whose clock was shifted refuses valid tokens with 401, until its clock is corrected.
    """

    platform: Site

    def __enter__(self) -> SteadyPerson:
        return self

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        deadline = time.monotonic() + self.patience
        while True:
            try:
                # The headers are taken out of `request` by the call.
                return super().call(method, path, **request)
            except Refused as refused:
                in_progress = refused.problem.get("code") == "request-in-progress"
                if not (refused.status == 401 or in_progress) or time.monotonic() > deadline:
                    raise
                if refused.status == 401:
                    self._token = None
                    self.platform.refused(str(self.username))
                time.sleep(PAUSE_SECONDS)
