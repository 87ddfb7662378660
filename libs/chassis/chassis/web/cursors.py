"""Opaque keyset cursors: where the next page of a list starts. A cursor carries values, never rights."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping

import orjson

from chassis.problems import COMMON, Problem

_LONGEST = 1024


def encode(value: Mapping[str, str | int]) -> str:
    """A text that is safe in a query. ValueError for a value that `decode` would refuse by its length."""
    text = base64.urlsafe_b64encode(orjson.dumps(dict(value))).rstrip(b"=").decode()
    if len(text) > _LONGEST:
        raise ValueError("the cursor is too long")
    return text


def decode(text: str, fields: Mapping[str, type] | Iterable[str]) -> dict[str, str | int]:
    """The value of a cursor. fields: exactly the names it must have, with the type of each (str or int) or
    without. Problem `bad-cursor` for anything else."""
    value = _value(text)
    types = fields if isinstance(fields, Mapping) else dict.fromkeys(fields, object)
    if value is None or value.keys() != types.keys():
        raise Problem(COMMON["bad-cursor"])
    for name, part in value.items():
        if isinstance(part, bool) or not isinstance(part, str | int) or not isinstance(part, types[name]):
            raise Problem(COMMON["bad-cursor"])
    return value


def _value(text: str) -> dict[str, str | int] | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        value = orjson.loads(decoded)
    except (binascii.Error, orjson.JSONDecodeError):
        return None
    return value if isinstance(value, dict) else None
