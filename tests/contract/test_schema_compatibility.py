"""What the compatibility check lets pass between two minor versions, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.tooling.compatibility import incompatibilities
from contracts.tooling.schemas import expand

OLD: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "state": {"enum": ["open", "closed"]},
        "count": {"type": "integer", "minimum": 0, "description": "how many"},
        "kind": {"enum": ["a", "b", None]},
        "colour": {"type": "string", "pattern": "^[a-z]+$", "x-extensible-enum": ["red", "blue"]},
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
    assert incompatibilities(OLD, _with("size", {"type": "string"})) == []


SLUG = {"type": "string", "pattern": "^[a-z]+$"}
OPENED = {"type": ["string", "null"], "pattern": "^[a-z]+$", "x-extensible-enum": ["a", "b"]}


def test_a_list_is_opened_with_the_values_that_it_has() -> None:
    assert incompatibilities(OLD, _with("kind", OPENED)) == []


def test_an_open_list_is_extended() -> None:
    assert (
        incompatibilities(OLD, _with("colour", SLUG | {"x-extensible-enum": ["red", "green", "blue"]})) == []
    )


def test_a_changed_description_is_compatible() -> None:
    assert (
        incompatibilities(OLD, _with("count", {"type": "integer", "minimum": 0, "description": "number"}))
        == []
    )


@pytest.mark.parametrize(
    ("new", "where"),
    [
        pytest.param(
            _with("size", {"type": "string"}, ["state", "path", "size"]),
            "#/size became required",
            id="required",
        ),
        pytest.param(OLD | {"required": ["state"]}, "#/path became optional", id="no-longer-required"),
        pytest.param(
            _with("state", {"enum": ["open", "closed", "lost"]}), "#/state: enum changed", id="wider-enum"
        ),
        pytest.param(_with("state", {"enum": ["open"]}), "#/state: enum changed", id="narrower-enum"),
        pytest.param(
            _with("colour", SLUG | {"x-extensible-enum": ["red"]}),
            "#/colour: 'blue' is gone",
            id="shorter-open-list",
        ),
        pytest.param(_with("colour", SLUG), "#/colour: an open list was closed", id="no-list-any-more"),
        pytest.param(
            _with("colour", {"type": "string", "x-extensible-enum": ["red", "blue"]}),
            "#/colour: pattern changed",
            id="another-pattern-of-an-open-list",
        ),
        pytest.param(
            _with("kind", OPENED | {"x-extensible-enum": ["a", "b", "c"]}),
            "#/kind: 'c' was added while the list was opened",
            id="opened-and-extended-at-once",
        ),
        pytest.param(
            _with("kind", SLUG | {"x-extensible-enum": ["a", "b"]}),
            "#/kind: None is gone from a list that was opened",
            id="opened-without-null",
        ),
        pytest.param(
            _with("kind", OPENED | {"x-extensible-enum": ["a"]}),
            "#/kind: 'b' is gone from a list that was opened",
            id="opened-and-shortened-at-once",
        ),
        pytest.param(
            _with("kind", OPENED | {"pattern": "^[b-z]+$"}),
            "#/kind: 'a' does not fit the pattern",
            id="opened-with-a-pattern-that-its-values-break",
        ),
        pytest.param(
            _with("count", {"type": "integer", "minimum": 0, "x-extensible-enum": [1]}),
            "#/count: a list appeared",
            id="list-where-any-value-was-allowed",
        ),
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


def test_closing_an_open_list_is_refused_whatever_else_goes_with_it() -> None:
    problems = incompatibilities(OLD, _with("colour", {"enum": ["red", "blue"]}))

    assert "#/colour: an open list was closed: data of the old version may hold any value" in problems


@pytest.mark.parametrize(
    ("definition", "required"),
    [
        ({"required": "all"}, ["a", "b"]),
        ({"required": "all", "optional": ["a"]}, ["b"]),
        ({"required": "all", "optional": ["b", "a"]}, []),
        ({"required": ["a"]}, ["a"]),
    ],
)
def test_required_is_all_that_is_not_named_as_optional(
    definition: dict[str, Any], required: list[str]
) -> None:
    node = {"type": "object", "properties": {"a": {"use": "slug"}, "b": {"use": "slug"}}} | definition

    built = expand(node, {"slug": {"type": "string"}})

    assert built["required"] == required
    assert "optional" not in built


def test_an_optional_name_that_is_no_property_is_refused() -> None:
    node = {"type": "object", "properties": {"a": {}}, "required": "all", "optional": ["b"]}

    with pytest.raises(ValueError, match="b"):
        expand(node, {})


def test_a_property_named_optional_or_required_is_a_property() -> None:
    node = {"properties": {"optional": {"type": "string"}, "required": {"type": "string"}}, "required": "all"}

    assert expand(node, {})["properties"] == node["properties"]
    assert expand(node, {})["required"] == ["optional", "required"]
