"""The collections with their indexes."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import ensure
from submission.adapters import initiatives, reference_documents


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, (*initiatives.INDEXES, *reference_documents.INDEXES))
