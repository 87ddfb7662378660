"""Initiatives in MongoDB. Each write is one command on one document, with its event in the document's
outbox and the answer to its request beside it: there is nothing to roll back and nothing to lose in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pymongo import DESCENDING, UpdateOne
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.events.codec import PendingEvent
from chassis.events.outbox import outbox_fields, outbox_index, push_outbox
from chassis.mongo.indexes import Index
from chassis.web.idempotency import KEEP, StoredAnswer
from submission.adapters import documents
from submission.adapters.page_window import PageWindows
from submission.application.ports import CodeTaken, IdTaken, Listed, ReviewChange, Stored
from submission.domain.initiative import Initiative
from submission.domain.states import State

COLLECTION = "initiatives"
INDEXES = (
    # Sparse: drafts have no code, and their number must not matter.
    Index(COLLECTION, (("code", 1),), unique=True, sparse=True),
    Index(COLLECTION, (("owners", 1), ("sort_key", -1))),
    Index(COLLECTION, (("owners", 1), ("state", 1), ("sort_key", -1))),
    Index(COLLECTION, (("unit_path", 1), ("sort_key", -1)), sparse=True),
    Index(COLLECTION, (("unit_path", 1), ("state", 1), ("sort_key", -1)), sparse=True),
    outbox_index(COLLECTION),
)

# Rows that one query reads where most are left out.
MOST_AT_ONCE = 1_000


class MongoInitiatives:
    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._collection = db[COLLECTION]
        self._windows = PageWindows()

    def add(self, initiative: Initiative, answer: StoredAnswer, events: Sequence[PendingEvent] = ()) -> None:
        document = documents.initiative_document(initiative)
        document["requests"] = [answer.to_document()]
        document |= outbox_fields(initiative.id, events)
        try:
            self._collection.insert_one(document)
        except DuplicateKeyError as error:
            raise _taken(error) from None

    def submit_draft(
        self, submitted: Initiative, answer: StoredAnswer, events: Sequence[PendingEvent]
    ) -> bool:
        draft = {
            "_id": submitted.id,
            "version": submitted.version - 1,
            "state": State.DRAFT.value,
            "owner": submitted.owner,
            "on_behalf_of": submitted.content.on_behalf_of,
        }
        return self._update(draft, submitted, answer, events)

    def replace(
        self, changed: Initiative, answer: StoredAnswer | None, events: Sequence[PendingEvent] = ()
    ) -> bool:
        before = {"_id": changed.id, "version": changed.version - 1}
        return self._update(before, changed, answer, events)

    def _update(
        self,
        condition: Mapping[str, Any],
        changed: Initiative,
        answer: StoredAnswer | None,
        events: Sequence[PendingEvent],
    ) -> bool:
        fields = documents.changing_fields(changed)
        # One by one, so that a field of the content that a later release added stays.
        fields |= {f"content.{name}": value for name, value in fields.pop("content").items()}
        update: dict[str, Any] = {"$set": {"version": changed.version, **fields}}
        if answer is not None:
            update["$push"] = {"requests": {"$each": [answer.to_document()], "$slice": -KEEP}}
        try:
            result = self._collection.update_one(condition, push_outbox(update, changed.id, events))
        except DuplicateKeyError as error:
            raise _taken(error) from None
        return result.matched_count == 1

    def delete_draft(self, id: str, version: int) -> bool:
        draft = {"_id": id, "version": version, "state": State.DRAFT.value}
        return self._collection.delete_one(draft).deleted_count == 1

    def count_drafts(self, subject: str, most: int) -> int:
        # By the index on owners and state; `owner` leaves out what others made for this person.
        drafts = {"owners": subject, "state": State.DRAFT.value, "owner": subject}
        return self._collection.count_documents(drafts, limit=most)

    def find(self, id: str) -> Stored | None:
        document = self._collection.find_one({"_id": id}, {"outbox": 0})
        return None if document is None else Stored(documents.initiative(document), document["requests"])

    def find_by_code(self, code: str) -> Initiative | None:
        document = self._collection.find_one({"code": code}, {"outbox": 0, "requests": 0})
        return None if document is None else documents.initiative(document)

    def of_owner(self, subject: str, state: State | None, before: str | None, limit: int) -> list[Listed]:
        # A person's own list is short.
        return self._page(page_query({"owners": subject}, state, before), limit)

    def of_unit(
        self,
        unit: str,
        state: State | None,
        before: str | None,
        limit: int,
        *,
        within: frozenset[str] | None = None,
    ) -> list[Listed]:
        read = self._learned_page(unit, state, before, limit)
        if within is None:
            return read
        rows, size = _under(read, within), limit
        # Rows are left out only where a unit has moved: one range of its list. A condition on a second unit
        # of the path would make the embedded database read the whole collection.
        while len(rows) < limit and len(read) == size:
            size = min(2 * size, MOST_AT_ONCE)
            read = self._page(page_query({"unit_path": unit}, state, read[-1].position), size)
            rows += _under(read, within)
        return rows[:limit]

    def _learned_page(self, unit: str, state: State | None, before: str | None, limit: int) -> list[Listed]:
        list_key = f"{unit}:{state}"
        rows: list[Listed] = []
        floor = self._windows.floor(list_key, before)
        if floor is not None:
            rows = self._page(page_query({"unit_path": unit}, state, before, floor), limit)
        if len(rows) < limit:
            rows = self._page(page_query({"unit_path": unit}, state, before), limit)
        if len(rows) == limit:
            self._windows.learn(list_key, before, [row.position for row in rows])
        return rows

    def _page(self, query: dict[str, Any], limit: int) -> list[Listed]:
        found = self._collection.find(query, documents.LISTED).sort("sort_key", DESCENDING).limit(limit)
        # One batch holds the page: no second round trip for its last rows.
        return [documents.listed(document) for document in found.batch_size(limit + 1)]

    def follow(self, changes: Iterable[ReviewChange]) -> int:
        """The gate is in the filter, so that the database decides atomically what is news, without a read."""
        updates = [
            UpdateOne(
                {"_id": change.initiative_id, "sequence": {"$lt": str(change.sequence)}},
                {
                    "$set": {
                        "state": change.state.value,
                        "sequence": str(change.sequence),
                        **documents.review_fields(change.milestones, change.progress),
                        **({"passed": dict(change.passed)} if change.passed else {}),
                    },
                    "$inc": {"version": 1},
                },
            )
            for change in changes
        ]
        return self._collection.bulk_write(updates, ordered=False).modified_count


def _under(rows: Iterable[Listed], units: frozenset[str]) -> list[Listed]:
    return [row for row in rows if not units.isdisjoint(row.unit_path)]


def page_query(
    scope: Mapping[str, Any], state: State | None, before: str | None, floor: str | None = None
) -> dict[str, Any]:
    """Equality first, then one range on the sort key: what an index serves as it stands."""
    query = dict(scope)
    if state is not None:
        query["state"] = state.value
    if before is not None or floor is not None:
        bounds = {"$gte": floor, "$lt": before}
        query["sort_key"] = {operator: bound for operator, bound in bounds.items() if bound is not None}
    return query


def _taken(error: DuplicateKeyError) -> Exception:
    pattern = (error.details or {}).get("keyPattern", {})
    return CodeTaken() if "code" in pattern else IdTaken()
