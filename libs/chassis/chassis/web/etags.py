"""ETag, If-Match and If-None-Match over the versions of aggregates: strong tags only."""

from __future__ import annotations

import re

from flask import request

from chassis.problems import COMMON, Problem

_STRONG_VERSION = re.compile(r'\s*"(0|[1-9][0-9]{0,17})"\s*', re.ASCII)


def etag(version: int | str) -> str:
    """The value of the ETag header: '"3"' for version 3. A text must be without quotes and control
    characters."""
    return f'"{version}"'


def if_match() -> int:
    """The version that the client read; Problem `precondition-required` without the header,
    `precondition-invalid` when it is not one strong tag of a version."""
    value = request.headers.get("If-Match")
    if value is None:
        raise Problem(COMMON["precondition-required"])
    match = _STRONG_VERSION.fullmatch(value)
    if match is None:
        raise Problem(COMMON["precondition-invalid"])
    return int(match[1])


def not_modified(tag: str) -> bool:
    """Whether If-None-Match names `tag` (as made by `etag`), so that a 304 answers a GET. Weak comparison, as
    RFC 9110 asks: gateways that compress turn a tag into W/"…"."""
    value = request.headers.get("If-None-Match")
    if value is None:
        return False
    if value.strip() == "*":
        return True
    return any(candidate.strip().removeprefix("W/") == tag for candidate in value.split(","))
