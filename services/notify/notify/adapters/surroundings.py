"""Owns what this service keeps of other services' data to tell people well: names of units, withdrawn
revisions. It must never keep more of it than that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from notify.adapters.messages import DUPLICATE_KEY
from notify.adapters.reads import Store, find_by_any
from notify.application.ports import UnitName
from notify.domain.messages import UnitNames


class MongoUnits:
    def __init__(self, db: Store) -> None:
        self._units = db["units"]

    def learn(self, units: Sequence[UnitName]) -> None:
        updates = [
            UpdateOne(
                {"_id": unit.code, "version": {"$lt": unit.version}},
                {"$set": {"version": unit.version, "names": dict(unit.names)}},
                upsert=True,
            )
            for unit in units
        ]
        try:
            self._units.bulk_write(updates, ordered=False)
        except BulkWriteError as error:
            # A duplicate key here says that the stored version is not older, so this one is old news.
            details = dict(error.details or {})
            codes = {one["code"] for one in details.get("writeErrors", ())}
            if codes != {DUPLICATE_KEY} or details.get("writeConcernErrors"):
                raise

    def names(self, codes: Collection[str]) -> Mapping[str, UnitNames]:
        return {document["_id"]: document["names"] for document in find_by_any(self._units, "_id", codes)}


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
