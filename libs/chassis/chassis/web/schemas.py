"""Marshmallow building blocks: a strict base schema and fields that refuse what a text, an instant, a day or
an amount must not be. Make instances once per module; making one per request costs three loads.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from marshmallow import RAISE, fields, validate
from marshmallow import Schema as MarshmallowSchema

from chassis.clock import parse_rfc3339, rfc3339
from chassis.web.messages import Message
from chassis.web.text import RefusedCharacter, TooManyMarks, clean

# A letter and its marks are up to three characters before they are composed; the rest is space to trim.
_RAW_LENGTH = 4
GREATEST_AMOUNT = 10**15
LONGEST_UNIT_CODE = 64


class Schema(MarshmallowSchema):
    """Refuses unknown properties; keeps the order of declaration."""

    class Meta:
        unknown = RAISE


class Text(fields.String):
    """Text in NFC, trimmed, without control, invisible and direction-changing characters.

    min_length, max_length: in characters after normalisation. multiline: keeps line breaks and tabs.
    """

    default_error_messages = {  # noqa: RUF012
        "invalid": Message("not-a-text", "Phải là chuỗi ký tự.", "Must be a text."),
        "blank": Message("required", "Không được để trống.", "Required."),
        "too_short": Message("too-short", "Cần ít nhất {min} ký tự.", "At least {min} characters needed."),
        "too_long": Message("too-long", "Nhiều nhất là {max} ký tự.", "At most {max} characters allowed."),
        "refused": Message(
            "refused-character",
            "Có ký tự điều khiển hoặc ký tự không nhìn thấy ({code_point}). Hãy xóa hoặc gõ lại.",
            "There is a control or invisible character ({code_point}). Delete it or type the text again.",
        ),
        "marks": Message(
            "too-many-marks",
            "Có chữ mang quá nhiều dấu chồng lên nhau. Hãy xóa các dấu thừa.",
            "A letter carries too many marks. Delete those that are not needed.",
        ),
    }

    def __init__(
        self, *, min_length: int = 0, max_length: int = 200, multiline: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.min_length = min_length
        self.max_length = max_length
        self.multiline = multiline

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        # Before a character is looked at: what a refusal costs must not depend on the client.
        if len(value) > _RAW_LENGTH * self.max_length:
            raise self.make_error("too_long", max=self.max_length)
        try:
            text = clean(value, multiline=self.multiline)
        except RefusedCharacter as error:
            raise self.make_error("refused", code_point=error.code_point) from None
        except TooManyMarks:
            raise self.make_error("marks") from None
        if len(text) < self.min_length:
            raise self.make_error("too_short" if text else "blank", min=self.min_length)
        if len(text) > self.max_length:
            raise self.make_error("too_long", max=self.max_length)
        return text


class _Pattern(fields.String):
    """A text that must match; already canonical, so it is compared byte for byte."""

    pattern: re.Pattern[str]

    @property
    def documented_pattern(self) -> str:
        return self.pattern.pattern

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or self.pattern.fullmatch(value) is None:
            raise self.make_error("invalid")
        return value


class MemberId(_Pattern):
    """An opaque member id: "m-" and 10 lower-case letters or digits."""

    pattern = re.compile(r"m-[0-9a-z]{10}", re.ASCII)
    default_error_messages = {  # noqa: RUF012
        "invalid": Message(
            "not-a-member-id",
            "Phải là mã đoàn viên, ví dụ m-0123456789.",
            "Must be a member id such as m-0123456789.",
        )
    }


class UnitCode(_Pattern):
    """The code of a unit: groups of capital letters and digits, joined by hyphens."""

    pattern = re.compile(rf"(?=.{{1,{LONGEST_UNIT_CODE}}}$)[A-Z0-9]+(?:-[A-Z0-9]+)*", re.ASCII)
    default_error_messages = {  # noqa: RUF012
        "invalid": Message(
            "not-a-unit-code",
            "Phải là mã đơn vị, ví dụ LD-HA-NOI.",
            "Must be a unit code such as LD-HA-NOI.",
        )
    }


class Uuid(fields.String):
    """A UUID as text in its canonical lower-case form."""

    default_error_messages = {  # noqa: RUF012
        "invalid": Message("not-a-uuid", "Phải là một UUID.", "Must be a UUID.")
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        try:
            canonical = str(uuid.UUID(value))
        except (ValueError, AttributeError, TypeError):
            raise self.make_error("invalid") from None
        if value.lower() != canonical:
            raise self.make_error("invalid")
        return canonical


class Timestamp(fields.Field[datetime]):
    """RFC 3339 with a zone, as an aware UTC datetime cut to milliseconds."""

    default_error_messages = {  # noqa: RUF012
        "invalid": Message(
            "not-a-timestamp",
            "Phải là thời điểm theo RFC 3339, có múi giờ.",
            "Must be an RFC 3339 timestamp with a zone.",
        )
    }

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else rfc3339(value)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        try:
            return parse_rfc3339(value)
        except (ValueError, TypeError):
            raise self.make_error("invalid") from None


class Day(fields.Field[date]):
    """A calendar day YYYY-MM-DD; a text that is dumped stays as it is."""

    _form = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
    default_error_messages = {  # noqa: RUF012
        "invalid": Message("not-a-day", "Phải là một ngày, dạng YYYY-MM-DD.", "Must be a day, YYYY-MM-DD.")
    }

    def _serialize(self, value: date | str | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return value.isoformat() if isinstance(value, date) else value

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date:
        if not isinstance(value, str) or self._form.fullmatch(value) is None:
            raise self.make_error("invalid")
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise self.make_error("invalid") from None


class Vnd(fields.Integer):
    """A whole amount of đồng, 0 to 10^15; neither a text nor a fraction."""

    default_error_messages = {  # noqa: RUF012
        "invalid": Message(
            "not-an-amount",
            "Phải là số nguyên đồng, từ 0 trở lên.",
            "Must be a whole amount of đồng, from 0 up.",
        ),
        "too_great": Message("too-great", "Số tiền quá lớn.", "The amount is too large."),
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise self.make_error("invalid")
        if value > GREATEST_AMOUNT:
            raise self.make_error("too_great")
        return value


class Items(fields.List[Any]):
    """A list of at most `most` items, which are counted before the first of them is looked at."""

    def __init__(
        self, item: type[fields.Field[Any]] | fields.Field[Any], *, most: int, **kwargs: Any
    ) -> None:
        self._bound = validate.Length(max=most)
        super().__init__(item, validate=self._bound, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> list[Any]:
        if isinstance(value, list):
            self._bound(value)
        return super()._deserialize(value, attr, data, **kwargs)


class PageQuery(Schema):
    """The query of a list: cursor and limit (1..100, 20 by default)."""

    cursor = fields.String(
        load_default=None, metadata={"description": "The value of next of the page before"}
    )
    limit = fields.Integer(load_default=20, validate=validate.Range(1, 100))


def page_schema(item: type[MarshmallowSchema] | MarshmallowSchema, name: str) -> type[Schema]:
    """The schema of a page: {"items": [...], "next": cursor or null}. name: of the schema in OpenAPI."""
    properties: dict[str, Any] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(required=True, allow_none=True),
    }
    return type(name, (Schema,), properties)
