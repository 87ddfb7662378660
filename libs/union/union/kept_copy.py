"""Reference data in MongoDB, numbered by change: a collection of units or campaigns that a service keeps, and
what of it changed since a copy in memory was last refreshed.

A change takes its number from one document, in the transaction that writes the change. So numbers are
committed in their order, and a copy that has read up to one has missed none below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from chassis.mongo.indexes import Index
from chassis.mongo.transactions import in_transaction

Document = dict[str, Any]

COUNTER = "meta"
NUMBER = "reference"
# A copy that has read nothing yet; numbers begin with 1, and a database that numbered nothing is at 0.
NOTHING = -1


@dataclass(frozen=True)
class News:
    """What a copy has to read: all changes after `since`, NOTHING for everything; then it is at `head`."""

    since: int
    head: int

    @property
    def everything(self) -> bool:
        return self.since == NOTHING


def news_since(seen: int, head: int) -> News | None:
    """What to read for a copy that is at `seen` when the database is at `head`; None for nothing. A restored
    database may be behind the copy: then everything is read again."""
    if seen == head:
        return None
    return News(seen if seen < head else NOTHING, head)


def change_index(collection: str) -> Index:
    """Finds what changed in a collection. `kind` is the same in all of its documents: an equality before the
    range."""
    return Index(collection, (("kind", 1), ("change", 1)))


class Changes:
    """The numbers of the changes of one database."""

    def __init__(self, db: Database[Document]) -> None:
        self._counter = db[COUNTER]

    def next(self, session: ClientSession) -> int:
        """The number of this transaction's change."""
        self._counter.update_one({"_id": NUMBER}, {"$inc": {"change": 1}}, upsert=True, session=session)
        return self._read(session)

    def news(self, seen: int) -> News | None:
        """What to read for a copy that is at `seen`; one round trip, and None when nothing changed."""
        return news_since(seen, self._read())

    def _read(self, session: ClientSession | None = None) -> int:
        head = self._counter.find_one({"_id": NUMBER}, session=session)
        return 0 if head is None else int(head["change"])


def read_changes(
    db: Database[Document], collection: str, kind: str, news: News, leave_out: tuple[str, ...] = ()
) -> list[Document]:
    """The documents of a collection that a copy lacks, without the fields `leave_out`."""
    wanted: Document = {} if news.everything else {"kind": kind, "change": {"$gt": news.since}}
    return list(db[collection].find(wanted, dict.fromkeys(leave_out, 0)))


class KeptCopy:
    """The collections in which a service keeps what their owners publish, one version of each thing.

    kinds: the collections, each with the word that its documents bear as `kind`.
    """

    def __init__(self, db: Database[Document], kinds: Mapping[str, str]) -> None:
        self._db = db
        self._kinds = kinds
        self._changes = Changes(db)

    def keep(self, values: Mapping[str, Mapping[str, Mapping[str, Any]]], *, again: bool = False) -> None:
        """Keep what is newer than the kept version. Repeating it, in any order, changes nothing.

        values: by collection and id the values of an event, `version` among them. again: keep the same
        version once more, to learn fields that were ignored so far.
        """

        def work(session: ClientSession) -> None:
            newer = {name: self._newer(name, things, session, again) for name, things in values.items()}
            if not any(newer.values()):
                return
            change = self._changes.next(session)
            for name, things in newer.items():
                writes = [
                    ReplaceOne(
                        {"_id": id}, {"kind": self._kinds[name], **thing, "change": change}, upsert=True
                    )
                    for id, thing in things.items()
                ]
                if writes:
                    self._db[name].bulk_write(writes, ordered=False, session=session)

        in_transaction(self._db.client, work)

    def _newer(
        self, name: str, things: Mapping[str, Mapping[str, Any]], session: ClientSession, again: bool
    ) -> Mapping[str, Mapping[str, Any]]:
        if not things:
            return {}
        found = self._db[name].find({"_id": {"$in": list(things)}}, {"version": 1}, session=session)
        # Versions begin with 1.
        least = {known["_id"]: known["version"] + (not again) for known in found}
        return {id: thing for id, thing in things.items() if thing["version"] >= least.get(id, 1)}


def number_all(db: Database[Document], kinds: Mapping[str, str]) -> None:
    """Number the documents of these collections that were written before there were numbers; for a
    migration, and repeatable."""
    changes = Changes(db)

    def work(session: ClientSession) -> None:
        change = changes.next(session)
        for name, kind in kinds.items():
            db[name].update_many(
                {"change": {"$exists": False}}, {"$set": {"kind": kind, "change": change}}, session=session
            )

    in_transaction(db.client, work, seconds=60)
