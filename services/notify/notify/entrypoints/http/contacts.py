"""Contacts over HTTP: a person's own, and those that the administration keeps. It must never log a body."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import re
from typing import Any

from flask import request

from chassis.problems import COMMON, Problem
from chassis.web import Blueprint, principal
from chassis.web.etags import etag, if_match
from chassis.web.schemas import UnitCode
from notify.application.contacts import ContactBook, Particulars
from notify.application.permissions import (
    CONTACT_ENTER,
    CONTACT_ERASE,
    CONTACT_PREFER,
    CONTACT_READ,
    OFFICES,
    PERMISSIONS,
    UNIT_PEOPLE,
    of_person,
    of_unit,
)
from notify.domain.contacts import Contact, Grant
from notify.entrypoints.http.problems import PROBLEMS
from notify.entrypoints.http.schemas import ContactSchema, DirectorySchema, OfficersSchema, PreferencesSchema

# As the contracts have it; no member id is as short as the path segment `me`.
MEMBER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,63}", re.ASCII)

SEEN_VERSION = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "The ETag of the contact as you read it",
    "schema": {"type": "string", "example": '"3"'},
}
KNOWN_VERSION = SEEN_VERSION | {"required": False, "description": "Only if the contact is still this version"}

Answer = tuple[Contact, int, dict[str, str]]


def _answer(contact: Contact) -> Answer:
    return contact, 200, {"ETag": etag(contact.version)}


def contacts_blueprint(book: ContactBook, administration_unit: str) -> Blueprint:
    blueprint = Blueprint("contacts", __name__, description="Who is told, where, and in which language")

    def require(action: str, member: str) -> None:
        PERMISSIONS.require(principal(), action, of_person(member, administration_unit))
        if MEMBER_ID.fullmatch(member) is None:
            raise Problem(PROBLEMS["contact-not-found"])

    @blueprint.get("/v1/contacts/me")
    @blueprint.response(200, ContactSchema())
    @blueprint.doc(summary='My contact; ETag "0" while nothing is stored')
    def read_own() -> Answer:
        member = principal().subject
        require(CONTACT_READ, member)
        return _answer(book.own(member))

    @blueprint.put("/v1/contacts/me")
    @blueprint.doc(parameters=[SEEN_VERSION])
    @blueprint.arguments(PreferencesSchema())
    @blueprint.response(200, ContactSchema())
    @blueprint.alt_response(412, "PRECONDITION_FAILED")
    @blueprint.alt_response(428, "PRECONDITION_REQUIRED")
    @blueprint.doc(
        summary="Choose my language and my mails; needs If-Match. Name and address come from the directory"
    )
    def prefer(body: dict[str, Any]) -> Answer:
        member = principal().subject
        require(CONTACT_PREFER, member)
        return _answer(book.prefer(member, locale=body["locale"], mail=body["mail"], expected=if_match()))

    @blueprint.get("/v1/contacts/<string:member_id>")
    @blueprint.response(200, ContactSchema())
    @blueprint.alt_response(403, "FORBIDDEN")
    @blueprint.alt_response(404, "NOT_FOUND")
    @blueprint.doc(summary="A person's contact, for the administration")
    def read(member_id: str) -> Answer:
        require(CONTACT_READ, member_id)
        return _answer(book.find(member_id))

    @blueprint.put("/v1/contacts/<string:member_id>")
    @blueprint.doc(parameters=[KNOWN_VERSION])
    @blueprint.arguments(DirectorySchema())
    @blueprint.response(200, ContactSchema())
    @blueprint.alt_response(403, "FORBIDDEN")
    @blueprint.alt_response(404, "NOT_FOUND")
    @blueprint.alt_response(412, "PRECONDITION_FAILED")
    @blueprint.doc(
        summary="Enter what the directory says of a person, as a whole. The person's choices stay. "
        "If-Match is heeded where it is sent; the same again changes nothing"
    )
    def enter(body: dict[str, Any], member_id: str) -> Answer:
        require(CONTACT_ENTER, member_id)
        particulars = Particulars(
            name=body["name"],
            email=body["email"],
            locale=body["locale"],
            grants=tuple(Grant(grant["role"], grant["unit"]) for grant in body["grants"]),
        )
        expected = if_match() if "If-Match" in request.headers else None
        return _answer(book.enter(member_id, particulars, expected))

    @blueprint.delete("/v1/contacts/<string:member_id>")
    @blueprint.response(204)
    @blueprint.alt_response(403, "FORBIDDEN")
    @blueprint.alt_response(404, "NOT_FOUND")
    @blueprint.doc(summary="Erase a person: the contact, the inbox and all records of mails")
    def erase(member_id: str) -> None:
        require(CONTACT_ERASE, member_id)
        book.erase(member_id)

    @blueprint.get("/v1/units/<string:code>/people")
    @blueprint.response(200, OfficersSchema())
    @blueprint.alt_response(403, "FORBIDDEN")
    @blueprint.doc(summary="Who holds which office at a unit, for its own officers; names only")
    def officers(code: str) -> dict[str, Any]:
        PERMISSIONS.require(principal(), UNIT_PEOPLE, of_unit(code, administration_unit))
        if UnitCode.pattern.fullmatch(code) is None:
            raise Problem(COMMON["not-found"])
        return {"items": [_officer(contact, code) for contact in book.officers(code, OFFICES)]}

    return blueprint


def _officer(contact: Contact, unit: str) -> dict[str, Any]:
    held = {grant.role for grant in contact.grants if grant.unit == unit}
    return {"name": contact.name, "roles": [office for office in OFFICES if office in held]}
