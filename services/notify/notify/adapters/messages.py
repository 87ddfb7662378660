"""Owns the rows of messages: inbox entries and mails, in one collection because one insert makes both. What
becomes of a mail is in deliveries.py. It must never insert a row under any id but the message's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError

from chassis.jobs.steps import Effect
from chassis.mongo.keyset import sort_key
from notify.adapters.reads import Document, Store
from notify.application.ports import Entry, EntryPage
from notify.domain.deliveries import State
from notify.domain.kinds import Channel, Kind, Queue
from notify.domain.messages import Message, message_id
from notify.domain.names import Bearer

COLLECTION = "messages"
DUPLICATE_KEY: Final = 11000
NAMES_FIELDS: Final[Mapping[Bearer, str]] = {
    Bearer.UNIT: "unit_names",
    Bearer.CAMPAIGN: "campaign_names",
}
# A later release may have stored others; they stay for its processes to show and to send.
KNOWN_KINDS: Final = frozenset(kind.value for kind in Kind)


class MongoMessages:
    def __init__(self, db: Store) -> None:
        self._messages = db[COLLECTION]

    def add(self, messages: Sequence[Message], now: datetime) -> int:
        try:
            result = self._messages.insert_many([to_document(m, now) for m in messages], ordered=False)
        except BulkWriteError as error:
            details: dict[str, Any] = dict(error.details or {})
            others = [one for one in details.get("writeErrors", ()) if one["code"] != DUPLICATE_KEY]
            if others or details.get("writeConcernErrors"):
                raise
            return int(details["nInserted"])
        return len(result.inserted_ids)

    def page(self, member: str, *, unread_only: bool, after: str | None, limit: int) -> EntryPage:
        wanted: Document = {"member": member}
        wanted |= {"unread": True} if unread_only else {"channel": Channel.INBOX.value}
        if after is not None:
            wanted["sort_key"] = {"$lt": after}
        rows = list(self._messages.find(wanted).sort("sort_key", -1).limit(limit + 1))
        entries = tuple(
            Entry(to_message(row), row["unread"]) for row in rows[:limit] if row["kind"] in KNOWN_KINDS
        )
        return EntryPage(entries, rows[limit - 1]["sort_key"] if len(rows) > limit else None)

    def unread(self, member: str, *, at_most: int) -> int:
        rows = self._messages.find({"member": member, "unread": True}, {"_id": 1}).limit(at_most)
        return sum(1 for _ in rows)

    def mark_read(self, member: str, event_id: str, now: datetime) -> bool:
        id = message_id(event_id, member, Channel.INBOX)
        marked = self._messages.update_one(
            {"_id": id, "unread": True}, {"$set": {"unread": False, "read_at": now}}
        )
        return marked.matched_count == 1 or self._messages.find_one({"_id": id}, {"_id": 1}) is not None

    def erase(self, member: str) -> None:
        self._messages.delete_many({"member": member})


class MongoExpiredMessages:
    """By the index on the time of the event."""

    def __init__(self, db: Store) -> None:
        self._messages = db[COLLECTION]

    def count(self, before: datetime) -> int:
        return self._messages.count_documents({"at": {"$lt": before}})

    def oldest(self, before: datetime, limit: int) -> Sequence[str]:
        rows = self._messages.find({"at": {"$lt": before}}, {"_id": 1}).sort("at", 1).limit(limit)
        return [row["_id"] for row in rows]

    def removal(self, ids: Sequence[str]) -> Effect:
        def remove(session: ClientSession) -> None:
            self._messages.delete_many({"_id": {"$in": list(ids)}}, session=session)

        return remove


def to_document(message: Message, now: datetime) -> Document:
    """The row of a message; now: from when on a mail is due."""
    document: Document = {
        "_id": message.id,
        "event_id": message.event_id,
        "member": message.member,
        "channel": message.channel.value,
        "kind": message.kind.value,
        "at": message.at,
        "facts": dict(message.facts),
    }
    for bearer, names in message.names.items():
        document[NAMES_FIELDS[bearer]] = {id: dict(languages) for id, languages in names.items()}
    if message.queue is None:
        return document | {"sort_key": sort_key(message.at, message.event_id), "unread": True}
    return document | {
        "state": State.DUE.value,
        "queue": message.queue.value,
        "due_at": now,
        "waits_in": message.queue.value,
        "waits_until": now,
        "attempts": 0,
    }


def to_message(document: Document) -> Message:
    return Message(
        event_id=document["event_id"],
        member=document["member"],
        channel=Channel(document["channel"]),
        kind=Kind(document["kind"]),
        at=document["at"],
        facts=document["facts"],
        names={bearer: document.get(field, {}) for bearer, field in NAMES_FIELDS.items()},
        queue=Queue(document["queue"]) if "queue" in document else None,
    )
