"""Versions of reference data in requests and answers."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request

from chassis.web.etags import etag, if_match


def optional_version() -> int | None:
    """The version of If-Match, None without it: what is new has none."""
    return if_match() if "If-Match" in request.headers else None


def tagged(body: dict[str, Any], version: int) -> Response:
    response = jsonify(body)
    response.headers["ETag"] = etag(version)
    return response
