"""A process that runs jobs until it is killed, and kinds whose effects can be counted afterwards."""

from __future__ import annotations

import os
import threading
import uuid
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pymongo.database import Database

from chassis.clock import utc_now
from chassis.consumer.backoff import Backoff
from chassis.jobs.job import Job, Progress
from chassis.jobs.runner import JobRunner, Work
from chassis.jobs.steps import Advance, Finish, Kind
from chassis.mongo.client import connect
from tests.support.job_stage import counting
from tests.support.mongo_servers import DatabaseSettings

# Aggregates whose writes carry jobs.
CARRIER = "things"

# How long a job of a killed worker stays leased: short, for a test waits for it after each kill.
LEASE = timedelta(seconds=0.4)

# One process imports everything once and forks the workers; pytest itself, with its threads, must not fork.
_processes = get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def outside(file: Path) -> Kind:
    """Appends one line per step to a file, which no transaction covers."""

    def step(job: Job) -> Advance | Finish:
        at, total = job.step, job.args["steps"]
        with file.open("ab", buffering=0) as lines:
            lines.write(f"{job.step_id}\n".encode())
            # An effect takes its time, in which the worker may be killed.
            os.fsync(lines.fileno())
        if at + 1 < total:
            return Advance({}, Progress(at + 1, total))
        return Finish(progress=Progress(total, total))

    return Kind("outside", step, LEASE)


def runner(db: Database[dict[str, Any]], file: Path) -> JobRunner:
    return JobRunner(
        db,
        Work([counting(db, lease=LEASE), outside(file)], carriers=[CARRIER]),
        owner=f"{os.getpid()}:{uuid.uuid4()}",
        clock=utc_now,
        poll_seconds=0.02,
        slice_seconds=0.05,
        retries=Backoff(first=0.05, longest=1),
    )


def work(uri: str, database: str, file: Path) -> None:
    """The whole life of the process."""
    settings = DatabaseSettings(uri, database)
    runner(connect(settings)[database], file).run(threading.Event())


def start(uri: str, database: str, file: Path) -> BaseProcess:
    process = _processes.Process(target=work, args=(uri, database, file), daemon=True)
    process.start()
    return process
