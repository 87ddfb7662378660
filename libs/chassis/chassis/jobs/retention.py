"""The kind of job that removes finished jobs, so that their collection does not grow without end. It touches
no open job.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any, Final

from pymongo.client_session import ClientSession
from pymongo.database import Database

from chassis.clock import Clock
from chassis.jobs.documents import COLLECTION
from chassis.jobs.job import Job, Progress, Result
from chassis.jobs.steps import Advance, Finish, Kind
from chassis.jobs.store import Jobs
from chassis.schedule.rules import Daily, Schedule

KIND: Final = "jobs.retention"
DAYS: Final = 30
CHUNK: Final = 200

# At night, when few people wait for the database.
SCHEDULE: Final = Schedule(KIND, Daily(time(3, 30)), KIND)


class RemoveFinishedJobs:
    """keep: how long a finished job can still be looked up, and its id is not enqueued again."""

    def __init__(
        self, db: Database[dict[str, Any]], clock: Clock, keep: timedelta = timedelta(days=DAYS)
    ) -> None:
        self._documents = db[COLLECTION]
        self._jobs = Jobs(db, clock)
        self._clock = clock
        self._keep = keep

    def kind(self) -> Kind:
        return Kind(KIND, self.step)

    def step(self, job: Job) -> Advance | Finish:
        expired = {"ended_at": {"$lt": self._clock() - self._keep}}
        ids = [
            row["_id"] for row in self._documents.find(expired, {"_id": 1}).sort("ended_at", 1).limit(CHUNK)
        ]
        if not ids:
            return Finish(Result({"removed": job.progress.done}))
        done = job.progress.done + len(ids)

        def remove(session: ClientSession) -> None:
            self._jobs.remove(ids, session)

        return Advance({"removed": done}, Progress(done), remove)
