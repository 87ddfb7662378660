"""The inbox over HTTP. An entry's id says nothing of whose it is: the person always comes from the token."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from chassis.mongo.keyset import SORT_KEY
from chassis.permissions import Resource
from chassis.web import Blueprint, principal
from chassis.web.current import language
from chassis.web.cursors import decode, encode
from notify.adapters.wording import Words
from notify.application.inbox import Inbox, Summary
from notify.application.permissions import INBOX_MARK_READ, INBOX_READ, PERMISSIONS
from notify.application.ports import Entry
from notify.domain.kinds import Locale
from notify.entrypoints.http.schemas import EntryPageSchema, InboxQuery, SummarySchema

# Where the next page begins: the position of the last entry.
CURSOR = {"after": SORT_KEY}


def _reader(action: str) -> str:
    """The member whose inbox the request is about: always the one who makes it."""
    reader = principal()
    PERMISSIONS.require(reader, action, Resource(owners=frozenset({reader.subject})))
    return reader.subject


def inbox_blueprint(inbox: Inbox, words: Words) -> Blueprint:
    blueprint = Blueprint("inbox", __name__, description="What a person was told")

    @blueprint.get("/v1/inbox")
    @blueprint.arguments(InboxQuery(), location="query")
    @blueprint.response(200, EntryPageSchema())
    @blueprint.doc(summary="My entries, newest first, in the language of Accept-Language")
    def read(query: dict[str, Any]) -> dict[str, Any]:
        member = _reader(INBOX_READ)
        after = decode(query["cursor"], CURSOR)["after"] if query["cursor"] else None
        page = inbox.page(member, unread_only=query["unread"], after=after, limit=query["limit"])
        locale = Locale(language())
        return {
            "items": [_shown(entry, words, locale) for entry in page.entries],
            "next": encode({"after": page.last}) if page.last is not None else None,
        }

    @blueprint.get("/v1/inbox/summary")
    @blueprint.response(200, SummarySchema())
    @blueprint.doc(summary="How many of my entries are unread")
    def summary() -> Summary:
        return inbox.summary(_reader(INBOX_READ))

    @blueprint.post("/v1/inbox/<string:entry_id>/read")
    @blueprint.response(204)
    @blueprint.alt_response(404, "NOT_FOUND")
    @blueprint.doc(summary="Mark one of my entries as read; again changes nothing, so no Idempotency-Key")
    def mark_read(entry_id: str) -> None:
        inbox.mark_read(_reader(INBOX_MARK_READ), entry_id)

    return blueprint


def _shown(entry: Entry, words: Words, locale: Locale) -> dict[str, Any]:
    message = entry.message
    wording = words.wording(message, locale)
    return {
        "id": message.event_id,
        "kind": message.kind,
        "at": message.at,
        "unread": entry.unread,
        "title": wording.title,
        "body": wording.body,
        "url": words.link(message, locale).url,
        "initiative_id": message.facts.get("initiative_id"),
        "unit": message.facts.get("unit"),
    }
