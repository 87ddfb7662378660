"""Compiles JSON Schemas into fast validators: a strict one for producing, and a tolerant one derived from it
for consuming, which differs only in that it accepts unknown properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jsonschema_rs import Draft202012Validator, RegexOptions, ValidationError

Validator = Callable[[Any], None]

# Their values are maps from names to schemas; a property may itself be called `additionalProperties`.
MAPS_OF_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
# Their values are data, never schemas.
LITERALS = frozenset({"const", "enum", "default", "examples", "required"})


class InvalidPayload(Exception):
    """The data violates the schema; the message names the place and the rule, never the value."""


def strict_validator(schema: Mapping[str, Any]) -> Validator:
    """Raises InvalidPayload for anything that the schema does not allow."""
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


def tolerant_validator(schema: Mapping[str, Any]) -> Validator:
    """Like `strict_validator`, but accepts unknown properties: a consumer may be older than its producer."""
    return strict_validator(tolerant(schema))


def tolerant(schema: Any) -> Any:
    """The schema without any `additionalProperties: false` or `unevaluatedProperties: false`."""
    if isinstance(schema, list):
        return [tolerant(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept: dict[str, Any] = {}
    for keyword, value in schema.items():
        if keyword in ("additionalProperties", "unevaluatedProperties") and value is False:
            continue
        if keyword in LITERALS:
            kept[keyword] = value
        elif keyword in MAPS_OF_SCHEMAS and isinstance(value, Mapping):
            kept[keyword] = {name: tolerant(part) for name, part in value.items()}
        else:
            kept[keyword] = tolerant(value)
    return kept


def _pointer(path: Sequence[str | int]) -> str:
    """The JSON pointer as a URI fragment, without percent-encoding."""
    return "#" + "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in path)
