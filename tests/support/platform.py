"""The whole embedded platform for tests: started once per session in a home of its own on free ports, never
the platform that a person has up. Every test may take the fixtures `platform` and `seeded_platform`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from sangkienctl.platform import Platform
from sangkienctl.ports import SERVICES


@dataclass
class RunningPlatform:
    """What a test needs of it. All paths but those of `kafka_bootstrap` and `mongo` are the public ones.

    gateway, issuer, mail_api: addresses without a trailing slash; control: start, stop, kill, pid,
    status.
    """

    control: Platform
    _tokens: dict[str, str] = field(default_factory=dict)

    @cached_property
    def record(self) -> dict[str, Any]:
        return self.control.record

    @property
    def gateway(self) -> str:
        return str(self.record["gateway"])

    @property
    def issuer(self) -> str:
        return str(self.record["issuer"])

    @property
    def kafka_bootstrap(self) -> str:
        return str(self.record["kafka_bootstrap"])

    @property
    def mail_api(self) -> str:
        return str(self.record["mail_api"])

    @property
    def process_names(self) -> list[str]:
        return [spec.name for spec in self.control.specs()]

    def mongo_uri(self, service: str) -> str:
        return str(self.record["mongo"][service])

    def token(self, username: str) -> str:
        """An access token of a demo account, kept for the session (tokens live for an hour)."""
        if username not in self._tokens:
            self._tokens[username] = self.control.token(username)
        return self._tokens[username]

    def client(self, username: str | None = None, **headers: str) -> httpx.Client:
        """An HTTP client on the gateway, signed in as `username`; close it."""
        if username is not None:
            headers["Authorization"] = f"Bearer {self.token(username)}"
        return httpx.Client(base_url=self.gateway, headers=headers, timeout=30, trust_env=False)

    def kill(self, name: str) -> int:
        """kill -9 a process with its children; the supervisor starts it again."""
        return self.control.kill(name)

    def wait_ready(self, *names: str) -> None:
        self.control.wait_ready(*names)

    def log(self, name: str) -> str:
        return (self.control.home.logs / f"{name}.log").read_text(errors="replace")


def start_platform(kafka: str = "embedded") -> RunningPlatform:
    """A platform in a new temporary home; end it with `end_platform`."""
    home = Path(tempfile.mkdtemp(prefix="sangkien-platform-"))
    return RunningPlatform(Platform(home, ports="auto", kafka=kafka).start())


def end_platform(running: RunningPlatform) -> None:
    running.control.stop()
    shutil.rmtree(running.control.home.path, ignore_errors=True)


@pytest.fixture(scope="session", name="platform")
def platform_fixture() -> Iterator[RunningPlatform]:
    """The platform with its topics and migrations but without sample data."""
    home = Path(tempfile.mkdtemp(prefix="sangkien-platform-"))
    control = Platform(home, ports="auto", kafka="embedded")
    running = RunningPlatform(control)
    try:
        control.start()
        yield running
    finally:
        end_platform(running)


@pytest.fixture(scope="session", name="seeded_platform")
def seeded_platform_fixture(platform: RunningPlatform) -> RunningPlatform:
    """The same platform with the sample programme: units, campaigns, targets, contacts; no initiatives."""
    from sangkienctl.seed import seed_programme

    seed_programme(platform.control)
    return platform


__all__ = [
    "SERVICES",
    "RunningPlatform",
    "end_platform",
    "platform_fixture",
    "seeded_platform_fixture",
    "start_platform",
]
