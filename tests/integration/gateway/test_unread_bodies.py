"""A service refuses a request without reading its body, behind the gateway: the refusal is what arrives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.api_process import Api
from tests.support.gateway import gateway

PATH = "/api/submission/v1/own-ideas"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("gateway")
    with (
        Api(folder, "http://127.0.0.1:1/jwks") as api,
        gateway(folder, f"127.0.0.1:{api.port}", {}).start() as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=20, trust_env=False) as client,
    ):
        yield client


@pytest.mark.parametrize("length", [1, 60_000, 70_000, 256 * 1024])
@pytest.mark.parametrize("framed", ["by length", "in chunks"])
def test_a_stranger_gets_the_answer_of_the_service(public: httpx.Client, length: int, framed: str) -> None:
    for _ in range(20):
        content = b"x" * length if framed == "by length" else iter([b"x" * length])
        answer = public.post(PATH, content=content, headers={"Content-Type": "application/json"})

        assert answer.status_code == 401, answer.text
        assert answer.json()["code"] == "not-authenticated"
        # The next request goes over the same connection to the service.
        assert public.get("/api/submission/v1/public").status_code == 200


@pytest.mark.parametrize("length", [270_000, 900_000])
def test_a_body_too_large_gets_its_answer_too(public: httpx.Client, length: int) -> None:
    for _ in range(20):
        answer = public.post(
            "/api/submission/v1/ideas", content=b"x" * length, headers={"Content-Type": "application/json"}
        )

        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
