"""Signs requests to S3: AWS Signature Version 4, for headers and for links. Pure; the time comes in as an
argument.

Rule: "Authenticating Requests (AWS Signature Version 4)" of the Amazon S3 API reference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

ALGORITHM: Final = "AWS4-HMAC-SHA256"
UNSIGNED: Final = "UNSIGNED-PAYLOAD"


@dataclass(frozen=True)
class Credentials:
    """region: as the server names it; many accept any."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"


@dataclass(frozen=True)
class S3Request:
    """path: decoded, beginning with a slash. query: decoded. headers: at least host, names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def target(self) -> str:
        """Path and query as they go over the wire."""
        query = canonical_query(self.query)
        return encode(self.path, "/") + (f"?{query}" if query else "")


def sign(request: S3Request, body: bytes, credentials: Credentials, now: datetime) -> dict[str, str]:
    """The headers to send: those of the request and the signature's own."""
    digest = hashlib.sha256(body).hexdigest()
    headers = {**request.headers, "x-amz-content-sha256": digest, "x-amz-date": _stamp(now)}
    names = ";".join(sorted(headers))
    signature = _signature(request, request.query, headers, digest, credentials, now)
    credential = f"{credentials.access_key}/{_scope(credentials, now)}"
    authorization = f"{ALGORITHM} Credential={credential},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": authorization}


def presign(request: S3Request, seconds: int, credentials: Credentials, now: datetime) -> str:
    """Path and query of a link that is good for so long."""
    query = {
        **request.query,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{credentials.access_key}/{_scope(credentials, now)}",
        "X-Amz-Date": _stamp(now),
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": ";".join(sorted(request.headers)),
    }
    signature = _signature(request, query, request.headers, UNSIGNED, credentials, now)
    return f"{encode(request.path, '/')}?{canonical_query(query)}&X-Amz-Signature={signature}"


def encode(text: str, safe: str = "") -> str:
    return quote(text, safe=f"-_.~{safe}")


def canonical_query(query: Mapping[str, str]) -> str:
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(query.items()))


def _signature(
    request: S3Request,
    query: Mapping[str, str],
    headers: Mapping[str, str],
    digest: str,
    credentials: Credentials,
    now: datetime,
) -> str:
    canonical = "\n".join(
        (
            request.method,
            encode(request.path, "/"),
            canonical_query(query),
            *(f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)),
            "",
            ";".join(sorted(headers)),
            digest,
        )
    )
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join((ALGORITHM, _stamp(now), _scope(credentials, now), hashed))
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (*_scope(credentials, now).split("/"), text):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _scope(credentials: Credentials, now: datetime) -> str:
    return f"{_stamp(now)[:8]}/{credentials.region}/s3/aws4_request"
