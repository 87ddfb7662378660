"""Owns what this service keeps of other services' data to inform people well: units, names of campaigns,
withdrawn revisions. It must never keep more of it than that."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from pymongo import UpdateOne

from notify.adapters.reads import Document, Store, find_by_any
from notify.application.ports import GivenName
from notify.domain.names import Bearer, Mentions, Names
from union.kept_copy import KeptCopy

COLLECTIONS: Final[Mapping[Bearer, str]] = {Bearer.UNIT: "units", Bearer.CAMPAIGN: "campaigns"}
KINDS: Final[Mapping[str, str]] = {collection: bearer.value for bearer, collection in COLLECTIONS.items()}


class MongoNames:
    """One round trip for each kind of bearer, and none for a kind of which nothing is asked."""

    def __init__(self, db: Store) -> None:
        self._copy = KeptCopy(db, KINDS)
        self._kept = {bearer: db[collection] for bearer, collection in COLLECTIONS.items()}

    def learn(self, given: Sequence[GivenName], *, again: bool = False) -> None:
        newest: dict[tuple[Bearer, str], GivenName] = {}
        for one in given:
            known = newest.get((one.bearer, one.id))
            if known is None or known.version <= one.version:
                newest[one.bearer, one.id] = one
        values: dict[str, dict[str, Document]] = {collection: {} for collection in KINDS}
        for one in newest.values():
            values[COLLECTIONS[one.bearer]][one.id] = {
                **one.facts,
                "version": one.version,
                "names": dict(one.names),
            }
        self._copy.keep(values, again=again)

    def of(self, mentions: Mentions) -> Names:
        return {
            bearer: {document["_id"]: document["names"] for document in find_by_any(kept, "_id", ids)}
            for bearer, kept in self._kept.items()
            if (ids := mentions.get(bearer))
        }


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
