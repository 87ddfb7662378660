"""The tolerant validator differs from the strict one only in unknown properties and values of open lists."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.events.validation import (
    InvalidPayload,
    partial_validator,
    strict_validator,
    tolerant,
    tolerant_validator,
)

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


def test_the_message_names_the_place_and_the_rule_and_never_the_value() -> None:
    schema = {"properties": {"a/b": {"type": "array", "items": {"pattern": "^[a-z]$"}}}}

    with pytest.raises(InvalidPayload) as caught:
        strict_validator(schema)({"a/b": ["x", "secret"]})

    assert str(caught.value) == '#/a~1b/1: the value does not match "^[a-z]$"'


@pytest.mark.parametrize("value", [{1}, b"1", float("nan")], ids=["set", "bytes", "not a number"])
def test_what_json_does_not_have_is_invalid(value: Any) -> None:
    schema = {"properties": {"n": {"type": ["array", "string", "number", "object"]}}}

    with pytest.raises(InvalidPayload):
        strict_validator(schema)({"n": value})


def test_a_pattern_ends_where_the_text_ends() -> None:
    with pytest.raises(InvalidPayload):
        strict_validator({"type": "string", "pattern": "^a$"})("a\n")


def test_a_pattern_that_needs_backtracking_is_refused_when_it_is_compiled() -> None:
    with pytest.raises(ValueError, match="pattern"):
        strict_validator({"pattern": "^(?=a)"})


LISTS = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "pattern": "^[a-z]+$", "x-extensible-enum": ["a", "b"]},
        "block": {"type": ["string", "null"], "pattern": "^[a-z]+$", "x-extensible-enum": ["a"]},
        "state": {"enum": ["open"]},
        "many": {"type": "array", "items": {"type": "string", "x-extensible-enum": ["a"]}},
    },
    "required": ["kind"],
}


@pytest.mark.parametrize("data", [{"kind": "a"}, {"kind": "b", "block": None, "many": ["a"]}])
def test_values_of_an_open_list_pass_both(data: dict[str, Any]) -> None:
    strict_validator(LISTS)(data)
    tolerant_validator(LISTS)(data)


@pytest.mark.parametrize(
    "data", [{"kind": "later"}, {"kind": "a", "block": "later"}, {"kind": "a", "many": ["later"]}]
)
def test_a_later_value_of_an_open_list_passes_the_consumer_alone(data: dict[str, Any]) -> None:
    tolerant_validator(LISTS)(data)
    with pytest.raises(InvalidPayload):
        strict_validator(LISTS)(data)


@pytest.mark.parametrize("data", [{"kind": "Not A Slug"}, {"kind": None}, {"kind": "a", "state": "later"}])
def test_an_open_list_is_open_for_values_of_its_form_and_a_closed_one_stays_closed(
    data: dict[str, Any],
) -> None:
    with pytest.raises(InvalidPayload):
        tolerant_validator(LISTS)(data)


def test_a_part_may_lack_anything_but_holds_nothing_wrong() -> None:
    partial_validator(LISTS)({"state": "open"})
    with pytest.raises(InvalidPayload):
        partial_validator(LISTS)({"kind": "later"})


@pytest.mark.parametrize("name", ["additionalProperties", "x-extensible-enum", "required", "enum"])
def test_a_property_may_be_called_like_a_keyword(name: str) -> None:
    schema = {
        "type": "object",
        "properties": {name: {"type": "boolean"}},
        "required": [name],
        "additionalProperties": False,
    }

    for validator in (strict_validator, tolerant_validator):
        validator(schema)({name: False})
        with pytest.raises(InvalidPayload):
            validator(schema)({name: "text"})
        with pytest.raises(InvalidPayload):
            validator(schema)({})
