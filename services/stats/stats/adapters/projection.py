"""The counters in MongoDB: what one transaction reads and writes. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pymongo import InsertOne, ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection as MongoCollectionOf
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError, ServerSelectionTimeoutError

from chassis.events.codec import EventCodec
from chassis.events.outbox import outbox_fields, push_outbox
from chassis.mongo.transactions import in_transaction
from stats.adapters.documents import (
    CounterChange,
    Document,
    changed_counter,
    counter_changes,
    snapshot_document,
    snapshot_of,
    target_fields,
    target_id,
    target_of,
    total_id,
)
from stats.adapters.generations import Generations
from stats.adapters.target_events import target_reached
from stats.application.errors import TargetChangedError, TooSlowError
from stats.application.ports import Projection
from stats.domain.counting import ALL, Change
from stats.domain.snapshots import Basis, Snapshot
from stats.domain.targets import Place, Target, TargetReached
from union.kept_copy import Changes

T = TypeVar("T")

Item = TypeVar("Item")

Operation = InsertOne[Document] | ReplaceOne[Document]
MongoCollection = MongoCollectionOf[Document]

TARGETS = "targets"
OPERATIONS_PER_ROUND_TRIP = 500
TRANSACTION_SECONDS = 20.0


class GenerationWriter:
    """Reads and writes the snapshots and counters of one generation, in a transaction or without one.

    between: called before each round trip, so that a long run of them can keep a lease.
    """

    def __init__(
        self,
        generations: Generations,
        generation: int,
        session: ClientSession | None = None,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self._snapshots = generations.snapshots(generation)
        self._counters = generations.counters(generation)
        self._session = session
        self._between = between

    def stored(self, initiatives: Collection[str]) -> dict[str, Snapshot]:
        stored = {}
        for ids in _parts(list(initiatives)):
            self._between()
            for document in self._snapshots.find({"_id": {"$in": ids}}, session=self._session):
                stored[document["_id"]] = snapshot_of(document)
        return stored

    def write(self, change: Change, known: Collection[str]) -> None:
        self._change_counters(counter_changes(change.deltas, change.newest))
        documents = [snapshot_document(snapshot) for snapshot in change.newest.values()]
        self._bulk_write(self._snapshots, _writes(documents, known))

    def _change_counters(self, changes: Mapping[str, CounterChange]) -> None:
        """Read, add and replace: the turn makes this the only writer.

        One $inc per counter would do, too, but its cost in SecantusDB grows with the square of the numbers
        that a batch changes in a counter: 8 s of CPU for the nation's month, against 0.03 s for this.
        """
        for ids in _parts(list(changes)):
            self._between()
            found = self._counters.find({"_id": {"$in": ids}}, session=self._session)
            stored = {document["_id"]: document for document in found}
            documents = [changed_counter(id, stored.get(id), changes[id]) for id in ids]
            self._bulk_write(self._counters, _writes(documents, stored.keys()))

    def _bulk_write(self, collection: MongoCollection, operations: Sequence[Operation]) -> None:
        for part in _parts(operations):
            self._between()
            collection.bulk_write(part, ordered=False, session=self._session)

    def approved(self, places: Collection[Place]) -> dict[Place, int]:
        by_id = {total_id(place.unit, place.campaign): place for place in places}
        path = f"c.{ALL}.{Basis.APPROVED.value}.n"
        found = self._counters.find({"_id": {"$in": list(by_id)}}, {path: 1}, session=self._session)
        return {by_id[document["_id"]]: _at(document, path) for document in found}


class MongoProjection(GenerationWriter):
    """One counting transaction."""

    def __init__(
        self,
        db: Database[Document],
        codec: EventCodec,
        generations: Generations,
        generation: int,
        session: ClientSession,
    ) -> None:
        super().__init__(generations, generation, session)
        self._db = db
        self._codec = codec
        self._transaction = session

    def target(self, place: Place) -> Target | None:
        found = self._db[TARGETS].find_one({"_id": target_id(place)}, session=self._transaction)
        return None if found is None else target_of(found)

    def open_targets(self, places: Collection[Place] | None) -> list[Target]:
        # By ids alone where there are some: a second condition would cost SecantusDB the index.
        wanted: Document = {"open": True}
        if places is not None:
            wanted = {"_id": {"$in": [target_id(place) for place in places]}}
        found = (
            target_of(document) for document in self._db[TARGETS].find(wanted, session=self._transaction)
        )
        return [target for target in found if target.open]

    def save_target(self, target: Target, *, expected_version: int, reached: TargetReached | None) -> None:
        id = target_id(target.place)
        fields = target_fields(target) | {"change": Changes(self._db).next(self._transaction)}
        events = [] if reached is None else [target_reached(self._codec, reached)]
        if expected_version == 0:
            document = {"_id": id, "kind": "target", **fields, **outbox_fields(id, events)}
            try:
                self._db[TARGETS].insert_one(document, session=self._transaction)
            except DuplicateKeyError:
                raise TargetChangedError from None
            return
        result = self._db[TARGETS].update_one(
            {"_id": id, "version": expected_version},
            push_outbox({"$set": fields}, id, events),
            session=self._transaction,
        )
        if result.matched_count == 0:
            raise TargetChangedError


class MongoProjectionStore:
    """Implements application.ports.ProjectionStore."""

    def __init__(self, db: Database[Document], codec: EventCodec, generations: Generations) -> None:
        self._db = db
        self._codec = codec
        self._generations = generations

    def transact(self, work: Callable[[Projection], T], *, during_rebuild: bool = False) -> T:
        def in_turn(session: ClientSession) -> T:
            generation = self._generations.turn(session, during_rebuild=during_rebuild)
            return work(MongoProjection(self._db, self._codec, self._generations, generation, session))

        try:
            return in_transaction(self._db.client, in_turn, seconds=TRANSACTION_SECONDS)
        except PyMongoError as error:
            if error.timeout and not isinstance(error, ServerSelectionTimeoutError):
                raise TooSlowError from error
            raise

    def target(self, place: Place) -> Target | None:
        found = self._db[TARGETS].find_one({"_id": target_id(place)})
        return None if found is None else target_of(found)


def _writes(documents: Iterable[Document], known: Collection[str]) -> list[Operation]:
    """Replace what is known, insert the rest."""
    return [
        ReplaceOne({"_id": document["_id"]}, document) if document["_id"] in known else InsertOne(document)
        for document in documents
    ]


def _parts(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut so that each round trip is well within the time of one operation."""
    for start in range(0, len(items), OPERATIONS_PER_ROUND_TRIP):
        yield items[start : start + OPERATIONS_PER_ROUND_TRIP]


def _at(document: Any, path: str) -> int:
    parts: Iterable[str] = path.split(".")
    for part in parts:
        document = document.get(part, {})
    return document or 0
