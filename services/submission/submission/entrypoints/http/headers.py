"""The request headers of acts, for the OpenAPI document; the chassis reads and checks them."""

from __future__ import annotations

from typing import Any

IDEMPOTENCY_KEY: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "One value per act; the same value again gets the first answer",
}
IF_MATCH: dict[str, Any] = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string"},
    "description": "The ETag that was read",
}
IF_MATCH_TO_CHANGE: dict[str, Any] = IF_MATCH | {
    "required": False,
    "description": "The ETag that was read; absent for what is new",
}
