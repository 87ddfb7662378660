"""What the compatibility check lets pass between two minor versions, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.tooling.compatibility import incompatibilities, tolerant

OLD: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "state": {"enum": ["open", "closed"]},
        "count": {"type": "integer", "minimum": 0, "description": "how many"},
        "path": {
            "type": "array",
            "items": {"type": "object", "properties": {"unit": {"type": "string"}}, "required": ["unit"]},
        },
    },
    "required": ["state", "path"],
}


def _with(name: str, schema: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
    return OLD | {"properties": OLD["properties"] | {name: schema}, "required": required or OLD["required"]}


def test_the_same_schema_is_compatible_with_itself() -> None:
    assert incompatibilities(OLD, OLD) == []


def test_an_added_optional_property_is_compatible() -> None:
    assert incompatibilities(OLD, _with("colour", {"type": "string"})) == []


def test_a_changed_description_is_compatible() -> None:
    assert (
        incompatibilities(OLD, _with("count", {"type": "integer", "minimum": 0, "description": "number"}))
        == []
    )


@pytest.mark.parametrize(
    ("new", "where"),
    [
        pytest.param(
            _with("colour", {"type": "string"}, ["state", "path", "colour"]),
            "#/colour became required",
            id="required",
        ),
        pytest.param(OLD | {"required": ["state"]}, "#/path became optional", id="no-longer-required"),
        pytest.param(
            _with("state", {"enum": ["open", "closed", "lost"]}), "#/state: enum changed", id="wider-enum"
        ),
        pytest.param(_with("state", {"enum": ["open"]}), "#/state: enum changed", id="narrower-enum"),
        pytest.param(
            _with("count", {"type": "integer", "minimum": 1}), "#/count: minimum changed", id="tighter-bound"
        ),
        pytest.param(
            _with("count", {"type": "number", "minimum": 0}), "#/count: type changed", id="another-type"
        ),
        pytest.param(
            _with("path", {"type": "array"}), "#/path: the items' schema appeared or went", id="items-gone"
        ),
        pytest.param(
            _with(
                "path", {"type": "array", "items": {"type": "object", "properties": {}, "required": ["unit"]}}
            ),
            "#/path/*/unit is gone",
            id="nested-property-gone",
        ),
    ],
)
def test_what_would_break_a_reader_is_refused(new: dict[str, Any], where: str) -> None:
    problems = incompatibilities(OLD, new)

    assert len(problems) == 1
    assert problems[0].startswith(where)


def test_the_tolerant_schema_allows_unknown_properties_at_every_depth_and_keeps_the_rest() -> None:
    strict = {"additionalProperties": False, "allOf": [{"additionalProperties": False, "minProperties": 1}]}

    assert tolerant(strict) == {"allOf": [{"minProperties": 1}]}
