"""A platform that is already running, for example by docker-compose.yml, for tests that need only its public
address and its demo accounts. It is never started or stopped here, and only reached through its gateway.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from sangkienctl.remote import Client, RemotePlatform
from sangkienctl.seed import Sample
from sangkienctl.seed_command import REALM

URL_VARIABLE = "TEST_PLATFORM_URL"
SECRET_VARIABLE = "SANGKIENCTL_CLIENT_SECRET"
# Of the fifteen minutes that a token of Keycloak's is good.
KEPT_SECONDS = 300


class DeployedPlatform:
    """The platform for tests. gateway: its public address, no trailing slash; control: loads the sample."""

    def __init__(self, gateway: str, secret: str) -> None:
        self.gateway = gateway
        self.mail_api = f"{gateway}/mail/api/v1"
        passwords = {account.username: account.password for account in Sample().accounts}
        client = Client(gateway + REALM, "sangkienctl", secret)
        self.control = RemotePlatform(gateway, client=client, passwords=passwords)
        self._tokens: dict[str, tuple[float, str]] = {}

    def token(self, username: str) -> str:
        """An access token of a demo account, kept for a while."""
        now = time.monotonic()
        kept = self._tokens.get(username)
        if kept is None or now - kept[0] > KEPT_SECONDS:
            kept = self._tokens[username] = (now, self.control.token(username))
        return kept[1]


def deployed_unavailable() -> str | None:
    """Why no such platform is available, or None."""
    address = os.environ.get(URL_VARIABLE)
    if not address:
        return f"{URL_VARIABLE} names no platform that is up"
    if SECRET_VARIABLE not in os.environ:
        return f"{SECRET_VARIABLE} is not set, which signs in at {address}"
    try:
        httpx.get(address, timeout=5, trust_env=False)
    except httpx.TransportError as error:
        return f"{address} does not answer ({error})"
    return None


@contextmanager
def deployed_platform(directory: Path) -> Iterator[DeployedPlatform]:
    yield DeployedPlatform(os.environ[URL_VARIABLE].rstrip("/"), os.environ[SECRET_VARIABLE])
