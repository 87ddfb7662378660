"""The jobs of this service, and what the retention of messages looks them up by."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.jobs.documents import INDEXES as JOB_INDEXES
from chassis.mongo.indexes import Index, ensure

INDEXES = (*JOB_INDEXES, Index("messages", (("at", 1),)))


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, INDEXES)
