"""Compiles JSON Schemas into fast validators: the strict one for producing, a tolerant one for consuming, and
one for the part of a payload that a producer lays over what it passes through.

An open list (`x-extensible-enum`) is where they differ, apart from unknown properties: the producer keeps to
its values, a consumer takes any value of its type and pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

Validator = Callable[[Any], None]

# Their values are maps from names to schemas; a property may itself be called `additionalProperties`.
MAPS_OF_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
# Their values are data, never schemas.
LITERALS = frozenset({"const", "enum", "x-extensible-enum", "default", "examples", "required"})
OPEN_LIST = "x-extensible-enum"

Node = dict[str, Any]


class InvalidPayload(Exception):
    """The data violates the schema; the message names the place and the rule, never the value."""


def strict_validator(schema: Mapping[str, Any]) -> Validator:
    """Raises InvalidPayload for anything that the schema does not allow."""
    return _compiled(strict(schema))


def tolerant_validator(schema: Mapping[str, Any]) -> Validator:
    """Unknown properties and unknown values of open lists pass: consumers are older than producers at
    times."""
    return _compiled(tolerant(schema))


def partial_validator(schema: Mapping[str, Any]) -> Validator:
    """As strict about what is there, but anything may be missing."""
    return _compiled(partial(schema))


def strict(schema: Any) -> Any:
    """The schema with its open lists closed."""
    return _rewritten(schema, _closed)


def tolerant(schema: Any) -> Any:
    """The schema without any `additionalProperties: false` or `unevaluatedProperties: false`; its open lists
    stay open, because no validator knows them."""
    return _rewritten(schema, _unbounded)


def partial(schema: Any) -> Any:
    """The strict schema without any `required`."""
    return _rewritten(schema, lambda node: {k: v for k, v in _closed(node).items() if k != "required"})


def _closed(node: Node) -> Node:
    if OPEN_LIST not in node:
        return node
    nothing = [None] if "null" in node.get("type", ()) else []
    return node | {"enum": [*node[OPEN_LIST], *nothing]}


def _unbounded(node: Node) -> Node:
    limits = ("additionalProperties", "unevaluatedProperties")
    return {keyword: value for keyword, value in node.items() if keyword not in limits or value is not False}


def _rewritten(schema: Any, change: Callable[[Node], Node]) -> Any:
    """A copy with `change` applied to each schema in it, the innermost first."""
    if isinstance(schema, list):
        return [_rewritten(item, change) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept: Node = {}
    for keyword, value in schema.items():
        if keyword in LITERALS:
            kept[keyword] = value
        elif keyword in MAPS_OF_SCHEMAS and isinstance(value, Mapping):
            kept[keyword] = {name: _rewritten(part, change) for name, part in value.items()}
        else:
            kept[keyword] = _rewritten(value, change)
    return change(kept)


def _compiled(schema: Mapping[str, Any]) -> Validator:
    # RegexOptions(): the regex engine that takes linear time in the length of the text, whatever the pattern.
    compiled = Draft202012Validator(dict(schema), mask="the value", pattern_options=RegexOptions())

    def validate(data: Any) -> None:
        try:
            compiled.validate(data)
        except ValidationError as error:
            raise InvalidPayload(f"{_pointer(error.instance_path)}: {error.message}") from None
        except ValueError as error:  # a type that JSON does not have
            raise InvalidPayload(str(error)) from None

    return validate


def _pointer(path: Sequence[str | int]) -> str:
    """The JSON pointer as a URI fragment, without percent-encoding."""
    return "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
