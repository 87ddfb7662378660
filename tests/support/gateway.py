"""The gateway with its Caddyfile on a free port, in front of whatever a test puts behind it."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

from sangkienctl.home import REPOSITORY
from sangkienctl.programs import program
from tests.support.processes import ServerProcess, free_port

SITE = REPOSITORY / "deploy" / "gateway" / "site"


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"
    begun: ClassVar[set[str]] = set()

    def answer(self) -> None:
        self.begun.add(self.path)
        if "/endless" in self.path:
            self.answer_without_end()
            return
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        seen = {"path": self.path, "method": self.command, "headers": dict(self.headers), "length": len(body)}
        content = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in self.headers.items():
            if name.startswith("Answer-"):
                self.send_header(name.removeprefix("Answer-"), value)
        self.end_headers()
        self.wfile.write(content)

    def answer_without_end(self) -> None:
        """Until the other side goes away."""
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()
        with suppress(OSError):
            while True:
                self.wfile.write(b"x" * 65536)
        self.close_connection = True

    do_GET = do_POST = do_PUT = answer  # noqa: N815

    def log_message(self, *ignored: Any) -> None:
        pass


@contextmanager
def echo_server() -> Iterator[str]:
    """host:port of a server that answers with what it was asked."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def gateway(
    folder: Path, upstream: str, settings: Mapping[str, str], caddyfile: Path | None = None
) -> ServerProcess:
    """The gateway before its start. settings: where the portal signs in; caddyfile: another than the one
    that is deployed."""
    problems = folder / "problems"
    problems.mkdir()
    (problems / "not-found.md").write_text("# not-found\n\n**Not found.** Look at {path}.\n")
    (problems / "README.md").write_text("# Problem types\n")
    portal = folder / "portal"
    (portal / "assets").mkdir(parents=True)
    (portal / "index.html").write_text("<!doctype html><title>portal</title>" + "." * 2000)
    (portal / "assets" / "index-abc.js").write_text("export {};" * 500)
    port = free_port()
    environment = {
        "GATEWAY_LISTEN": f":{port}",
        "GATEWAY_ADDRESS": "127.0.0.1",
        "SUBMISSION_UPSTREAM": upstream,
        "REVIEW_UPSTREAM": upstream,
        "STATS_UPSTREAM": upstream,
        # Nobody listens there.
        "NOTIFY_UPSTREAM": "127.0.0.1:1",
        **settings,
        "PORTAL_ROOT": str(portal),
        "SITE_ROOT": str(SITE),
        "CONTRACTS_ROOT": str(REPOSITORY / "contracts"),
        "PROBLEMS_ROOT": str(problems),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
    }
    caddyfile = caddyfile or REPOSITORY / "deploy" / "gateway" / "Caddyfile"
    command = [program("caddy"), "run", "--config", str(caddyfile), "--adapter", "caddyfile"]
    return ServerProcess("gateway", command, port, folder / "gateway.log", environment)
