"""The contract of schedules on a real database: one job per occurrence, whoever looks and whatever fails."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time
from typing import Any

import pytest
from pymongo.database import Database

from chassis.jobs.documents import INDEXES
from chassis.jobs.job import NewJob, State
from chassis.jobs.runner import Work
from chassis.mongo.indexes import ensure
from chassis.schedule.rules import Daily, Every, Rule, Schedule
from chassis.schedule.scheduler import Scheduler
from tests.support.job_stage import JobStage, counting

TWO_AT_NIGHT = Schedule("nightly", Daily(time(2, 0)), "count", {"steps": 1})


@pytest.fixture
def stage(mongo_db: Database[dict[str, Any]]) -> JobStage:
    ensure(mongo_db, INDEXES)
    return JobStage(mongo_db)


def scheduler(stage: JobStage, rule: Rule = TWO_AT_NIGHT.rule) -> Scheduler:
    schedule = Schedule("nightly", rule, "count", {"steps": 1})
    return Scheduler(stage.db, [schedule], stage.jobs, stage.clock)


def ids(stage: JobStage) -> list[str]:
    return sorted(row["_id"] for row in stage.db["jobs"].find())


def test_a_new_schedule_waits_for_its_first_occurrence(stage: JobStage) -> None:
    assert scheduler(stage).fire() == 0
    stage.later(hours=6.9)  # 12:00 UTC is 19:00 in Vietnam
    assert scheduler(stage).fire() == 0
    stage.later(hours=0.1)
    assert scheduler(stage).fire() == 1

    assert ids(stage) == ["nightly:2022-05-31T19:00:00Z"]
    job = stage.job(ids(stage)[0])
    assert job.args == {"steps": 1, "occurrence": datetime(2022, 5, 31, 19, 0, tzinfo=UTC)}
    assert scheduler(stage).fire() == 0


def test_each_day_has_its_own_job(stage: JobStage) -> None:
    scheduler(stage).fire()
    for _ in range(3):
        stage.later(days=1)
        assert scheduler(stage).fire() == 1

    assert len(ids(stage)) == 3


def test_many_workers_make_one_job_of_an_occurrence(stage: JobStage) -> None:
    scheduler(stage).fire()
    stage.later(days=1)
    fired: list[int] = []
    threads = [threading.Thread(target=lambda: fired.append(scheduler(stage).fire())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(fired) == 1
    assert len(ids(stage)) == 1


@pytest.mark.parametrize("rule", [Daily(time(2, 0)), Every(15)], ids=str)
def test_what_was_due_during_an_outage_fires_once_after_it(stage: JobStage, rule: Rule) -> None:
    scheduler(stage, rule).fire()
    first = rule.next_after(stage.now)
    stage.later(days=3, hours=1, minutes=7)

    assert [scheduler(stage, rule).fire() for _ in range(3)] == [1, 0, 0]

    (id,) = ids(stage)
    assert stage.job(id).args["occurrence"] == first
    row = stage.db["schedules"].find_one({"_id": "nightly"})
    assert row is not None
    assert row["next_at"] == rule.next_after(stage.now)


def test_a_death_between_the_job_and_the_row_makes_no_second_job(stage: JobStage) -> None:
    scheduler(stage).fire()
    stage.later(days=1)
    row = stage.db["schedules"].find_one({"_id": "nightly"})
    assert row is not None
    stage.jobs.enqueue(NewJob("nightly:2022-05-31T19:00:00Z", "count", {"steps": 1}))

    assert scheduler(stage).fire() == 0

    assert len(ids(stage)) == 1
    after = stage.db["schedules"].find_one({"_id": "nightly"})
    assert after is not None
    assert after["next_at"] > row["next_at"]


def test_a_changed_rule_is_planned_from_now_on(stage: JobStage) -> None:
    scheduler(stage, Daily(time(2, 0))).fire()

    scheduler(stage, Every(5)).fire()
    stage.later(minutes=5)

    assert scheduler(stage, Every(5)).fire() == 1


def test_a_runner_fires_schedules_and_runs_their_jobs(stage: JobStage) -> None:
    runner = stage.runner(schedules=[TWO_AT_NIGHT])
    assert not runner.turn()
    stage.later(days=1)

    assert runner.turn()

    assert stage.job(ids(stage)[0]).state is State.DONE


def test_declarations_that_contradict_themselves_are_refused(stage: JobStage) -> None:
    with pytest.raises(ValueError, match="share a name"):
        Scheduler(stage.db, [TWO_AT_NIGHT, TWO_AT_NIGHT], stage.jobs, stage.clock)
    with pytest.raises(ValueError, match="no handler"):
        Work([counting(stage.db)], [Schedule("x", Every(5), "unknown")])
