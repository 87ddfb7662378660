"""The numbers by which a copy of the union tree finds what changed, for the units from before there were any.
They take the place of the mark that was raised after each change."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import ensure
from review.adapters.mongo_units import COLLECTION, KINDS
from union.kept_copy import COUNTER, change_index, number_all


def run(db: Database[dict[str, Any]]) -> None:
    # Created here, for a transaction of the live service must never be the one that creates a collection.
    existing = set(db.list_collection_names())
    for name in {COLLECTION, COUNTER} - existing:
        db.create_collection(name)
    ensure(db, [change_index(COLLECTION)])
    number_all(db, KINDS)
