"""The collection of what the public may read, filled with what was approved before it existed."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import ensure
from submission.adapters import showcase


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, showcase.INDEXES)
    showcase.MongoShowcase(db).publish_all()
