"""Units, campaigns and targets: how they are stored, and the copy of them that a process answers from.

Each stored one carries the number of the change that wrote it, so that a copy reads only what is new.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis.mongo.transactions import in_transaction
from stats.adapters.documents import Document, campaign_fields, campaign_of, unit_fields, unit_of
from stats.adapters.generations import HEAD
from stats.application.errors import NotLoadedError
from stats.application.ports import Reference
from stats.domain.targets import Place
from stats.domain.units import Campaign, Unit, UnitTree

log = logging.getLogger(__name__)

CHANGES = "reference"
# `kind` is the same in all documents of a collection: an equality before the range on `change`.
KINDS = {"units": "unit", "campaigns": "campaign", "targets": "target"}

REFRESH_SECONDS = 1.0
# A copy older than this answers nothing: the generation that it names may be gone.
STALE_SECONDS = 10.0


def next_change(db: Database[Document], session: ClientSession) -> int:
    """The number of this transaction's change of reference data; numbers are committed in their order."""
    db["meta"].update_one({"_id": CHANGES}, {"$inc": {"change": 1}}, session=session)
    head = db["meta"].find_one({"_id": CHANGES}, session=session)
    number: int = head["change"] if head is not None else 0
    return number


class MongoReferenceStore:
    """Implements application.ports.ReferenceStore."""

    def __init__(self, db: Database[Document]) -> None:
        self._db = db

    def learn(self, units: Sequence[Unit], campaigns: Sequence[Campaign], *, again: bool = False) -> None:
        fields = {
            "units": {unit.code: unit_fields(unit) for unit in units},
            "campaigns": {campaign.id: campaign_fields(campaign) for campaign in campaigns},
        }

        def work(session: ClientSession) -> None:
            newer = {name: self._newer(name, documents, again, session) for name, documents in fields.items()}
            if not any(newer.values()):
                return
            change = next_change(self._db, session)
            for name, documents in newer.items():
                writes = [
                    ReplaceOne({"_id": id}, {"kind": KINDS[name], **document, "change": change}, upsert=True)
                    for id, document in documents.items()
                ]
                if writes:
                    self._db[name].bulk_write(writes, ordered=False, session=session)

        in_transaction(self._db.client, work)

    def _newer(
        self, collection: str, documents: dict[str, Document], again: bool, session: ClientSession
    ) -> dict[str, Document]:
        if not documents:
            return {}
        found = self._db[collection].find({"_id": {"$in": list(documents)}}, {"version": 1}, session=session)
        versions = {known["_id"]: known["version"] for known in found}
        return {
            id: document
            for id, document in documents.items()
            if document["version"] >= versions.get(id, 0) + (0 if again else 1)
        }


class ReferenceCopy:
    """The process's copy, refreshed by a thread of its own; reading it costs nothing and never waits."""

    def __init__(
        self,
        db: Database[Document],
        every: float = REFRESH_SECONDS,
        stale_after: float = STALE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._every = every
        self._stale_after = stale_after
        self._monotonic = monotonic
        self._units: dict[str, Unit] = {}
        self._tree = UnitTree(())
        self._campaigns: dict[str, Campaign] = {}
        self._targets: dict[Place, int] = {}
        self._change = -1
        self._current: Reference | None = None
        self._refreshed_at = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def current(self) -> Reference:
        """The copy. NotLoadedError before the first load, and when the database was away for too long."""
        current = self._current
        if current is None or self._monotonic() - self._refreshed_at > self._stale_after:
            raise NotLoadedError
        return current

    def start(self) -> None:
        """Refresh in the background from now on; after a fork only. Never waits for the database."""
        self._thread = threading.Thread(target=self._run, name="reference-copy", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self.refresh()
            except PyMongoError:
                log.warning("the copy of units, campaigns and targets was not refreshed", exc_info=True)
            if self._stop.wait(self._every):
                return

    def refresh(self) -> None:
        """Read what changed: one round trip when nothing did."""
        with self._lock:
            asked_at = self._monotonic()
            heads = {head["_id"]: head for head in self._db["meta"].find({"_id": {"$in": [HEAD, CHANGES]}})}
            if len(heads) < 2:
                return
            change, generation = heads[CHANGES]["change"], heads[HEAD]["generation"]
            if change != self._change:
                self._read_changes(change)
            self._current = Reference(self._tree, self._campaigns, self._targets, generation)
            self._refreshed_at = asked_at

    def _read_changes(self, change: int) -> None:
        # A restored database may be behind this copy: then everything is read again.
        since = self._change if self._change < change else -1
        fresh = since == -1
        units = {unit["_id"]: unit_of(unit["_id"], unit) for unit in self._changed("units", since)}
        campaigns = {found["_id"]: campaign_of(found) for found in self._changed("campaigns", since)}
        if units or fresh:
            self._units = units if fresh else self._units | units
            self._tree = UnitTree(self._units.values())
        if campaigns or fresh:
            self._campaigns = campaigns if fresh else self._campaigns | campaigns
        targets = {} if fresh else dict(self._targets)
        for found in self._changed("targets", since):
            targets.pop(Place(found["campaign"], found["unit"]), None)
            if found["target"] is not None:
                targets[Place(found["campaign"], found["unit"])] = found["target"]
        self._targets = targets
        self._change = change

    def _changed(self, collection: str, since: int) -> list[dict[str, Any]]:
        return list(self._db[collection].find({"kind": KINDS[collection], "change": {"$gt": since}}))
