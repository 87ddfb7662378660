"""What the gateway logs of a request, on every one of its loggers: its path, and nothing of a person."""

from __future__ import annotations

import json
import socket
import struct
from typing import Any

import httpx
import pytest

from tests.support.processes import ServerProcess, wait_until


def test_the_log_holds_the_path_and_neither_query_nor_headers(
    http_client: httpx.Client, caddy: ServerProcess
) -> None:
    http_client.get("/api/stats/v1/logged?q=secret-word", headers={"Authorization": "Bearer secret-token"})
    http_client.get("/api/notify/v1/absent?q=secret-word")

    wait_until(lambda: "/v1/absent" in caddy.output(), "both requests are logged")
    assert "/api/stats/v1/logged" in caddy.output()
    assert "secret" not in caddy.output()
    access = [json.loads(line) for line in caddy.output().splitlines() if "handled request" in line]
    assert {"status", "duration", "size"} <= access[-1].keys()


SECRETS = "q=secret-word&code=secret-code"
SECRET_HEADERS = {
    "Authorization": "Bearer secret-token",
    "Cookie": "session=secret-cookie",
    "X-Api-Key": "secret-key",
    "User-Agent": "secret-agent",
    "Referer": "https://secret-page.example/",
}


def broken_off(port: int, path: str) -> str:
    """Asks, takes the beginning of the answer and resets the connection; the address it had."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        headers = "".join(f"{name}: {value}\r\n" for name, value in SECRET_HEADERS.items())
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())
        assert connection.recv(1024)
        own = connection.getsockname()
        # Closed by a reset, as a phone that loses its network does.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return f"{own[0]}:{own[1]}"


@pytest.mark.parametrize("prefix", ["/api/submission/v1", "/auth/.well-known", "/mail/view"])
def test_an_answer_that_is_broken_off_is_logged_without_people(caddy: ServerProcess, prefix: str) -> None:
    # A service sees the path without its prefix, and so does the proxy's own line.
    path = f"/endless/{prefix.count('/')}{len(prefix)}"

    address = broken_off(caddy.port, f"{prefix}{path}?{SECRETS}")

    wait_until(lambda: bool(logged(caddy, path)), "the broken answer is logged")
    wait_until(lambda: any("reverse_proxy" in line["logger"] for line in logged(caddy, path)), "by the proxy")
    assert "secret" not in caddy.output()
    assert address not in caddy.output()
    for line in logged(caddy, path):
        assert line["request"].get("remote_ip", "127.0.0.0") == "127.0.0.0"
        assert "headers" not in line["request"]
        assert "remote_port" not in line["request"]


def test_a_service_that_is_down_is_logged_without_people(
    http_client: httpx.Client, caddy: ServerProcess
) -> None:
    path = "/api/notify/v1/down"

    assert http_client.get(f"{path}?{SECRETS}", headers=SECRET_HEADERS).status_code == 502

    wait_until(lambda: bool(logged(caddy, "/v1/down")), "it is logged")
    assert "secret" not in caddy.output()
    for line in logged(caddy, "/v1/down"):
        assert line["request"]["remote_ip"] == "127.0.0.0"
        assert "127.0.0.1" not in line.get("error", "")


def test_ids_of_members_and_codes_of_receipts_are_not_logged(
    http_client: httpx.Client, caddy: ServerProcess
) -> None:
    for path in (
        "/api/notify/v1/contacts/m-0123456789",
        "/api/submission/v1/receipts/HC-1-2022-0000001-7?x=1",
    ):
        http_client.get(path)
    http_client.get("/api/submission/v1/logged-last")

    wait_until(lambda: "logged-last" in caddy.output(), "the requests are logged")
    assert logged(caddy, "/v1/contacts/")
    assert logged(caddy, "/v1/receipts/")
    assert "m-0123456789" not in caddy.output()
    assert "0000001" not in caddy.output()


def logged(caddy: ServerProcess, part: str) -> list[Any]:
    """The lines about requests whose address has this part."""
    lines = [json.loads(line) for line in caddy.output().splitlines() if line.startswith("{")]
    return [line for line in lines if part in line.get("request", {}).get("uri", "")]
