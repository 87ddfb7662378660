"""The public API as the loader uses it: signed in, retrying while a part is down, every change idempotent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import httpx

from sangkienctl.home import PlatformError

T = TypeVar("T")

TEMPORARY = frozenset({429, 502, 503, 504})
PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.2
# The shortest life of a token that an issuer of ours gives is fifteen minutes.
TOKEN_SECONDS = 10 * 60

OPERATOR = ""


class Target(Protocol):
    """A running platform to load into: the embedded one, or another by its public address."""

    @property
    def gateway(self) -> str: ...
    def token(self, username: str) -> str: ...
    def service_token(self, *roles: str) -> str: ...


class Refused(PlatformError):
    """The platform answered with a problem."""

    def __init__(self, response: httpx.Response) -> None:
        request = response.request
        super().__init__(
            f"{request.method} {request.url.path} was refused: {response.status_code} {response.text[:600]}"
        )
        self.status = response.status_code


class Api:
    """Requests as any demo account, or as this command itself (`OPERATOR`). Threads can share one
    instance."""

    def __init__(self, platform: Target, connections: int = 8) -> None:
        self._platform = platform
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, str]] = {}
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.Client(base_url=platform.gateway, timeout=30, limits=limits, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path: str, user: str = OPERATOR, **params: str) -> httpx.Response:
        return self.call("GET", path, user, params=params)

    def put(
        self, path: str, body: Mapping[str, Any], user: str = OPERATOR, version: str | None = None
    ) -> httpx.Response:
        headers = {"If-Match": version} if version is not None else {}
        return self.call("PUT", path, user, json=body, headers=headers)

    def post(
        self, path: str, body: Mapping[str, Any], key: str, user: str = OPERATOR, version: str | None = None
    ) -> httpx.Response:
        """A change that takes effect once, however often it is sent. key: the Idempotency-Key."""
        headers = {"Idempotency-Key": key} | ({"If-Match": version} if version is not None else {})
        return self.call("POST", path, user, json=body, headers=headers)

    def call(self, method: str, path: str, user: str, **request: Any) -> httpx.Response:
        """Send, and retry while the platform is down. Raises Refused for any other answer than success."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        headers = request.pop("headers", {})
        while True:
            headers["Authorization"] = f"Bearer {self._token(user)}"
            try:
                response = self._http.request(method, path, headers=headers, **request)
            except httpx.TransportError as error:
                if time.monotonic() > deadline:
                    raise PlatformError(f"{method} {path}: the platform does not answer ({error})") from error
                time.sleep(PAUSE_SECONDS)
                continue
            if response.status_code in TEMPORARY and time.monotonic() < deadline:
                time.sleep(PAUSE_SECONDS)
                continue
            if response.is_error:
                raise Refused(response)
            return response

    def _token(self, user: str) -> str:
        with self._lock:
            made, token = self._tokens.get(user, (0.0, ""))
            if not token or time.monotonic() - made > TOKEN_SECONDS:
                token = self._platform.token(user) if user else self._platform.service_token("admin")
                self._tokens[user] = (time.monotonic(), token)
            return token


def wait_for(what: str, poll: Callable[[], T | None], seconds: float = 120) -> T:
    """Poll until the result is not None. Raises PlatformError after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.05
    while True:
        found = poll()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise PlatformError(
                f"not within {seconds:g} s: {what}; `sangkienctl lag` shows which service is behind"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, 1.0)
