"""The example API as a real process under gunicorn, and its answers."""

from __future__ import annotations

import http.client
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import psutil

from tests.support.processes import ServerProcess, free_port
from tests.support.signed_tokens import ISSUER

COMMAND = [sys.executable, "-m", "tests.support.example_api", "api"]


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Api(ServerProcess):
    """The example API on a free port."""

    def __init__(self, directory: Path, jwks_url: str, **environment: str) -> None:
        port = free_port()
        settings = {
            "HTTP_BIND": f"127.0.0.1:{port}",
            "MONGO_URI": "mongodb://127.0.0.1:1/",
            "MONGO_DATABASE": "example",
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "OIDC_ISSUER": ISSUER,
            "OIDC_JWKS_URL": jwks_url,
            "DRAIN_SECONDS": "1",
            "SHUTDOWN_SECONDS": "10",
            **environment,
        }
        super().__init__("example API", COMMAND, port, directory / "api.log", settings)

    def ready(self) -> bool:
        # The parent listens before its worker can answer.
        try:
            return self.ask("GET", "/livez", seconds=0.5).status == 200
        except OSError:
            return False

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        seconds: float = 20,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            # The server answered and closed before it had the whole body: its answer can still be read.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body=body, headers=headers or {})
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.output().splitlines()]

    def worker(self) -> psutil.Process:
        (child,) = psutil.Process(self.pid).children()
        return child
