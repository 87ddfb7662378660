"""Jobs as MongoDB documents, and the indexes that their collection needs. A reader ignores fields it does not
know and has a default for those that later versions added.

`queue` (the kind) and `due` exist only while a job is open, `ended_at` only afterwards, so that the sparse
index of what workers poll stays as small as the backlog, however many finished jobs are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.clock import to_milliseconds
from chassis.jobs.job import Job, NewJob, Progress, Result, State
from chassis.mongo.indexes import Index
from chassis.mongo.keyset import sort_key

Document = dict[str, Any]

COLLECTION = "jobs"

INDEXES = (
    # What workers poll: open jobs of one kind by the time at which they may be taken.
    Index(COLLECTION, (("queue", 1), ("due", 1)), sparse=True),
    # Lists, newest first: a member's own, and all for operators.
    Index(COLLECTION, (("owner", 1), ("sort_key", 1))),
    Index(COLLECTION, (("sort_key", 1),)),
    # Retention.
    Index(COLLECTION, (("ended_at", 1),), sparse=True),
)


def new_document(job: NewJob, now: datetime) -> Document:
    """A job that has not begun, without its `_id`."""
    return {
        "kind": job.kind,
        "state": State.WAITING.value,
        "queue": job.kind,
        "due": to_milliseconds(job.due or now),
        "lease": {"owner": None, "until": None, "fence": 0},
        "attempts": 0,
        "step": 0,
        "args": dict(job.args),
        "checkpoint": None,
        "progress": {"done": 0, "total": None, "note": None},
        "owner": job.owner,
        "unit_path": list(job.unit_path),
        "cancel_requested": False,
        "created_at": now,
        "sort_key": sort_key(now, job.id),
    }


def to_job(document: Mapping[str, Any]) -> Job:
    progress, result = document["progress"], document.get("result")
    return Job(
        id=document["_id"],
        kind=document["kind"],
        state=State(document["state"]),
        args=document["args"],
        due=document.get("due"),
        fence=document["lease"]["fence"],
        attempts=document["attempts"],
        step=document["step"],
        checkpoint=document["checkpoint"],
        progress=Progress(progress["done"], progress["total"], progress["note"]),
        owner=document["owner"],
        unit_path=tuple(document["unit_path"]),
        cancel_requested=document["cancel_requested"],
        result=None if result is None else Result(result["counts"], result["href"]),
        error=document.get("error"),
        created_at=document["created_at"],
        ended_at=document.get("ended_at"),
        sort_key=document["sort_key"],
    )


def ending(
    state: State, now: datetime, *, error: str | None = None, result: Result | None = None
) -> Document:
    """The update that ends a job. It raises the fence, so that whoever held or was about to take it loses."""
    left = {"counts": dict(result.counts), "href": result.href} if result is not None else None
    return {
        "$set": {
            "state": state.value,
            "ended_at": now,
            "error": error,
            "result": left,
            "lease.owner": None,
            "lease.until": None,
        },
        "$inc": {"lease.fence": 1},
        "$unset": {"queue": "", "due": ""},
    }
