"""An API as a real process under gunicorn: limits, tokens, logs, metrics, a stop that loses no request."""

from __future__ import annotations

import base64
import http.client
import http.server
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import psutil
import pytest

from chassis import issuer_keys
from tests.support.api_process import COMMAND, Answer, Api
from tests.support.processes import wait_until
from tests.support.signed_tokens import bearer, ec_key, key_set, rsa_key, token


class KeySetServer:
    """Serves the issuer's key set on loopback; what it answers can be changed."""

    def __init__(self) -> None:
        self.body = orjson.dumps(key_set(rsa_key(), ec_key()))
        self.status = 200
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> KeySetServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def keys() -> Iterator[KeySetServer]:
    with KeySetServer() as server:
        yield server


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory, keys: KeySetServer) -> Iterator[Api]:
    with Api(tmp_path_factory.mktemp("api"), keys.url) as running:
        yield running


@pytest.fixture
def own_api(tmp_path: Path, keys: KeySetServer) -> Iterator[Api]:
    with Api(tmp_path, keys.url) as running:
        yield running


def held_request(api: Api, directory: Path) -> tuple[threading.Thread, list[Answer]]:
    """A request that has begun and ends once the file `until` is there."""
    query = urlencode({"begun": str(directory / "begun"), "until": str(directory / "until")})
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(api.ask("GET", f"/v1/process/held?{query}")))
    thread.start()
    wait_until((directory / "begun").exists, "the request has begun")
    return thread, answers


def test_a_stop_ends_readiness_first_and_finishes_the_request_in_flight(own_api: Api, tmp_path: Path) -> None:
    thread, answers = held_request(own_api, tmp_path)
    assert own_api.ask("GET", "/readyz").status == 200

    os.kill(own_api.pid, signal.SIGTERM)

    wait_until(lambda: own_api.ask("GET", "/readyz").status == 503, "readiness is off while it still serves")
    assert own_api.ask("GET", "/livez").status == 200
    assert not answers
    (tmp_path / "until").touch()
    thread.join(15)
    assert [(answer.status, answer.json) for answer in answers] == [(200, {"held": True})]
    assert own_api.stop() == 0
    assert any(line["message"] == "stopping" for line in own_api.lines())


def test_a_second_signal_to_stop_changes_nothing(own_api: Api, tmp_path: Path) -> None:
    thread, answers = held_request(own_api, tmp_path)
    worker = own_api.worker()

    worker.terminate()
    worker.terminate()

    wait_until(lambda: any(line["message"] == "stopping" for line in own_api.lines()), "it stops")
    (tmp_path / "until").touch()
    thread.join(15)
    assert [answer.status for answer in answers] == [200]
    assert [line["message"] for line in own_api.lines()].count("stopping") == 1


def test_a_worker_that_is_killed_is_replaced(own_api: Api) -> None:
    before = own_api.ask("GET", "/v1/process/origin").json["served_by"]

    os.kill(before, signal.SIGKILL)

    def replaced() -> bool:
        try:
            return bool(own_api.ask("GET", "/v1/process/origin").json["served_by"] != before)
        except OSError:
            return False

    wait_until(replaced, "another worker serves")


def test_an_application_that_cannot_be_made_ends_the_process(tmp_path: Path, keys: KeySetServer) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        Api(tmp_path, keys.url, EXAMPLE_BROKEN="1").start()

    output = (tmp_path / "api.log").read_text()
    assert '"type":"RuntimeError"' in output
    assert "Worker failed to boot" in output


def test_incomplete_settings_end_the_process_with_their_code(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MONGO_URI"}
    ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 78
    assert "MONGO_URI is not set" in ended.stderr


def test_the_application_is_made_in_the_worker(api: Api) -> None:
    origin = api.ask("GET", "/v1/process/origin").json

    assert origin["made_in"] == origin["served_by"] == api.worker().pid
    assert origin["made_in"] != api.pid


def test_no_socket_but_the_servers_own_is_open(api: Api) -> None:
    for process in (psutil.Process(api.pid), api.worker()):
        listening = [each for each in process.net_connections("all") if each.status == psutil.CONN_LISTEN]
        assert {each.laddr.port for each in listening} == {api.port}
        assert not [each for each in process.net_connections("unix") if each.laddr]


def test_a_worker_is_small(api: Api) -> None:
    for _ in range(200):
        api.ask("GET", "/v1/process/greeting", headers=bearer())

    uss = api.worker().memory_full_info().uss / 2**20

    assert uss < 60, f"{uss:.0f} MiB"


def test_requests_share_a_connection(api: Api) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    try:
        for _ in range(3):
            connection.request(
                "POST", "/v1/ideas", body=b'{"title": "abc"}', headers={"Content-Type": "application/json"}
            )
            assert Answer(connection.getresponse()).status == 201
        assert connection.sock is not None
    finally:
        connection.close()


def chunked(length: int) -> Iterator[bytes]:
    return (b"x" * 1000 for _ in range(length // 1000))


@pytest.mark.parametrize("length", [0, 100, 250_000, 260_000, 900_000])
@pytest.mark.parametrize("framed", ["by length", "in chunks"])
def test_a_body_that_is_refused_unread_leaves_the_connection_usable(
    api: Api, length: int, framed: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    headers = {"Content-Type": "application/json"}
    try:
        for _ in range(3):
            body: Any = b"x" * length if framed == "by length" else chunked(length)
            connection.request("POST", "/v1/own-ideas", body=body, headers=headers)
            assert Answer(connection.getresponse()).status == 401
            connection.request("POST", "/v1/own-ideas", body=b'{"title": "abc"}', headers=headers | bearer())
            assert Answer(connection.getresponse()).status == 201
        assert connection.sock is not None
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/v1/own-ideas", "/v1/absent", "/v1/public"])
@pytest.mark.parametrize("framed", ["by length", "in chunks"])
def test_a_strangers_body_costs_little_with_all_that_the_server_does(
    api: Api, path: str, framed: str
) -> None:
    worker, requests = api.worker(), 40
    before = worker.cpu_times()

    for _ in range(requests):
        body: Any = b"{" * 256 * 1024 if framed == "by length" else chunked(256 * 1024)
        assert api.ask("POST", path, body, {"Content-Type": "application/json"}).status in (401, 404, 405)

    after = worker.cpu_times()
    spent = after.user + after.system - before.user - before.system
    assert spent / requests < 0.020, f"{1000 * spent / requests:.1f} ms of CPU each"


def test_a_stranger_is_answered_before_the_body_has_come(api: Api) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as raw:
        raw.sendall(
            b"POST /v1/own-ideas HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 200000\r\n\r\n{"
        )
        answer = raw.recv(4096)

    assert answer.startswith(b"HTTP/1.1 401 ")


def test_metrics_name_routes_and_never_what_was_asked(api: Api) -> None:
    api.ask("GET", "/v1/versions/7?q=0912345678")
    api.ask("GET", "/v1/secret-address")

    page = api.ask("GET", "/metrics").body.decode()

    assert 'http_request_seconds_count{method="GET",route="/v1/versions/<int:version>",status="200"}' in page
    assert 'route="unmatched"' in page
    assert "0912345678" not in page
    assert "secret-address" not in page


def test_logs_are_json_without_personal_data(own_api: Api) -> None:
    headers = {
        **bearer("m-7777777777", ("support", "LD-HA-NOI"), name="Nguyễn Văn An", email="an@example.vn"),
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
    assert own_api.ask("GET", "/v1/process/greeting?phone=0912345678", headers=headers).json == {
        "name": "Nguyễn Văn An"
    }
    assert own_api.ask("GET", "/v1/process/failure", headers=headers).status == 500
    with socket.create_connection(("127.0.0.1", own_api.port), timeout=10) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nX Broken 0912345678: eyJ\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 400 ")
    own_api.stop()

    lines = own_api.lines()
    assert all({"time", "level", "service", "role", "message"} <= line.keys() for line in lines)
    by_trace = [line for line in lines if line.get("trace_id") == "4bf92f3577b34da6a3ce929d0e0e4736"]
    assert [line["message"] for line in by_trace] == [
        "greeted",
        "request",
        "a request failed unexpectedly",
        "request",
    ]
    for text in ("m-7777777777", "Nguyễn", "an@example.vn", "0912345678", "eyJ"):
        assert text not in own_api.output()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"title": ', 400, "malformed-json"),
        (b"[" * 100 + b"]" * 100, 400, "json-too-complex"),
        (b"[" * 100_000, 400, "malformed-json"),
        (b'{"title": "' + b"x" * 300_000 + b'"}', 413, "too-large"),
    ],
    ids=["cut", "deep", "deepest", "long"],
)
def test_a_body_beyond_a_limit_is_a_problem(api: Api, body: bytes, status: int, code: str) -> None:
    answer = api.ask("POST", "/v1/ideas", body=body, headers={"Content-Type": "application/json"})

    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_without_a_length_is_bounded_too(api: Api) -> None:
    parts = (b"x" * 10_000 for _ in range(40))

    answer = api.ask("POST", "/v1/ideas", body=parts, headers={"Content-Type": "application/json"})

    assert (answer.status, answer.json["code"]) == (413, "too-large")


def test_a_chunked_body_within_the_limit_is_read(api: Api) -> None:
    parts = iter([b'{"title"', b': "abc"}'])

    answer = api.ask("POST", "/v1/ideas", body=parts, headers={"Content-Type": "application/json"})

    assert answer.status == 201


@pytest.mark.parametrize(
    ("framing", "body"),
    [(b"Transfer-Encoding: chunked", b"zz\r\n"), (b"Content-Length: 50", b'{"title": ')],
    ids=["broken chunk", "cut"],
)
def test_a_body_that_breaks_off_is_the_clients_fault(api: Api, framing: bytes, body: bytes) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as raw:
        head = b"POST /v1/ideas HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        raw.sendall(head + framing + b"\r\n\r\n" + body)
        raw.shutdown(socket.SHUT_WR)
        answer = raw.recv(4096)

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_length_that_is_only_claimed_is_refused_without_waiting_for_it(api: Api) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as raw:
        raw.sendall(
            b"POST /v1/ideas HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000\r\n\r\n"
        )
        answer = raw.recv(4096)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "EdDSA"])
def test_a_token_of_another_algorithm_is_refused(api: Api, algorithm: str) -> None:
    header = base64.urlsafe_b64encode(orjson.dumps({"alg": algorithm, "kid": "rsa-1"})).rstrip(b"=").decode()
    _, payload, signature = token().split(".")

    for text in (f"{header}.{payload}.{signature}", f"{header}.{payload}."):
        answer = api.ask("GET", "/v1/me", headers={"Authorization": f"Bearer {text}"})
        assert (answer.status, answer.json["code"]) == (401, "not-authenticated")


@pytest.mark.parametrize(("key", "algorithm"), [(rsa_key, "RS256"), (ec_key, "ES256")])
def test_a_token_by_the_issuers_keys_is_taken(api: Api, key: Any, algorithm: str) -> None:
    headers = {"Authorization": "Bearer " + token(key=key(), algorithm=algorithm)}

    assert api.ask("GET", "/v1/me", headers=headers).json["subject"] == "m-0000000001"


def test_the_document_is_served(api: Api) -> None:
    assert api.ask("GET", "/v1/openapi.json").json["openapi"] == "3.1.0"


def test_a_key_set_is_fetched_over_http(keys: KeySetServer) -> None:
    assert issuer_keys.fetch_key_set(keys.url) == orjson.loads(keys.body)


@pytest.mark.parametrize(
    ("status", "body"), [(404, b"{}"), (302, b"{}"), (200, b"[]"), (200, b"{"), (200, b"x" * 300_000)]
)
def test_what_is_no_key_set_is_refused(status: int, body: bytes) -> None:
    with KeySetServer() as server:
        server.status, server.body = status, body

        with pytest.raises(ValueError):  # noqa: PT011
            issuer_keys.fetch_key_set(server.url)
