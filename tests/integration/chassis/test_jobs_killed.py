"""Jobs survive what is killed around them: workers at random moments, and the database."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from chassis.clock import utc_now
from chassis.jobs.carried import CARRIED, carried_fields, carried_index
from chassis.jobs.documents import INDEXES
from chassis.jobs.job import Job, NewJob, State
from chassis.jobs.store import Jobs
from chassis.mongo.client import connect
from chassis.mongo.indexes import ensure
from tests.support import job_worker
from tests.support.job_stage import effects, once
from tests.support.mongo_servers import DatabaseSettings, MongoServer
from tests.support.processes import wait_until

Db = Database[dict[str, Any]]

KILLS = 50
STEPS = 300
# From the claim of a job on: in the middle of its steps, seldom before or after.
LONGEST_LIFE_SECONDS = 0.15


class Observed:
    """The jobs as somebody sees them who looks all the time: pairs of both kinds, a new pair when one is
    done."""

    def __init__(self, db: Db) -> None:
        self._jobs = Jobs(db, utc_now)
        self._things = db[job_worker.CARRIER]
        self.progress: dict[str, list[int]] = {}
        self.fence = -1

    def enqueue(self) -> None:
        """One write of an aggregate that carries both jobs: their way into the queue is killed, too."""
        number = len(self.progress)
        jobs = [NewJob(f"{kind}-{number}", kind, {"steps": STEPS}) for kind in ("count", "outside")]
        self._things.insert_one({"_id": number, **carried_fields(jobs)})
        self.progress |= {job.id: [] for job in jobs}

    def look(self) -> tuple[Job, ...]:
        found = tuple(job for id in self.progress if (job := self._jobs.find(id)) is not None)
        for job in found:
            self.progress[job.id].append(job.progress.done)
        self.fence = sum(job.fence for job in found)
        return found

    def done(self) -> bool:
        found = self.look()
        return len(found) == len(self.progress) and all(job.state is State.DONE for job in found)

    def taken_since(self, fence: int) -> Callable[[], bool]:
        def taken() -> bool:
            self.look()
            return self.fence > fence

        return taken


def in_order_with_repeats(file: Path, job: str, steps: int) -> int:
    """Each step of the job was done, in order; how many were done once more."""
    lines = [line for line in file.read_text().splitlines() if line.startswith(f"{job}/")]
    assert [line for line, _ in groupby(lines)] == [f"{job}/{at}" for at in range(steps)]
    return len(lines) - steps


def test_a_worker_killed_fifty_times_does_its_jobs_once_and_shows_it(
    mongo_server: MongoServer, mongo_db: Db, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = random.randrange(1_000_000)
    chance = random.Random(seed)
    ensure(mongo_db, [*INDEXES, carried_index(job_worker.CARRIER)])
    file = tmp_path / "outside"
    observed = Observed(mongo_db)

    for _ in range(KILLS):
        if observed.done():
            observed.enqueue()
            observed.look()
        worker = job_worker.start(mongo_server.uri, mongo_db.name, file)
        try:
            wait_until(observed.taken_since(observed.fence), f"a job is taken (seed {seed})", 60)
            end = time.monotonic() + chance.uniform(0, LONGEST_LIFE_SECONDS)
            while time.monotonic() < end:
                observed.look()
        finally:
            worker.kill()
            worker.join()
    last = job_worker.start(mongo_server.uri, mongo_db.name, file)
    try:
        wait_until(observed.done, f"all jobs are done (seed {seed})", 60)
    finally:
        last.kill()
        last.join()

    inside = [id for id in observed.progress if id.startswith("count")]
    outside = [id for id in observed.progress if id.startswith("outside")]
    repeats = sum(in_order_with_repeats(file, id, STEPS) for id in outside)
    record_property("figure", f"{KILLS} kills, {len(outside)} pairs of jobs, {repeats} steps repeated")
    assert effects(mongo_db) == sum((once(id, STEPS) for id in inside), Counter())
    assert mongo_db["jobs"].count_documents({}) == len(observed.progress)
    assert mongo_db[job_worker.CARRIER].count_documents({CARRIED: {"$exists": True}}) == 0
    assert repeats <= KILLS
    for seen in observed.progress.values():
        assert all(before <= after for before, after in pairwise(seen))
        assert seen[-1] == STEPS
    assert len({(id, done) for id, seen in observed.progress.items() for done in seen}) > KILLS / 2


def done(jobs: Jobs, id: str) -> bool:
    job = jobs.find(id)
    return job is not None and job.state is State.DONE


@pytest.fixture
def own_db(own_mongo_server: MongoServer) -> Iterator[Db]:
    settings = DatabaseSettings(own_mongo_server.uri, "jobs")
    with connect(settings) as client:
        ensure(client["jobs"], INDEXES)
        yield client["jobs"]


def test_a_database_killed_under_a_job_costs_time_and_nothing_else(
    own_mongo_server: MongoServer, own_db: Db, tmp_path: Path
) -> None:
    jobs, file = Jobs(own_db, utc_now), tmp_path / "outside"
    jobs.enqueue(NewJob("j1", "count", {"steps": STEPS}))
    jobs.enqueue(NewJob("j2", "outside", {"steps": STEPS}))
    stop = threading.Event()
    worker = threading.Thread(target=job_worker.runner(own_db, file).run, args=(stop,))
    worker.start()
    try:
        for part in (1, 2, 3):

            def got_on(part: int = part) -> bool:
                job = jobs.find("j1")
                return job is not None and job.step >= part * STEPS / 5

            wait_until(got_on, f"{part}/5 of the job is done", 60)
            own_mongo_server.kill()
            own_mongo_server.restart()
        wait_until(lambda: all(done(jobs, id) for id in ("j1", "j2")), "both jobs are done", 90)
    finally:
        stop.set()
        worker.join(30)

    assert not worker.is_alive()
    assert effects(own_db) == once("j1", STEPS)
    in_order_with_repeats(file, "j2", STEPS)
