"""A small server of the part of S3's protocol that the chassis uses, in memory: multipart uploads, objects,
ranges. It checks digests as S3 does, refuses unknown keys, and fails when a test wants it to. The signatures
themselves are proven by the examples of the S3 reference; see tests/unit/chassis/files.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

ACCESS_KEY = "test-key"


@dataclass
class S3Server:
    """failures: statuses that the next requests are answered with; break_after: bytes of an object after
    which the connection breaks, once."""

    endpoint: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    failures: list[int] = field(default_factory=list)
    break_after: int | None = None


class _Answer(Exception):
    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.status, self.body, self.headers = status, body, headers


def _tag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.state = S3Server(f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._check(body)
            url = urlsplit(self.path)
            query = {name: one[0] for name, one in parse_qs(url.query, keep_blank_values=True).items()}
            raise self._answer(unquote(url.path), query, body)
        except _Answer as answer:
            self._send(answer)

    # Each method of HTTP by the name that the standard library looks for.
    do_GET = _handle  # noqa: N815
    do_HEAD = _handle  # noqa: N815
    do_PUT = _handle  # noqa: N815
    do_POST = _handle  # noqa: N815
    do_DELETE = _handle  # noqa: N815

    @property
    def _state(self) -> S3Server:
        assert isinstance(self.server, _Server)
        return self.server.state

    def _check(self, body: bytes) -> None:
        if self._state.failures:
            raise _Answer(self._state.failures.pop(0), b"<Error/>")
        signed = f"Credential={ACCESS_KEY}/" in self.headers.get("Authorization", "")
        if not signed and f"X-Amz-Credential={ACCESS_KEY}%2F" not in self.path:
            raise _Answer(403)
        md5 = self.headers.get("Content-MD5")
        digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        sha256 = self.headers.get("X-Amz-Content-Sha256")
        if md5 not in (None, digest) or sha256 not in (None, hashlib.sha256(body).hexdigest()):
            raise _Answer(400)

    def _answer(self, key: str, query: dict[str, str], body: bytes) -> _Answer:
        method = self.command
        if method == "POST" and "uploads" in query:
            upload = uuid.uuid4().hex
            self._state.uploads[upload] = {}
            return _Answer(200, f"<X><UploadId>{upload}</UploadId></X>".encode())
        if "uploadId" in query:
            return self._of_upload(method, key, query, body)
        if method == "DELETE":
            self._state.objects.pop(key, None)
            return _Answer(204)
        if key not in self._state.objects:
            return _Answer(404)
        return self._of_object(key, query)

    def _of_upload(self, method: str, key: str, query: dict[str, str], body: bytes) -> _Answer:
        parts = self._state.uploads.get(query["uploadId"])
        if parts is None:
            return _Answer(404)
        if method == "PUT":
            parts[int(query["partNumber"])] = body
            return _Answer(200, ETag=_tag(body))
        del self._state.uploads[query["uploadId"]]
        if method == "DELETE":
            return _Answer(204)
        named = re.findall(rb"<PartNumber>(\d+)</PartNumber><ETag>([^<]+)</ETag>", body)
        wanted = [(int(number), tag.decode()) for number, tag in named]
        if wanted != [(number, _tag(parts[number])) for number in sorted(parts)]:
            return _Answer(400)
        self._state.objects[key] = b"".join(parts[number] for number in sorted(parts))
        return _Answer(200, b"<CompleteMultipartUploadResult/>")

    def _of_object(self, key: str, query: dict[str, str]) -> _Answer:
        start = int(re.sub(r"\D", "", self.headers.get("Range", "0-")))
        shown = {"Content-Disposition": query.get("response-content-disposition", "inline")}
        return _Answer(206 if start else 200, self._state.objects[key][start:], **shown)

    def _send(self, answer: _Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.command == "GET" and self._state.break_after is not None:
            cut, self._state.break_after = self._state.break_after, None
            self.wfile.write(answer.body[:cut])
            self.close_connection = True
            return
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """A test asserts on what it sees."""


@contextmanager
def s3_server() -> Iterator[S3Server]:
    server = _Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
