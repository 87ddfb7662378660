"""Owns what this service keeps of other services' data to tell people well: names of units and
campaigns, withdrawn revisions. It must never keep more of it than that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pymongo import UpdateOne
from pymongo.collection import Collection as MongoCollection
from pymongo.errors import BulkWriteError

from notify.adapters.messages import DUPLICATE_KEY
from notify.adapters.reads import Document, Store, find_by_any
from notify.application.ports import GivenName
from notify.domain.names import Bearer, Mentions, Names

COLLECTIONS: Final[Mapping[Bearer, str]] = {Bearer.UNIT: "units", Bearer.CAMPAIGN: "campaigns"}


class MongoNames:
    """One round trip for each kind of bearer, and none for a kind of which nothing is asked."""

    def __init__(self, db: Store) -> None:
        self._kept = {bearer: db[collection] for bearer, collection in COLLECTIONS.items()}

    def learn(self, given: Sequence[GivenName], *, again: bool = False) -> None:
        older = "$lte" if again else "$lt"
        for bearer, kept in self._kept.items():
            updates = [
                UpdateOne(
                    {"_id": one.id, "version": {older: one.version}},
                    {"$set": {"version": one.version, "names": dict(one.names)}},
                    upsert=True,
                )
                for one in given
                if one.bearer is bearer
            ]
            if updates:
                _write_unless_newer(kept, updates)

    def of(self, mentions: Mentions) -> Names:
        return {
            bearer: {document["_id"]: document["names"] for document in find_by_any(kept, "_id", ids)}
            for bearer, kept in self._kept.items()
            if (ids := mentions.get(bearer))
        }


def _write_unless_newer(kept: MongoCollection[Document], updates: Sequence[UpdateOne]) -> None:
    try:
        kept.bulk_write(updates, ordered=False)
    except BulkWriteError as error:
        # A duplicate key here says that the stored version is not older, so this one is old news.
        details = dict(error.details or {})
        codes = {one["code"] for one in details.get("writeErrors", ())}
        if codes != {DUPLICATE_KEY} or details.get("writeConcernErrors"):
            raise


class MongoWithdrawals:
    def __init__(self, db: Store) -> None:
        self._withdrawals = db["withdrawals"]

    def note(self, revisions: Mapping[str, int]) -> None:
        self._withdrawals.bulk_write(
            [
                UpdateOne({"_id": initiative}, {"$max": {"revision": revision}}, upsert=True)
                for initiative, revision in sorted(revisions.items())
            ],
            ordered=False,
        )

    def known(self, initiatives: Collection[str]) -> Mapping[str, int]:
        found = find_by_any(self._withdrawals, "_id", initiatives)
        return {document["_id"]: document["revision"] for document in found}
