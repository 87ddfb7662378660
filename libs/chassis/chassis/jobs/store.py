"""Enqueues, reads, cancels and retries jobs: the side of requests and operators. It never runs one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.clock import Clock
from chassis.jobs.documents import COLLECTION, ending, new_document, to_job
from chassis.jobs.job import Job, NewJob, State

# A change that loses a race against a worker is tried again; each loss means that the job moved on.
_RACES = 20


class JobEnded(Exception):
    """The job has ended, so it can no longer be cancelled."""


class JobNotEnded(Exception):
    """Only a job that failed or was cancelled can be retried."""


@dataclass(frozen=True)
class JobPage:
    """Jobs, newest first; last: the sort key to go on after, None at the end."""

    jobs: tuple[Job, ...]
    last: str | None


class Jobs:
    """The jobs of one service, in its own database."""

    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._jobs = db[COLLECTION]
        self._clock = clock

    def enqueue(self, job: NewJob, session: ClientSession | None = None) -> bool:
        """Store the job unless its id is known; whether it was new.

        session: of a transaction that the job belongs to; without one the write stands alone.
        """
        insert = {"$setOnInsert": new_document(job, self._clock())}
        try:
            written = self._jobs.update_one({"_id": job.id}, insert, upsert=True, session=session)
        except DuplicateKeyError:
            if session is not None:
                raise  # The transaction is void; its next attempt finds the job.
            return False
        return written.upserted_id is not None

    def find(self, id: str) -> Job | None:
        document = self._jobs.find_one({"_id": id})
        return None if document is None else to_job(document)

    def page(self, *, owner: str | None, after: str | None, limit: int) -> JobPage:
        """Newest first. owner: only this member's jobs; None: all jobs. after: JobPage.last."""
        wanted: dict[str, Any] = {"sort_key": {"$gt": ""} if after is None else {"$lt": after}}
        if owner is not None:
            wanted["owner"] = owner
        rows = list(self._jobs.find(wanted).sort("sort_key", -1).limit(limit + 1))
        jobs = tuple(to_job(row) for row in rows[:limit])
        return JobPage(jobs, jobs[-1].sort_key if len(rows) > limit else None)

    def cancel(self, id: str) -> Job | None:
        """Cancel a job: at once if no worker holds it, else before its next step. Again changes nothing.

        None when there is no such job. Raises JobEnded when it is done or has failed.
        """
        for _ in range(_RACES):
            job = self.find(id)
            if job is None or job.cancel_requested or job.state is State.CANCELLED:
                return job
            if job.ended:
                raise JobEnded(id)
            seen = {"_id": id, "state": job.state.value, "lease.fence": job.fence}
            if job.state is State.WAITING:
                change = ending(State.CANCELLED, self._clock())
            else:
                change = {"$set": {"cancel_requested": True}}
            if self._jobs.update_one(seen, change).matched_count:
                return self.find(id)
        raise TimeoutError("the job kept changing hands")

    def retry(self, id: str) -> Job | None:
        """Run a failed or cancelled job again, from its last checkpoint; None when there is no such job.

        Raises JobNotEnded when it is open or done.
        """
        job = self.find(id)
        if job is None:
            return None
        if job.state not in (State.FAILED, State.CANCELLED):
            raise JobNotEnded(id)
        again = {
            "$set": {
                "state": State.WAITING.value,
                "queue": job.kind,
                "due": self._clock(),
                "attempts": 0,
                "cancel_requested": False,
                "error": None,
            },
            "$unset": {"ended_at": ""},
        }
        # Of two retries at the same time one matches; both find the job open afterwards.
        self._jobs.update_one({"_id": id, "state": job.state.value, "lease.fence": job.fence}, again)
        return self.find(id)

    def remove(self, ids: Sequence[str], session: ClientSession | None = None) -> int:
        """Remove jobs that have ended; their ids may be enqueued again afterwards."""
        ended = {"_id": {"$in": list(ids)}, "ended_at": {"$exists": True}}
        return self._jobs.delete_many(ended, session=session).deleted_count
