"""Marshmallow building blocks: a strict base schema and fields that refuse what a text, an instant, a day or an
amount must not be. Make an instance once per module; building one per request costs three times a load.
"""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, fields
from marshmallow import Schema as MarshmallowSchema


class Schema(MarshmallowSchema):
    """Refuses unknown properties; keeps the order of declaration."""

    class Meta:
        unknown = RAISE


class Text(fields.String):
    """Text in NFC, trimmed, without control, invisible and direction-changing characters.

    min_length, max_length: in characters after normalisation. multiline: keeps line breaks and tabs.
    """

    def __init__(
        self, *, min_length: int = 0, max_length: int = 200, multiline: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.min_length = min_length
        self.max_length = max_length
        self.multiline = multiline


class Timestamp(fields.Field[Any]):
    """RFC 3339 with a zone, as an aware UTC datetime cut to milliseconds."""


class Day(fields.Field[Any]):
    """A calendar day YYYY-MM-DD."""


class Vnd(fields.Integer):
    """A whole amount of đồng, 0 to 10^15."""


class MemberId(fields.String):
    """An opaque member id: "m-" and 10 lower-case letters or digits."""


class UnitCode(fields.String):
    """The code of a unit."""


class Uuid(fields.String):
    """A UUID as text in its canonical lower-case form."""


class PageQuery(Schema):
    """The query of a list: cursor and limit (1..100, 20 by default)."""

    cursor = fields.String(load_default=None)
    limit = fields.Integer(load_default=20)


def page_schema(item: type[Schema] | Schema, name: str) -> type[Schema]:
    """The schema of a page: {"items": [...], "next": cursor or null}. name: of the schema in OpenAPI."""
    properties: dict[str, Any] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(required=True, allow_none=True),
    }
    return type(name, (Schema,), properties)
