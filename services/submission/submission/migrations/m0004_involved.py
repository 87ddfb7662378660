"""Who was ever involved in each initiative that was submitted before that was kept (decision 0021): from its
maker, its submitter and the authors of its stored revisions.
"""

from __future__ import annotations

from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database

from submission.adapters import documents, initiatives

_BATCH = 500


def run(db: Database[dict[str, Any]]) -> None:
    collection = db[initiatives.COLLECTION]
    unfilled = {"code": {"$exists": True}, "involved": {"$exists": False}}
    updates: list[UpdateOne] = []
    for document in collection.find(unfilled, {"outbox": 0, "requests": 0}):
        involved = sorted(documents.initiative(document).ever_involved())
        # The version stays: nothing changes for who has read it.
        updates.append(
            UpdateOne(
                {"_id": document["_id"], "involved": {"$exists": False}}, {"$set": {"involved": involved}}
            )
        )
        if len(updates) == _BATCH:
            collection.bulk_write(updates, ordered=False)
            updates.clear()
    if updates:
        collection.bulk_write(updates, ordered=False)
