"""The record of mails that were begun. A closed one is kept as long as its owner could possibly wake up; an
open one does not expire, because mails wait for what it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import Index, ensure

INDEXES = (Index("mail_journal", (("closed_at", 1),), expire_after=timedelta(days=30)),)


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, INDEXES)
