"""The first generation of counters, the documents that order the writes, and the indexes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from chassis.events.outbox import OUTBOX_INDEX
from chassis.mongo.indexes import Index, ensure

FIRST_GENERATION = 1
COLLECTIONS = ("meta", "units", "campaigns", "targets", "snapshots_1", "counters_1")
INDEXES = (
    Index("units", (("kind", 1), ("change", 1))),
    Index("campaigns", (("kind", 1), ("change", 1))),
    Index("targets", (("kind", 1), ("change", 1))),
    # Targets whose reaching would be news: all of them, after a rebuild.
    Index("targets", (("open", 1),)),
    OUTBOX_INDEX("targets"),
)


def run(db: Database[dict[str, Any]]) -> None:
    # Created here, for a transaction of the live service must never be the one that creates a collection.
    existing = set(db.list_collection_names())
    for name in COLLECTIONS:
        if name not in existing:
            db.create_collection(name)
    ensure(db, INDEXES)
    head = {
        "generation": FIRST_GENERATION,
        "previous": None,
        "readable_until": datetime(1970, 1, 1, tzinfo=UTC),
        "last_generation": FIRST_GENERATION,
        "turns": 0,
        "hold": None,
    }
    db["meta"].update_one({"_id": "projection"}, {"$setOnInsert": head}, upsert=True)
    db["meta"].update_one({"_id": "reference"}, {"$setOnInsert": {"change": 0}}, upsert=True)
