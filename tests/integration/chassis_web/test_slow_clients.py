"""Clients that send a request byte by byte, or half of it: more of them than the API has threads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.api_process import Api
from tests.support.processes import wait_until

THREADS = 2
HEAD = b"POST /v1/ideas HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
HALVES = {
    "a body that stops": HEAD + b'Content-Length: 50\r\n\r\n{"title": ',
    "a chunk that stops": HEAD + b'Transfer-Encoding: chunked\r\n\r\n20\r\n{"title": ',
    "headers that stop": HEAD,
}


@pytest.fixture
def slow_api(tmp_path: Path) -> Iterator[Api]:
    nobody = "http://127.0.0.1:1/jwks"
    with Api(tmp_path, nobody, WEB_THREADS=str(THREADS), EXAMPLE_READ_SECONDS="0.5") as running:
        yield running


@pytest.mark.parametrize("half", HALVES)
def test_slow_clients_do_not_hold_the_threads_of_an_api(slow_api: Api, half: str) -> None:
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", slow_api.port), timeout=60))
            for _ in range(2 * THREADS)
        ]
        for connection in slow:
            connection.sendall(HALVES[half])

        # Others are answered though none of the slow ones goes away by itself.
        wait_until(slow_api.ready, "another client is answered", seconds=60)
        for connection in slow:
            answer = connection.recv(4096)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 ")

    slow_api.stop()
    assert not [line for line in slow_api.lines() if line["level"] == "ERROR"]
