"""Runs the jobs of a service, as a part of its worker: moves carried jobs, fires schedules, and works on what
is due, step by step. It knows nothing of what a job does.

One thread takes turns between jobs: after SLICE_SECONDS a job goes to the back of the queue, so that a long
one holds up no short one. More workers share the jobs by leases.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis import metrics
from chassis.clock import Clock
from chassis.consumer.backoff import Backoff
from chassis.consumer.errors import ErrorClass, classify
from chassis.jobs.carried import Mover
from chassis.jobs.job import Job, State
from chassis.jobs.queue import Claim, JobQueue, LeaseLost
from chassis.jobs.steps import Finish, JobFailed, Kind
from chassis.jobs.store import Jobs
from chassis.schedule.rules import Schedule
from chassis.schedule.scheduler import Scheduler

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
SLICE_SECONDS: Final = 10.0
MEASURE_SECONDS: Final = 15.0
# A step that fails in a way nobody foresaw is tried so often, in case it passes.
UNKNOWN_TRIES: Final = 3
# Between attempts of a step: 1 s, doubling to a quarter of an hour.
RETRIES: Final = Backoff(first=1.0, longest=900.0)
# While the database cannot be used.
OUTAGE: Final = Backoff(first=0.2, longest=10.0)

EXHAUSTED: Final = "retries-exhausted"
UNEXPECTED: Final = "unexpected-error"


@dataclass(frozen=True)
class Work:
    """What a service declares: its kinds of jobs, its schedules, and the collections whose documents carry
    jobs. Raises ValueError for two kinds of one name, and for a schedule of a kind that nobody handles."""

    kinds: Sequence[Kind]
    schedules: Sequence[Schedule] = ()
    carriers: Sequence[str] = ()
    by_name: dict[str, Kind] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind.name in self.by_name:
                raise ValueError(f"two handlers of the kind {kind.name!r}")
            self.by_name[kind.name] = kind
        unknown = sorted({schedule.kind for schedule in self.schedules} - set(self.by_name))
        if unknown:
            raise ValueError(f"no handler for the kinds {unknown}")


class JobRunner:
    """A task of the worker. owner: unique to this process. clock: UTC. poll_seconds: the pause while nothing
    is due. retries: the waits between attempts of a failed step."""

    def __init__(
        self,
        db: Database[dict[str, Any]],
        work: Work,
        *,
        owner: str,
        clock: Clock,
        poll_seconds: float = POLL_SECONDS,
        slice_seconds: float = SLICE_SECONDS,
        retries: Backoff = RETRIES,
    ) -> None:
        jobs = Jobs(db, clock)
        self._kinds = work.by_name
        self._queue = JobQueue(db, owner, clock)
        self._mover = Mover(db, work.carriers, jobs)
        self._scheduler = Scheduler(db, work.schedules, jobs, clock)
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._slice_seconds = slice_seconds
        self._retries = retries
        self._stop = threading.Event()
        self._measured: float | None = None
        self._polled: float | None = None
        self._beat = time.monotonic()
        # A job that this process held when the database failed, given back before anything else is claimed;
        # and how often its step had been begun.
        self._interrupted: Claim | None = None
        self._attempts = 1

    def idle_seconds(self) -> float:
        """How long ago the last step or poll ended, for the worker's liveness."""
        return time.monotonic() - self._beat

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; the step that is under way is finished first."""
        self._stop = stop
        failures = 0
        while not stop.is_set():
            try:
                worked = self.turn()
            except PyMongoError as error:
                failures += 1
                log.warning("jobs cannot be read", extra={"error": type(error).__name__})
                stop.wait(OUTAGE.seconds(failures))
            else:
                failures = 0
                if not worked:
                    stop.wait(self._poll_seconds)
            self._beat = time.monotonic()
        # Otherwise the lease runs out.
        with suppress(PyMongoError):
            self._settle_interrupted()
        with suppress(PyMongoError):
            self._queue.close()

    def turn(self) -> bool:
        """Give each kind's longest due job one slice of work; whether there was any."""
        self._settle_interrupted()
        self._poll()
        worked = False
        for kind in self._kinds.values():
            if self._stop.is_set():
                break
            claim = self._queue.claim(kind.name, kind.lease)
            if claim is not None:
                worked = True
                self._work(kind, claim)
        return worked

    def _poll(self) -> None:
        """Move carried jobs and fire schedules, not more often than `poll_seconds`; sometimes measure."""
        now = time.monotonic()
        if self._polled is None or now - self._polled >= self._poll_seconds:
            self._mover.move()
            self._scheduler.fire()
            self._polled = now
        if self._measured is None or now - self._measured >= MEASURE_SECONDS:
            self._measured = now
            for kind, due in self._queue.oldest_due(list(self._kinds)).items():
                age = 0.0 if due is None else (self._clock() - due).total_seconds()
                metrics.JOBS_OLDEST_DUE.labels(kind).set(age)

    def _settle_interrupted(self) -> None:
        if self._interrupted is not None:
            self._postpone(self._interrupted, self._attempts)
            self._interrupted = None

    def _postpone(self, claim: Claim, attempts: int) -> None:
        self._queue.postpone(claim, self._clock() + timedelta(seconds=self._retries.seconds(attempts)))

    def _work(self, kind: Kind, claim: Claim) -> None:
        until = time.monotonic() + self._slice_seconds
        try:
            while self._step(kind, claim):
                self._beat = time.monotonic()
                if self._stop.is_set() or time.monotonic() >= until:
                    self._queue.give_back(claim)
                    return
        except LeaseLost:
            metrics.JOB_LEASES_LOST.labels(kind.name).inc()
            log.warning("job lease lost", extra={"job": claim.id, "kind": kind.name})
        except PyMongoError:
            self._interrupted = claim
            raise
        except Exception as error:  # one job must not stop the others: counted, logged, tried again later
            metrics.JOB_STEPS.labels(kind.name, "unreadable").inc()
            log.error("job cannot be read", extra={"job": claim.id, "kind": kind.name}, exc_info=error)

    def _step(self, kind: Kind, claim: Claim) -> bool:
        """Do and record one step; whether another may follow. PyMongoError: nothing is known of the
        record."""
        job = self._queue.read(claim)
        self._attempts = job.attempts
        if job.cancel_requested:
            self._queue.cancel(claim, job)
            self._ended(job, State.CANCELLED, None)
            return False
        if job.attempts > kind.attempts:
            # None of them could record how it ended: the step kills its worker, or the database cannot do it.
            self._fail(claim, job, EXHAUSTED)
            return False
        began = time.perf_counter()
        try:
            outcome = kind.step(job)
            if isinstance(outcome, Finish):
                self._queue.finish(claim, job, outcome)
            else:
                self._queue.advance(claim, job, outcome)
        except LeaseLost:
            raise
        except Exception as error:  # of any handler: classified, counted and logged
            self._failed(kind, claim, job, error)
            return False
        metrics.JOB_STEPS.labels(kind.name, "done").inc()
        metrics.JOB_STEP_SECONDS.labels(kind.name).observe(time.perf_counter() - began)
        if isinstance(outcome, Finish):
            self._ended(job, State.DONE, None)
            return False
        return True

    def _failed(self, kind: Kind, claim: Claim, job: Job, error: Exception) -> None:
        """A step failed: end the job, or try the step again later."""
        if isinstance(error, JobFailed):
            self._fail(claim, job, error.code)
            return
        class_ = classify(error)
        if isinstance(error, PyMongoError) and class_ is ErrorClass.TRANSIENT:
            raise error  # Perhaps an outage: nothing can be recorded now.
        tries = kind.attempts if class_ is ErrorClass.TRANSIENT else min(UNKNOWN_TRIES, kind.attempts)
        extra = {"job": job.id, "kind": job.kind, "step": job.step, "error": type(error).__name__}
        if job.attempts >= tries:
            log.error("job step failed for the last time", extra=extra, exc_info=error)
            self._fail(claim, job, EXHAUSTED if class_ is ErrorClass.TRANSIENT else UNEXPECTED)
            return
        log.warning("job step failed; it is tried again", extra=extra)
        metrics.JOB_STEPS.labels(kind.name, "retried").inc()
        self._postpone(claim, job.attempts)

    def _fail(self, claim: Claim, job: Job, code: str) -> None:
        metrics.JOB_STEPS.labels(job.kind, "failed").inc()
        self._queue.fail(claim, job, code)
        self._ended(job, State.FAILED, code)

    def _ended(self, job: Job, state: State, error: str | None) -> None:
        metrics.JOBS_ENDED.labels(job.kind, state.value).inc()
        log.info("job ended", extra={"job": job.id, "kind": job.kind, "state": state.value, "error": error})
