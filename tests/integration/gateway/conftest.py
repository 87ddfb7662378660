"""The gateway with a small server in the place of everything behind it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.gateway import echo_server, gateway
from tests.support.processes import ServerProcess


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with echo_server() as address:
        yield address


@pytest.fixture(scope="module")
def caddy(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"ISSUER_UPSTREAM": upstream, "MAIL_UPSTREAM": upstream, "PORTAL_ISSUER": "/auth/realms/here"}
    with gateway(tmp_path_factory.mktemp("gateway"), upstream, settings).start() as server:
        yield server


@pytest.fixture
def http_client(caddy: ServerProcess) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{caddy.port}", timeout=20, trust_env=False) as client:
        yield client
