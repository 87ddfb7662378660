"""Opaque keyset cursors: where the next page of a list starts. A cursor carries values, never rights. It
comes back from a client: each value has the form that the list itself gives out, or the cursor is refused.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

import orjson

from chassis.problems import COMMON, Problem

_LONGEST = 1024


def encode(value: Mapping[str, str]) -> str:
    """A text that is safe in a query. ValueError for a value that `decode` would refuse by its length."""
    text = base64.urlsafe_b64encode(orjson.dumps(dict(value))).rstrip(b"=").decode()
    if len(text) > _LONGEST:
        raise ValueError("the cursor is too long")
    return text


def decode(text: str, fields: Mapping[str, re.Pattern[str]]) -> dict[str, str]:
    """The value of a cursor. fields: exactly the names it must have, with the form of each as a whole.
    Problem `bad-cursor` for anything else."""
    value = _object(text)
    if value.keys() != fields.keys():
        raise Problem(COMMON["bad-cursor"])
    for name, part in value.items():
        if not isinstance(part, str) or fields[name].fullmatch(part) is None:
            raise Problem(COMMON["bad-cursor"])
    return value


def _object(text: str) -> dict[str, Any]:
    value: Any = None
    if len(text) <= _LONGEST and text.isascii():
        try:
            decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            value = orjson.loads(decoded)
        except (binascii.Error, orjson.JSONDecodeError):
            value = None
    if not isinstance(value, dict):
        raise Problem(COMMON["bad-cursor"])
    return value
