"""Jobs carried by an aggregate: the write that causes a job also stores it, inside the aggregate's own
document, as it does with events (chassis.events.outbox). A mover turns carried jobs into job documents, each
exactly once however often it dies in between: it enqueues by id, and takes a job off the aggregate only
afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.collection import Collection
from pymongo.database import Database

from chassis.jobs.job import NewJob
from chassis.jobs.store import Jobs
from chassis.mongo.indexes import Index

CARRIED: Final = "jobs_carried"
# Present while a document carries jobs, so that a sparse index finds these documents and no others.
MARK: Final = "carries_jobs"
CHUNK: Final = 200


def carried_fields(jobs: Sequence[NewJob]) -> dict[str, Any]:
    """The fields to merge into a document that is inserted; none without jobs."""
    return {CARRIED: [_document(job) for job in jobs], MARK: True} if jobs else {}


def carry(update: Mapping[str, Any], jobs: Sequence[NewJob]) -> dict[str, Any]:
    """`update` (an update document with operators) with the jobs added to it; a new dict.

    The update must not touch the two fields of carried jobs otherwise.
    """
    if not jobs:
        return dict(update)
    push = {**update.get("$push", {}), CARRIED: {"$each": [_document(job) for job in jobs]}}
    return {**update, "$push": push, "$set": {**update.get("$set", {}), MARK: True}}


def carried_index(collection: str) -> Index:
    """The index that finds the documents that carry jobs."""
    return Index(collection, ((MARK, 1),), sparse=True)


class Mover:
    """Moves the jobs that the documents of `collections` carry. Any number of movers may run at the same
    time.

    A job is enqueued once as long as no mover sleeps between its read and its write for longer than finished
    jobs are kept (chassis.jobs.retention).
    """

    def __init__(self, db: Database[dict[str, Any]], collections: Sequence[str], jobs: Jobs) -> None:
        self._collections = [db[name] for name in collections]
        self._jobs = jobs

    def move(self) -> int:
        """Move what is carried now, up to a chunk of each collection; the number of jobs that were new."""
        return sum(self._move(collection) for collection in self._collections)

    def _move(self, collection: Collection[dict[str, Any]]) -> int:
        new = 0
        removals = []
        for document in collection.find({MARK: True}, {CARRIED: 1}).limit(CHUNK):
            carried = document.get(CARRIED, [])
            new += sum(self._jobs.enqueue(_new_job(job)) for job in carried)
            removals += _removals(document["_id"], [job["id"] for job in carried])
        if removals:
            collection.bulk_write(removals)
        return new


def _removals(id: Any, moved: list[str]) -> list[UpdateOne]:
    """Takes off what was moved; the mark goes only if no other job has been added since."""
    return [
        UpdateOne({"_id": id}, {"$pull": {CARRIED: {"id": {"$in": moved}}}}),
        UpdateOne({"_id": id, CARRIED: {"$size": 0}}, {"$unset": {CARRIED: "", MARK: ""}}),
    ]


def _document(job: NewJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "kind": job.kind,
        "args": dict(job.args),
        "due": job.due,
        "owner": job.owner,
        "unit_path": list(job.unit_path),
    }


def _new_job(document: Mapping[str, Any]) -> NewJob:
    return NewJob(
        id=document["id"],
        kind=document["kind"],
        args=document.get("args", {}),
        due=document.get("due"),
        owner=document.get("owner"),
        unit_path=tuple(document.get("unit_path", ())),
    )
