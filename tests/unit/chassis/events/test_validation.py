"""The tolerant validator differs from the strict one only in that unknown properties pass."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.events.validation import InvalidPayload, strict_validator, tolerant, tolerant_validator

NESTED: dict[str, Any] = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
        "additionalProperties": {"type": "boolean"},
        "kind": {"enum": [{"additionalProperties": False}, "a"]},
        "open": {"type": "object", "additionalProperties": {"type": "integer"}},
        "pair": {"allOf": [{"type": "object", "additionalProperties": False}]},
    },
    "$defs": {
        "item": {
            "type": "object",
            "properties": {"n": {"type": "integer"}},
            "additionalProperties": False,
        }
    },
}


def test_unknown_properties_pass_at_every_depth_when_tolerant() -> None:
    data = {"items": [{"n": 1, "more": 2}], "new": None, "pair": {"more": 1}}

    with pytest.raises(InvalidPayload):
        strict_validator(NESTED)(data)
    tolerant_validator(NESTED)(data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"items": [{"n": "1"}]},
        {"items": [], "additionalProperties": 3},
        {"items": [], "open": {"x": "text"}},
        {"items": [], "kind": {}},
    ],
)
def test_all_other_rules_stay(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidPayload):
        tolerant_validator(NESTED)(data)


def test_the_strict_schema_is_not_changed() -> None:
    before = repr(NESTED)

    relaxed = tolerant(NESTED)

    assert repr(NESTED) == before
    assert relaxed["properties"]["kind"] == NESTED["properties"]["kind"]
    assert "additionalProperties" in relaxed["properties"]
    assert "additionalProperties" not in relaxed


def test_defaults_are_not_written_into_the_data() -> None:
    data: dict[str, Any] = {}

    strict_validator({"type": "object", "properties": {"n": {"type": "integer", "default": 7}}})(data)

    assert data == {}
