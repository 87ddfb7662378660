"""The collections and their indexes."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import Index, ensure

INDEXES = (
    # Who is reachable by a member id or holds a role at a unit.
    Index("contacts", (("keys", 1),)),
    # A person's inbox, newest first, and its unread part; erasure uses the first field.
    Index("messages", (("member", 1), ("channel", 1), ("sort_key", 1))),
    Index("messages", (("member", 1), ("unread", 1), ("sort_key", 1))),
    # Mail that waits: both fields go when it is sent or given up, so the index stays as small as the queue.
    Index("messages", (("waits_in", 1), ("waits_until", 1)), sparse=True),
)


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, INDEXES)
