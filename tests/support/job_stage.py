"""Jobs over one database with a clock that tests move, and kinds of jobs whose effects can be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from chassis.consumer.backoff import Backoff
from chassis.jobs.job import Job, NewJob, Progress, Result
from chassis.jobs.runner import JobRunner, Work
from chassis.jobs.steps import Advance, Finish, Kind
from chassis.jobs.store import Jobs
from chassis.schedule.rules import Schedule

NOON = datetime(2022, 5, 31, 12, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)


def counting(db: Database[dict[str, Any]], name: str = "count", lease: timedelta = LEASE) -> Kind:
    """Inserts one row per step, `args["steps"]` of them, in the transaction that writes the checkpoint."""

    def step(job: Job) -> Advance | Finish:
        at = 0 if job.checkpoint is None else job.checkpoint["at"]
        total = job.args["steps"]

        def effect(session: ClientSession) -> None:
            db["effects"].insert_one({"job": job.id, "at": at}, session=session)

        if at + 1 < total:
            return Advance({"at": at + 1}, Progress(at + 1, total, "counting"), effect)
        return Finish(Result({"rows": total}), Progress(total, total), effect)

    return Kind(name, step, lease)


def effects(db: Database[dict[str, Any]]) -> Counter[tuple[str, int]]:
    return Counter((row["job"], row["at"]) for row in db["effects"].find())


def once(job: str, steps: int) -> Counter[tuple[str, int]]:
    return Counter((job, at) for at in range(steps))


@dataclass
class JobStage:
    db: Database[dict[str, Any]]
    now: datetime = NOON
    runners: dict[str, JobRunner] = field(default_factory=dict)

    def clock(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.db, self.clock)

    def enqueue(self, id: str = "j1", kind: str = "count", **more: Any) -> bool:
        return self.jobs.enqueue(NewJob(id, kind, **({"args": {"steps": 3}} | more)))

    def job(self, id: str = "j1") -> Job:
        found = self.jobs.find(id)
        assert found is not None
        return found

    def runner(
        self,
        *kinds: Kind,
        owner: str = "one",
        schedules: Sequence[Schedule] = (),
        carriers: Sequence[str] = (),
        slice_seconds: float = 60,
    ) -> JobRunner:
        """A worker's runner; by default of the kind `counting`. Retries wait 1 s, 2 s, 4 s, … without
        jitter."""
        return JobRunner(
            self.db,
            Work(kinds or (counting(self.db),), schedules, carriers),
            owner=owner,
            clock=self.clock,
            poll_seconds=0,
            slice_seconds=slice_seconds,
            retries=Backoff(first=1, longest=900, chance=lambda: 0),
        )


def stepping(
    *outcomes: Advance | Finish | Exception | Callable[[Job], Advance | Finish], name: str = "count"
) -> Kind:
    """Does one outcome after another, whatever the job: returns it, raises it, or calls it."""
    left = list(outcomes)

    def step(job: Job) -> Advance | Finish:
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome(job) if callable(outcome) else outcome

    return Kind(name, step)
