"""The worker's side of the jobs collection: claim, check, advance, end, give back. Every write is conditional
on the fencing token of the claim, so that a worker that has lost a job changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from bson.binary import UUID_SUBTYPE, Binary
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure

from chassis.clock import Clock
from chassis.jobs.documents import COLLECTION, ending, to_job
from chassis.jobs.job import Job, Progress, Result, State
from chassis.jobs.steps import Advance, Effect, Finish
from chassis.mongo.transactions import in_transaction

log = logging.getLogger(__name__)

# So many are read, so that workers that poll at the same time do not all lose the race for one job.
CANDIDATES: Final = 5


class LeaseLost(Exception):
    """Another worker has the job, or it was ended: nothing of this step was recorded."""


@dataclass(frozen=True)
class Claim:
    """A job held by this worker. fence: proves it with each write."""

    id: str
    kind: str
    fence: int
    lease: timedelta


class JobQueue:
    """owner: unique to this process; shown to operators. For one thread.

    A worker that is killed in the middle of a transaction leaves it open, and with it locks on the job and on
    what the step had written: MongoDB ends it only after a minute. So all transactions of a queue run in one
    session of its own, which is written into the lease, and who takes over a job ends that session first.
    """

    def __init__(self, db: Database[dict[str, Any]], owner: str, clock: Clock) -> None:
        self._client = db.client
        self._session: ClientSession | None = None
        self._jobs = db[COLLECTION]
        self._owner = owner
        self._clock = clock

    def claim(self, kind: str, lease: timedelta) -> Claim | None:
        """Lease the job of this kind that is due longest; None when none is due. An expired lease makes its
        job due, so that nobody has to notice a dead worker."""
        now = self._clock()
        due = self._jobs.find({"queue": kind, "due": {"$lte": now}}, {"lease": 1}).sort("due", 1)
        for candidate in due.limit(CANDIDATES):
            seen = candidate["lease"]
            until = now + lease
            self._end_session_of(seen)
            # By `_id` and the fence: with a condition on `queue` the embedded engine reads the whole queue.
            taken = self._jobs.update_one(
                {"_id": candidate["_id"], "lease.fence": seen["fence"], "lease.until": seen["until"]},
                {
                    "$set": {
                        "state": State.RUNNING.value,
                        "lease.owner": self._owner,
                        "lease.until": until,
                        "lease.fence": seen["fence"] + 1,
                        "lease.session": bytes(self._own_session().session_id["id"]),
                        "due": until,
                    },
                    "$inc": {"attempts": 1},
                },
            )
            if taken.matched_count:
                return Claim(candidate["_id"], kind, seen["fence"] + 1, lease)
        return None

    def _own_session(self) -> ClientSession:
        if self._session is None:
            self._session = self._client.start_session()
        return self._session

    def _end_session_of(self, lease: Mapping[str, Any]) -> None:
        """Abort what the holder of an expired lease may have left open; nothing for a lease given back."""
        if lease["until"] is None or lease.get("session") is None or lease["owner"] == self._owner:
            return
        try:
            self._client.admin.command("killSessions", [{"id": Binary(lease["session"], UUID_SUBTYPE)}])
        except OperationFailure as error:
            # Not supported or not allowed there: the server ends the transaction by itself, later.
            log.info("session of an expired lease not ended", extra={"code": error.code})

    def close(self) -> None:
        """End the session, so that the server need not wait for it to expire."""
        if self._session is not None:
            self._session.end_session()
            self._session = None

    def read(self, claim: Claim) -> Job:
        """The job as it is now; to be read right before each step. Raises LeaseLost."""
        # Compared here: with a second condition the embedded engine reads the whole collection.
        document = self._jobs.find_one({"_id": claim.id})
        if document is None or document["lease"]["fence"] != claim.fence:
            raise LeaseLost(claim.id)
        return to_job(document)

    def advance(self, claim: Claim, job: Job, step: Advance) -> None:
        """Record a step with its effect and renew the lease. Raises LeaseLost: then neither was recorded."""
        until = self._clock() + claim.lease
        change = {
            "$set": {
                "checkpoint": dict(step.checkpoint),
                "progress": _progress(job.progress, step.progress),
                "attempts": 1,
                "lease.until": until,
                "due": until,
            },
            "$inc": {"step": 1},
        }
        self._write(claim, job, change, step.effect)

    def finish(self, claim: Claim, job: Job, step: Finish) -> None:
        """Record the last step with its effect. Raises LeaseLost: then neither was recorded."""
        last = step.progress or Progress(max(job.progress.done, job.progress.total or 0), job.progress.total)
        self._end(
            claim, job, State.DONE, _progress(job.progress, last), result=step.result, effect=step.effect
        )

    def fail(self, claim: Claim, job: Job, code: str) -> None:
        self._end(claim, job, State.FAILED, _progress(job.progress, job.progress), error=code)

    def cancel(self, claim: Claim, job: Job) -> None:
        self._end(claim, job, State.CANCELLED, _progress(job.progress, job.progress))

    def _end(
        self,
        claim: Claim,
        job: Job,
        state: State,
        progress: dict[str, Any],
        *,
        error: str | None = None,
        result: Result | None = None,
        effect: Effect | None = None,
    ) -> None:
        change = ending(state, self._clock(), error=error, result=result)
        change["$set"]["progress"] = progress
        if state is State.DONE:
            change["$inc"]["step"] = 1
        self._write(claim, job, change, effect)

    def _write(self, claim: Claim, job: Job, change: dict[str, Any], effect: Effect | None) -> None:
        # The step as it was read, too: a write that was applied although its answer was lost is not repeated.
        held = _held(claim) | {"step": job.step}
        if effect is None:
            if not self._jobs.update_one(held, change).matched_count:
                raise LeaseLost(claim.id)
            return

        def both(session: ClientSession) -> None:
            # First the job: a worker that has lost it must not even wait for the documents of the effect.
            if not self._jobs.update_one(held, change, session=session).matched_count:
                raise LeaseLost(claim.id)
            effect(session)

        in_transaction(self._client, both, session=self._own_session())

    def postpone(self, claim: Claim, due: datetime) -> None:
        """Give the job back after a failed step, to be tried again from `due` on."""
        self._release(claim, {"$set": {"state": State.WAITING.value, **_free(due)}})

    def give_back(self, claim: Claim) -> None:
        """Give the job back between two steps, due at once, behind those that have waited longer."""
        self._release(claim, {"$set": {"attempts": 0, **_free(self._clock())}})

    def _release(self, claim: Claim, change: dict[str, Any]) -> None:
        self._jobs.update_one(_held(claim), change)

    def oldest_due(self, kinds: Sequence[str]) -> dict[str, datetime | None]:
        """When the longest due job of each kind became due; None where none is due."""
        now = self._clock()
        oldest: dict[str, datetime | None] = {}
        for kind in kinds:
            due = self._jobs.find({"queue": kind, "due": {"$lte": now}}, {"due": 1}).sort("due", 1).limit(1)
            oldest[kind] = next((row["due"] for row in due), None)
        return oldest


def _held(claim: Claim) -> dict[str, Any]:
    return {"_id": claim.id, "lease.fence": claim.fence}


def _free(due: datetime) -> dict[str, Any]:
    return {"lease.owner": None, "lease.until": None, "due": due}


def _progress(before: Progress, after: Progress) -> dict[str, Any]:
    return {"done": max(before.done, after.done), "total": after.total, "note": after.note}
