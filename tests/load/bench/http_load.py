"""A client of the benchmarks that costs little itself: whole requests as bytes over kept-alive connections,
one thread each. Every answer but the expected one is an error.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ETAG = re.compile(rb"\r\netag: *([^\r]+)", re.IGNORECASE)
NO_BODY = frozenset({204, 304})

Make = Callable[[], bytes]


def request(method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
    """One HTTP/1.1 request, ready to be sent as often as one likes."""
    sent = {"Host": "127.0.0.1", **(headers or {})}
    if body:
        sent |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join(lines).encode() + HEAD_END + body


class Connection:
    """One kept-alive connection to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, sent: bytes) -> tuple[int, bytes, bytes]:
        """Status, head and body of the answer. ConnectionError when the server hangs up."""
        self._socket.sendall(sent)
        data = b""
        while (end := data.find(HEAD_END)) < 0:
            data += self._more()
        head, body = data[:end], data[end + len(HEAD_END) :]
        status = int(head[9:12])
        length = LENGTH.search(head)
        if length is None and status not in NO_BODY:
            raise ConnectionError(f"an answer without a length: {head!r}")
        while length is not None and status not in NO_BODY and len(body) < int(length[1]):
            body += self._more()
        return status, head, body

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the server hung up")
        return data

    def close(self) -> None:
        self._socket.close()


def etag_of(head: bytes) -> str:
    found = ETAG.search(head)
    if found is None:
        raise ValueError(f"no ETag in {head!r}")
    return found[1].decode()


class Load:
    """So many clients that ask one port the same kind of request, one after the other.

    make: the next request, with the clients' own keys or bodies where they differ.
    """

    def __init__(self, port: int, make: Make, clients: int = 1, expected: int = 200) -> None:
        self._port, self._make, self._clients, self._expected = port, make, clients, expected

    def run(self, requests: int, pause: float = 0.0) -> list[float]:
        """Milliseconds of each request; RuntimeError for any answer but the expected one. pause: seconds
        before each."""
        share = [max(1, requests // self._clients)] * self._clients
        with ThreadPoolExecutor(self._clients) as pool:
            return [ms for part in pool.map(lambda count: self._client(count, pause), share) for ms in part]

    def _client(self, requests: int, pause: float) -> list[float]:
        taken = []
        with closing(Connection(self._port)) as connection:
            for _ in range(requests):
                if pause:
                    time.sleep(pause)
                sent = self._make()
                started = time.perf_counter()
                status, _, body = connection.ask(sent)
                taken.append((time.perf_counter() - started) * 1000)
                if status != self._expected:
                    raise RuntimeError(f"{status}: {body.decode(errors='replace')[:500]}")
        return taken
