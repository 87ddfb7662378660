"""Blobs in a bucket of S3, or of a server that speaks its protocol: a multipart upload per blob, so that
parts survive a restart of the service. Addresses have the form endpoint/bucket/key.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import urllib3
from urllib3.exceptions import HTTPError

from chassis.clock import Clock
from chassis.consumer.errors import Transient
from chassis.files.blobs import BlobGone
from chassis.files.s3_signature import Credentials, S3Request, presign, sign

# S3 refuses parts below 5 MiB, but for the last.
PART_BYTES: Final = 8 * 1024 * 1024
PIECE_BYTES: Final = 256 * 1024
SECONDS: Final = 30.0
_UPLOAD_ID: Final = re.compile(r"<UploadId>([^<]+)</UploadId>")


class S3Refused(Exception):
    """The server refuses a request: wrong credentials, no such bucket, or a defect. `status` is of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(f"S3 answers with status {status}")
        self.status = status


class S3Blobs:
    """endpoint: http or https, without a path; prefix: begins the name of every object, for example
    "notify/"."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        credentials: Credentials,
        clock: Clock,
        *,
        prefix: str = "",
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._host = urlsplit(endpoint).netloc
        self._base = f"/{bucket}/{prefix}"
        self._credentials = credentials
        self._clock = clock
        self._part_bytes = part_bytes
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=3.0, read=SECONDS), retries=False, maxsize=4
        )

    @property
    def part_bytes(self) -> int:
        return self._part_bytes

    def begin(self, key: str) -> str:
        answer = self._ask("POST", key, {"uploads": ""})
        found = _UPLOAD_ID.search(answer.data.decode())
        if found is None:
            raise S3Refused(answer.status)
        return found[1]

    def put(self, key: str, handle: str, number: int, data: bytes) -> str:
        query = {"partNumber": str(number + 1), "uploadId": handle}
        answer = self._ask("PUT", key, query, data)
        return str(answer.headers["ETag"])

    def finish(self, key: str, handle: str, tags: Sequence[str]) -> None:
        parts = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(tag)}</ETag></Part>"
            for number, tag in enumerate(tags, start=1)
        )
        body = f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
        try:
            answer = self._ask("POST", key, {"uploadId": handle}, body)
        except BlobGone:
            # Finished before, by a process that could not record it; else this raises BlobGone.
            self._ask("HEAD", key)
            return
        # S3 may begin to answer with 200 and find an error afterwards.
        if b"<Error>" in answer.data:
            raise Transient("S3 could not put the parts together")

    def read(self, key: str, size: int, start: int = 0) -> Iterator[bytes]:
        answer = self._ask("GET", key, headers={"range": f"bytes={start}-"}, stream=True)
        try:
            yield from answer.stream(PIECE_BYTES)
        except HTTPError as error:
            raise Transient("S3 broke the connection") from error
        finally:
            answer.release_conn()

    def remove(self, key: str, handle: str) -> None:
        for query in ({"uploadId": handle}, {}):
            try:
                self._ask("DELETE", key, query)
            except BlobGone:
                continue

    def link(self, key: str, seconds: int, type: str) -> str | None:
        query = {"response-content-disposition": "attachment", "response-content-type": type}
        request = S3Request("GET", self._base + key, query, {"host": self._host})
        return self._endpoint + presign(request, seconds, self._credentials, self._clock())

    def close(self) -> None:
        self._pool.clear()

    def _ask(
        self,
        method: str,
        key: str,
        query: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
    ) -> urllib3.BaseHTTPResponse:
        """One request. Raises BlobGone for 404, Transient when it may succeed later, else S3Refused."""
        checked = {"content-md5": _md5(body)} if body else {}
        request = S3Request(
            method, self._base + key, query or {}, {"host": self._host, **checked, **(headers or {})}
        )
        signed = sign(request, body, self._credentials, self._clock())
        try:
            answer = self._pool.request(
                method,
                self._endpoint + request.target,
                body=body or None,
                headers=signed,
                preload_content=not stream,
                redirect=False,
            )
        except HTTPError as error:
            raise Transient("S3 cannot be reached") from error
        if answer.status < 300:
            return answer
        answer.drain_conn()
        answer.release_conn()
        if answer.status == 404:
            raise BlobGone(key)
        if answer.status >= 500 or answer.status in (408, 429):
            raise Transient(f"S3 answers with status {answer.status}")
        raise S3Refused(answer.status)


def _md5(body: bytes) -> str:
    """What the server compares with what it received, as the protocol demands; it protects no secret."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
