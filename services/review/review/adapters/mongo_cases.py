"""Cases in MongoDB. Every write is conditional on the version that was read and carries its events in the
same document; lists are an equality, one range and a sort on an index.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import InsertOne, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError

from chassis.clock import Clock
from chassis.events.codec import EventCodec
from chassis.events.outbox import outbox_fields, push_outbox
from review.adapters.case_documents import WAITING_FIELDS, from_document, to_document
from review.adapters.contract import pending
from review.application.ports import Answers, KeptCase, Page
from review.domain.case import Case, Move
from review.domain.workflow import State

Document = dict[str, Any]

COLLECTION = "cases"
DUPLICATE_KEY = 11000
# What no reader of cases needs: it can be larger than the case itself.
WITHOUT_OUTBOX = {"outbox": 0, "outbox_lane": 0}
WITHOUT_WRITES = {**WITHOUT_OUTBOX, "requests": 0}
# Cases that one query reads where most are left out.
MOST_AT_ONCE = 500


class MongoCases:
    """Fulfils application.ports.Cases."""

    def __init__(self, db: Database[Document], codec: EventCodec, clock: Clock) -> None:
        self._cases = db[COLLECTION]
        self._codec = codec
        self._clock = clock

    def find(self, case_id: str) -> KeptCase | None:
        document = self._cases.find_one({"_id": case_id}, WITHOUT_OUTBOX)
        if document is None:
            return None
        return KeptCase(from_document(document), document.get("requests", []))

    def find_many(self, case_ids: Iterable[str]) -> Mapping[str, Case]:
        found = self._cases.find({"_id": {"$in": list(case_ids)}}, WITHOUT_WRITES)
        return {document["_id"]: from_document(document) for document in found}

    def replace(self, move: Move, answers: Answers) -> bool:
        update = self._update(move)
        update["$set"]["requests"] = list(answers)
        return self._cases.update_one(self._unchanged(move), update).modified_count == 1

    def store(self, moves: Sequence[Move], traces: Mapping[str, str]) -> frozenset[str]:
        opened = [move for move in moves if move.case.version == 1]
        changed = [move for move in moves if move.case.version > 1]
        return self._insert(opened, traces) | self._change(changed, traces)

    def queue(self, keys: Sequence[str], after: str | None, limit: int) -> Page:
        # One query per key: an engine can serve an equality in order, but hardly an $in.
        # One more than `limit` tells whether there is a next page.
        pages = [self._sorted({"waiting_for": key}, "due_key", 1, after, limit + 1) for key in keys]
        merged: dict[str, Document] = {}
        for document in heapq.merge(*pages, key=lambda document: str(document["due_key"])):
            # Two grants, one above the other, find the same case.
            merged.setdefault(document["_id"], document)
        return _page(list(merged.values()), "due_key", limit)

    def listed(
        self,
        unit: str,
        state: State,
        after: str | None,
        limit: int,
        *,
        within: frozenset[str] | None = None,
    ) -> Page:
        condition = {"initiative.unit_path": unit, "state": str(state)}
        size = limit + 1
        read = self._sorted(condition, "listed_key", -1, after, size)
        rows = _under(read, within)
        # Rows are left out only where a unit has moved: one range of its list. A condition on a second unit
        # of the path would make the embedded database read the whole collection.
        while len(rows) <= limit and len(read) == size:
            size = min(2 * size, MOST_AT_ONCE)
            read = self._sorted(condition, "listed_key", -1, str(read[-1]["listed_key"]), size)
            rows += _under(read, within)
        return _page(rows, "listed_key", limit)

    def _sorted(
        self, condition: Mapping[str, Any], order: str, direction: int, after: str | None, count: int
    ) -> list[Document]:
        query = dict(condition)
        if after is not None:
            query[order] = {"$gt" if direction == 1 else "$lt": after}
        return list(self._cases.find(query, WITHOUT_WRITES).sort(order, direction).limit(count))

    def _insert(self, moves: Sequence[Move], traces: Mapping[str, str]) -> frozenset[str]:
        if not moves:
            return frozenset()
        now = self._clock()
        documents = []
        for move in moves:
            events = pending(self._codec, move, now, traces.get(move.case.id))
            documents.append({**to_document(move.case), **outbox_fields(move.case.id, events)})
        try:
            self._cases.bulk_write([InsertOne(document) for document in documents], ordered=False)
        except BulkWriteError as error:
            return frozenset(documents[failure["index"]]["_id"] for failure in _duplicates(error))
        return frozenset()

    def _change(self, moves: Sequence[Move], traces: Mapping[str, str]) -> frozenset[str]:
        if not moves:
            return frozenset()
        writes = [
            UpdateOne(self._unchanged(move), self._update(move, traces.get(move.case.id))) for move in moves
        ]
        result = self._cases.bulk_write(writes, ordered=False)
        if result.matched_count == len(moves):
            return frozenset()
        # The answer does not say which; the caller reads again, and finds its own writes done.
        return frozenset(move.case.id for move in moves)

    def _unchanged(self, move: Move) -> Document:
        return {"_id": move.case.id, "version": move.case.version - 1}

    def _update(self, move: Move, traceparent: str | None = None) -> Document:
        document = to_document(move.case)
        case_id = document.pop("_id")
        # Frozen, and of a later release it may hold more than this code knows; so may earlier entries.
        document.pop("policy")
        entries = [entry for entry in document.pop("history") if entry["version"] == move.case.version]
        update: Document = {"$set": document}
        if entries:
            update["$push"] = {"history": {"$each": entries}}
        ended = {name: "" for name in WAITING_FIELDS if name not in document}
        if ended:
            update["$unset"] = ended
        return push_outbox(update, case_id, pending(self._codec, move, self._clock(), traceparent))


def _under(documents: Sequence[Document], units: frozenset[str] | None) -> list[Document]:
    if units is None:
        return list(documents)
    return [one for one in documents if not units.isdisjoint(one["initiative"]["unit_path"])]


def _page(documents: Sequence[Document], order: str, limit: int) -> Page:
    shown = documents[:limit]
    more = len(documents) > limit
    return Page(tuple(map(from_document, shown)), str(shown[-1][order]) if more else None)


def _duplicates(error: BulkWriteError) -> list[Mapping[str, Any]]:
    """The failures of a bulk insert, if all are duplicates; else the error."""
    failures: list[Mapping[str, Any]] = error.details["writeErrors"]
    if error.details.get("writeConcernErrors") or any(f["code"] != DUPLICATE_KEY for f in failures):
        raise error
    return failures
