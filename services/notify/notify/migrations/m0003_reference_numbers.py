"""The numbers by which a copy finds what changed, for the units and campaigns from before there were any."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import ensure
from notify.adapters.surroundings import KINDS
from union.kept_copy import COUNTER, change_index, number_all


def run(db: Database[dict[str, Any]]) -> None:
    # Created here, for a transaction of the live service must never be the one that creates a collection.
    existing = set(db.list_collection_names())
    for name in {*KINDS, COUNTER} - existing:
        db.create_collection(name)
    ensure(db, [change_index(name) for name in KINDS])
    number_all(db, KINDS)
