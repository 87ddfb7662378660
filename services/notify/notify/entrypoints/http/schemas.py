"""Owns the JSON of this service's API. Instances are made once; the domain never sees JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from chassis.web.messages import Message
from chassis.web.schemas import Items, PageQuery, Schema, Text, Timestamp, UnitCode, page_schema
from notify.application.permissions import OFFICES
from notify.domain.kinds import Kind, Locale

ROLES = ("member", "support", "reviewer", "official", "admin", "operator")
MOST_GRANTS = 200

_LOCAL_PART = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"


class MailAddress(fields.String):
    """An address as RFC 5321 has it, in ASCII, without quoted or commented parts: nothing in it can end a
    header or be read as a second address."""

    pattern = re.compile(rf"(?=.{{6,254}}$)(?=[^@]{{1,64}}@){_LOCAL_PART}@{_LABEL}(?:\.{_LABEL})+", re.ASCII)
    default_error_messages = {  # noqa: RUF012
        "invalid": Message(
            "not-a-mail-address",
            "Phải là một địa chỉ thư điện tử, ví dụ ten@example.org.",
            "Must be a mail address, as name@example.org.",
        )
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        if not isinstance(value, str) or self.pattern.fullmatch(value) is None:
            raise self.make_error("invalid")
        return value


class EntrySchema(Schema):
    """One inbox entry, in the language of the request."""

    id = fields.String(required=True, metadata={"description": "Of the entry, for POST /v1/inbox/{id}/read"})
    kind = fields.Enum(Kind, by_value=True, required=True)
    at = Timestamp(required=True, metadata={"description": "When it happened"})
    unread = fields.Boolean(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True, metadata={"description": "Plain text; paragraphs by empty lines"})
    url = fields.String(required=True, metadata={"description": "Where the portal shows what it is about"})
    initiative_id = fields.String(required=True, allow_none=True)
    unit = fields.String(required=True, allow_none=True)


class InboxQuery(PageQuery):
    unread = fields.Boolean(load_default=False, metadata={"description": "true: unread entries only"})


class SummarySchema(Schema):
    """How much is new."""

    unread = fields.Integer(required=True, metadata={"description": "Unread entries, counted up to 99"})
    more = fields.Boolean(required=True, metadata={"description": "true: there are more than that"})


class GrantSchema(Schema):
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    unit = UnitCode(required=True)


class DirectorySchema(Schema):
    """What the directory says of a person, as a whole."""

    name = Text(required=True, allow_none=True, min_length=1, max_length=120)
    email = MailAddress(required=True, allow_none=True)
    locale = fields.Enum(
        Locale,
        by_value=True,
        load_default=None,
        metadata={"description": "Used while the person has chosen none; left out, it stays as it was"},
    )
    grants = Items(
        fields.Nested(GrantSchema),
        most=MOST_GRANTS,
        required=True,
        metadata={"description": "Who is told of what waits for a role at a unit"},
    )


def _mail_choices(description: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.Enum(Kind, by_value=True),
        values=fields.Boolean(truthy={True}, falsy={False}),
        required=True,
        metadata={"description": description},
    )


class PreferencesSchema(Schema):
    """What a person chooses."""

    locale = fields.Enum(Locale, by_value=True, required=True)
    mail = _mail_choices("Mail on or off for each kind; a kind that is not named stays as it is")


class ContactSchema(Schema):
    member_id = fields.String(required=True, attribute="member")
    name = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    locale = fields.Enum(Locale, by_value=True, required=True, attribute="language")
    grants = fields.List(fields.Nested(GrantSchema), required=True)
    mail = fields.Dict(
        keys=fields.Enum(Kind, by_value=True),
        values=fields.Boolean(),
        required=True,
        attribute="mail_choices",
        metadata={"description": "Mail on or off for each kind"},
    )


class OfficerSchema(Schema):
    """Someone who answers for something at a unit; no address and no id."""

    name = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.String(validate=validate.OneOf(OFFICES)), required=True)


class OfficersSchema(Schema):
    items = fields.List(fields.Nested(OfficerSchema), required=True)


EntryPageSchema = page_schema(EntrySchema, "EntryPage")
