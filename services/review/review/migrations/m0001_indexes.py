"""The collections and their indexes."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.events.outbox import OUTBOX_INDEX
from chassis.mongo.indexes import Index, ensure

INDEXES = (
    # Queues: what waits under a key, in the order of due days. Sparse: open cases only.
    Index("cases", (("waiting_for", 1), ("due_key", 1)), sparse=True),
    # Lists by unit and state, the latest opened first. Each unit of the path is an entry, and entries are
    # what an insert costs: hence no second index for lists of all states.
    Index("cases", (("initiative.unit_path", 1), ("state", 1), ("listed_key", -1))),
    OUTBOX_INDEX("cases"),
)


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, INDEXES)
