"""Idempotency-Key: recognises a repeated request and gives its first answer again. Answers live in the
aggregate's own document (`requests`), so they are stored with the effect or not at all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import orjson

from chassis.problems import COMMON, Problem
from chassis.web.current import optional_principal
from chassis.web.json_body import Request, current_request

KEEP = 8
_FIT = re.compile(r"[\x20-\x7e]{1,128}")


@dataclass(frozen=True)
class RequestKey:
    """key: as the client sent it; fingerprint: of the request's method, path, subject and canonical body."""

    key: str
    fingerprint: str


@dataclass(frozen=True)
class StoredAnswer:
    """The answer that a key got."""

    key: str
    fingerprint: str
    status: int
    body: Mapping[str, Any]

    def to_document(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "fingerprint": self.fingerprint,
            "status": self.status,
            "body": dict(self.body),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        return cls(document["key"], document["fingerprint"], document["status"], document["body"])


def request_key() -> RequestKey:
    """The key of the request at hand; Problem `idempotency-key-missing` when it is absent or not fit."""
    request = current_request()
    environ = request.environ
    key = environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is None or _FIT.fullmatch(key) is None:
        raise Problem(COMMON["idempotency-key-missing"])
    signed_in = optional_principal()
    subject = "" if signed_in is None else signed_in.subject
    # A NUL can be in none of the parts, so that no two requests give the same bytes.
    head = f"{environ['REQUEST_METHOD']}\0{environ['PATH_INFO']}\0{subject}\0"
    digest = hashlib.sha256(head.encode())
    digest.update(_canonical_body(request))
    return RequestKey(key, digest.hexdigest())


def _canonical_body(request: Request) -> bytes:
    if not request.has_body or not request.is_json:
        body: bytes = request.get_data(cache=True)
        return body
    return orjson.dumps(request.get_json(), option=orjson.OPT_SORT_KEYS)


def replay(stored: Sequence[Mapping[str, Any]], key: RequestKey) -> StoredAnswer | None:
    """The answer that this key got before, None when it is new; Problem `idempotency-key-reused` when it was
    used for another request."""
    for document in stored:
        if document["key"] == key.key:
            if document["fingerprint"] != key.fingerprint:
                raise Problem(COMMON["idempotency-key-reused"])
            return StoredAnswer.from_document(document)
    return None


def remember(
    stored: Sequence[Mapping[str, Any]], answer: StoredAnswer, keep: int = KEEP
) -> list[Mapping[str, Any]]:
    """`stored` with this answer as the newest, cut to the last `keep`."""
    others = [document for document in stored if document["key"] != answer.key]
    return [*others, answer.to_document()][-keep:]
