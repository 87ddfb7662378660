"""The contract of jobs on a real database: enqueued once, leased, run in steps, and what ends them."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pymongo
import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import OperationFailure

from chassis.consumer.errors import Transient
from chassis.jobs.carried import carried_fields, carried_index, carry
from chassis.jobs.documents import INDEXES
from chassis.jobs.job import Job, NewJob, Progress, Result, State
from chassis.jobs.queue import JobQueue, LeaseLost
from chassis.jobs.retention import CHUNK, DAYS, RemoveFinishedJobs
from chassis.jobs.runner import EXHAUSTED, UNEXPECTED, UNKNOWN_TRIES, Work
from chassis.jobs.steps import Advance, Finish, JobFailed, Kind
from chassis.jobs.store import JobEnded, JobNotEnded
from chassis.mongo.indexes import ensure
from chassis.mongo.transactions import in_transaction
from tests.support.job_stage import LEASE, JobStage, counting, effects, once, stepping
from tests.support.round_trips import RoundTrips

Db = Database[dict[str, Any]]


@pytest.fixture
def stage(mongo_db: Db) -> JobStage:
    ensure(mongo_db, [*INDEXES, carried_index("things")])
    return JobStage(mongo_db)


# --- enqueuing


def test_a_job_is_enqueued_once_by_its_id(stage: JobStage) -> None:
    assert stage.enqueue(args={"steps": 2}, owner="m-0000000001", unit_path=("TLD", "A"))
    assert not stage.enqueue(args={"steps": 9})

    job = stage.job()
    assert (job.args, job.owner, job.unit_path) == ({"steps": 2}, "m-0000000001", ("TLD", "A"))
    assert (job.state, job.progress, job.due) == (State.WAITING, Progress(), stage.now)


def test_of_many_that_enqueue_one_job_one_is_first(stage: JobStage) -> None:
    new: list[bool] = []
    threads = [threading.Thread(target=lambda: new.append(stage.enqueue())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(new) == [False] * 7 + [True]


def test_a_job_of_a_transaction_that_fails_does_not_exist(stage: JobStage) -> None:
    def work(session: ClientSession) -> None:
        stage.jobs.enqueue(NewJob("j1", "count"), session)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        in_transaction(stage.db.client, work)

    assert stage.jobs.find("j1") is None


@pytest.mark.parametrize("id", ["", "a/b", "a b", "ă", "-a", "x" * 129])
def test_an_id_that_cannot_stand_in_a_path_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match="not a job id"):
        NewJob(id, "count")


# --- carried by an aggregate


def test_a_job_carried_by_an_aggregate_becomes_one_job_and_leaves_the_aggregate(stage: JobStage) -> None:
    first, second = NewJob("j1", "count", {"steps": 1}), NewJob("j2", "count", {"steps": 2}, owner="m-1")
    stage.db["things"].insert_one({"_id": 1, "name": "a", **carried_fields([first])})
    stage.db["things"].update_one({"_id": 1}, carry({"$set": {"name": "b"}}, [second]))

    stage.runner(carriers=["things"]).turn()

    assert stage.db["things"].find_one({"_id": 1}) == {"_id": 1, "name": "b"}
    assert (stage.job("j2").args, stage.job("j2").owner) == ({"steps": 2}, "m-1")
    assert effects(stage.db) == once("j1", 1)  # the kind's oldest due job in this turn


def test_a_mover_that_died_after_enqueuing_makes_no_second_job(stage: JobStage) -> None:
    carried = carried_fields([NewJob("j1", "count", {"steps": 1})])
    stage.db["things"].insert_one({"_id": 1, **carried})
    stage.runner(carriers=["things"]).turn()
    # As if it had died before the removal: the aggregate still carries the job, which is done by now.
    stage.db["things"].update_one({"_id": 1}, {"$set": carried})

    stage.runner(carriers=["things"], owner="two").turn()

    assert effects(stage.db) == once("j1", 1)
    assert stage.db["things"].find_one({"_id": 1}) == {"_id": 1}


def test_a_job_added_while_others_are_moved_stays_carried(
    stage: JobStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = stage.db["things"]
    things.insert_one({"_id": 1, **carried_fields([NewJob("j1", "count", {"steps": 1})])})
    runner = stage.runner(carriers=["things"])
    enqueue = runner._mover._jobs.enqueue

    def and_meanwhile(job: NewJob) -> bool:
        things.update_one({"_id": 1}, carry({}, [NewJob("j2", "count", {"steps": 1})]))
        return enqueue(job)

    monkeypatch.setattr(runner._mover._jobs, "enqueue", and_meanwhile)
    runner._mover.move()
    monkeypatch.undo()

    assert [job["id"] for job in (things.find_one({"_id": 1}) or {})["jobs_carried"]] == ["j2"]
    assert runner._mover.move() == 1


# --- steps


def test_a_job_runs_in_steps_and_finishes_with_its_result(stage: JobStage) -> None:
    stage.enqueue(args={"steps": 3})

    assert stage.runner().turn()

    job = stage.job()
    assert (job.state, job.step, job.progress) == (State.DONE, 3, Progress(3, 3))
    assert (job.result, job.ended_at, job.due) == (Result({"rows": 3}), stage.now, None)
    assert effects(stage.db) == once("j1", 3)
    assert not stage.runner().turn()


def test_a_job_is_not_begun_before_it_is_due(stage: JobStage) -> None:
    stage.enqueue(due=stage.now + timedelta(minutes=5))

    assert not stage.runner().turn()
    stage.later(minutes=5)
    assert stage.runner().turn()


def test_the_effect_of_a_step_that_cannot_be_recorded_is_undone(stage: JobStage) -> None:
    stage.enqueue(args={"steps": 2})
    queue = JobQueue(stage.db, "slow", stage.clock)
    claim = queue.claim("count", LEASE)
    assert claim is not None
    job = queue.read(claim)
    late = counting(stage.db).step(job)
    assert isinstance(late, Advance)
    stage.later(seconds=61)
    stage.runner(owner="other").turn()

    with pytest.raises(LeaseLost):
        queue.advance(claim, job, late)
    with pytest.raises(LeaseLost):
        queue.read(claim)

    assert effects(stage.db) == once("j1", 2)


def test_a_write_whose_answer_was_lost_is_not_repeated(stage: JobStage) -> None:
    stage.enqueue(args={"steps": 2})
    queue = JobQueue(stage.db, "one", stage.clock)
    claim = queue.claim("count", LEASE)
    assert claim is not None
    job = queue.read(claim)
    step = counting(stage.db).step(job)
    assert isinstance(step, Advance)
    queue.advance(claim, job, step)

    with pytest.raises(LeaseLost):
        queue.advance(claim, job, step)

    assert effects(stage.db) == once("j1", 1)


def test_a_repeated_step_has_the_same_id_and_another_step_another(stage: JobStage) -> None:
    seen: list[str] = []

    def noting(job: Job) -> Advance:
        seen.append(job.step_id)
        return Advance({}, Progress(1))

    def failing(job: Job) -> Advance:
        seen.append(job.step_id)
        raise Transient

    stage.enqueue()
    runner = stage.runner(stepping(noting, failing, noting, Finish()))
    runner.turn()
    stage.later(minutes=1)
    runner.turn()

    assert seen == ["j1/0", "j1/1", "j1/1"]
    assert stage.job().state is State.DONE


def test_a_long_job_lets_others_of_its_kind_have_a_turn(stage: JobStage) -> None:
    stage.enqueue("long", args={"steps": 5})
    runner = stage.runner(slice_seconds=0)
    runner.turn()
    stage.later(seconds=1)
    stage.enqueue("short", args={"steps": 1})
    stage.later(seconds=1)

    runner.turn()  # the long one is due since before the short one came
    runner.turn()

    assert stage.job("short").state is State.DONE
    assert (stage.job("long").state, stage.job("long").step) == (State.RUNNING, 2)


def test_a_large_backlog_of_one_kind_does_not_hold_up_another(stage: JobStage) -> None:
    for number in range(30):
        stage.enqueue(f"b{number}", "bulk", args={"steps": 1})
    stage.enqueue("j1", "count", args={"steps": 1})

    stage.runner(counting(stage.db, "bulk"), counting(stage.db)).turn()

    assert stage.job("j1").state is State.DONE


def test_a_worker_leaves_kinds_alone_that_it_does_not_know(stage: JobStage) -> None:
    stage.enqueue(kind="of-a-later-release")

    assert not stage.runner().turn()
    assert stage.job().state is State.WAITING


def test_progress_never_goes_back(stage: JobStage) -> None:
    stage.enqueue()
    runner = stage.runner(
        stepping(Advance({}, Progress(5, 10)), Advance({}, Progress(2, 10)), JobFailed("no"))
    )

    runner.turn()

    assert stage.job().progress == Progress(5, 10)


# --- leases


def test_two_workers_do_not_hold_one_job(stage: JobStage) -> None:
    stage.enqueue()
    one, two = (JobQueue(stage.db, owner, stage.clock) for owner in ("one", "two"))

    assert one.claim("count", LEASE) is not None
    assert two.claim("count", LEASE) is None


def test_of_many_workers_that_want_one_job_one_gets_it(stage: JobStage) -> None:
    for number in range(3):
        stage.enqueue(f"j{number}")
    got: list[str] = []

    def want(owner: str) -> None:
        queue = JobQueue(stage.db, owner, stage.clock)
        while (claim := queue.claim("count", LEASE)) is not None:
            got.append(claim.id)

    threads = [threading.Thread(target=want, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == ["j0", "j1", "j2"]


def test_the_job_of_a_worker_that_stalled_is_taken_over_and_goes_on_from_its_checkpoint(
    stage: JobStage,
) -> None:
    stage.enqueue(args={"steps": 4})
    stalled = JobQueue(stage.db, "stalled", stage.clock)
    claim = stalled.claim("count", LEASE)
    assert claim is not None
    job = stalled.read(claim)
    step = counting(stage.db).step(job)
    assert isinstance(step, Advance)
    stalled.advance(claim, job, step)
    assert not stage.runner(owner="other").turn()

    stage.later(seconds=61)
    assert stage.runner(owner="other").turn()

    assert stage.job().state is State.DONE
    assert effects(stage.db) == once("j1", 4)


def test_each_step_renews_the_lease(stage: JobStage) -> None:
    stage.enqueue()

    def slow(job: Job) -> Advance:
        stage.later(seconds=50)
        assert JobQueue(stage.db, "other", stage.clock).claim("count", LEASE) is None
        return Advance({}, Progress(1))

    stage.runner(stepping(slow, slow, slow, Finish())).turn()

    assert stage.job().state is State.DONE


def test_a_stopping_worker_gives_its_job_back_at_once(stage: JobStage) -> None:
    stage.enqueue(args={"steps": 9})
    stop = threading.Event()

    def stopping(job: Job) -> Advance:
        stop.set()
        return Advance({}, Progress(1))

    stage.runner(Kind("count", stopping)).run(stop)

    assert JobQueue(stage.db, "other", stage.clock).claim("count", LEASE) is not None


# --- failures


def test_a_failure_that_no_retry_mends_ends_the_job_with_its_code(stage: JobStage) -> None:
    stage.enqueue()
    runner = stage.runner(stepping(Advance({}, Progress(1, 4)), JobFailed("file-gone")))

    runner.turn()

    job = stage.job()
    assert (job.state, job.error, job.progress.done) == (State.FAILED, "file-gone", 1)
    assert (job.ended_at, job.due, job.result) == (stage.now, None, None)


def test_what_passes_is_tried_again_later_and_later(stage: JobStage) -> None:
    stage.enqueue()
    runner = stage.runner(stepping(Transient(), ConnectionError(), Finish(Result({"n": 1}))))

    runner.turn()
    assert stage.job().due == stage.now + timedelta(seconds=1)
    assert not runner.turn()
    stage.later(seconds=1)
    runner.turn()
    assert stage.job().due == stage.now + timedelta(seconds=2)
    assert stage.job().state is State.WAITING
    stage.later(seconds=2)
    runner.turn()

    assert stage.job().state is State.DONE


def fails_with(error: Exception, attempts: int = 20) -> Kind:
    def step(job: Job) -> Finish:
        raise error

    return Kind("count", step, attempts=attempts)


@pytest.mark.parametrize(
    ("error", "tries", "code"),
    [
        (Transient(), 5, EXHAUSTED),
        (KeyError("title"), UNKNOWN_TRIES, UNEXPECTED),
        (OperationFailure("bad", 2), UNKNOWN_TRIES, UNEXPECTED),
    ],
    ids=["transient", "unknown", "unknown of the database"],
)
def test_a_step_that_keeps_failing_ends_the_job(
    stage: JobStage, error: Exception, tries: int, code: str
) -> None:
    stage.enqueue()
    runner = stage.runner(fails_with(error, 5))

    turns = 0
    while not stage.job().ended:
        assert runner.turn()
        stage.later(hours=1)
        turns += 1

    assert (turns, stage.job().error) == (tries, code)


def test_a_step_that_kills_its_worker_each_time_ends_the_job(stage: JobStage) -> None:
    stage.enqueue()
    kind = Kind("count", lambda job: Finish(), attempts=3)
    for number in range(3):
        assert JobQueue(stage.db, f"dies-{number}", stage.clock).claim("count", LEASE) is not None
        stage.later(seconds=61)

    stage.runner(kind).turn()

    assert (stage.job().state, stage.job().error) == (State.FAILED, EXHAUSTED)


def test_a_job_that_this_release_cannot_read_stops_no_other(stage: JobStage) -> None:
    stage.enqueue("strange", args={"steps": 1})
    stage.db["jobs"].update_one({"_id": "strange"}, {"$unset": {"progress": ""}})
    stage.later(seconds=1)
    stage.enqueue("j1", args={"steps": 1})
    runner = stage.runner()

    runner.turn()
    runner.turn()

    assert stage.job("j1").state is State.DONE
    assert not runner.turn()
    stage.later(seconds=61)
    stage.db["jobs"].update_one(
        {"_id": "strange"}, {"$set": {"progress": {"done": 0, "total": None, "note": None}}}
    )
    runner.turn()
    assert stage.job("strange").state is State.DONE


def test_attempts_count_per_step_and_not_per_job(stage: JobStage) -> None:
    stage.enqueue()
    outcomes: list[Any] = []
    for number in range(4):
        outcomes += [Transient(), Advance({}, Progress(number))]
    runner = stage.runner(Kind("count", stepping(*outcomes, Finish()).step, attempts=2))

    while not stage.job().ended:
        runner.turn()
        stage.later(hours=1)

    assert stage.job().state is State.DONE


def test_a_failed_job_that_is_retried_goes_on_from_its_checkpoint(stage: JobStage) -> None:
    stage.enqueue()
    seen: list[Any] = []

    def noting(job: Job) -> Finish:
        seen.append(job.checkpoint)
        return Finish()

    runner = stage.runner(stepping(Advance({"at": 7}, Progress(7)), JobFailed("full"), noting))
    runner.turn()
    with pytest.raises(JobEnded):
        stage.jobs.cancel("j1")

    retried = stage.jobs.retry("j1")
    assert retried is not None
    assert (retried.state, retried.error, retried.ended_at) == (State.WAITING, None, None)
    with pytest.raises(JobNotEnded):
        stage.jobs.retry("j1")
    runner.turn()

    assert seen == [{"at": 7}]
    assert stage.job().state is State.DONE
    with pytest.raises(JobNotEnded):
        stage.jobs.retry("j1")


# --- cancelling


def test_a_job_that_has_not_begun_is_cancelled_at_once(stage: JobStage) -> None:
    stage.enqueue()

    cancelled = stage.jobs.cancel("j1")

    assert cancelled is not None
    assert (cancelled.state, cancelled.ended_at) == (State.CANCELLED, stage.now)
    assert not stage.runner().turn()
    assert stage.jobs.cancel("j1") == cancelled
    assert stage.jobs.cancel("nothing") is None


def test_a_job_is_cancelled_between_two_steps_and_what_was_done_stays(stage: JobStage) -> None:
    stage.enqueue(args={"steps": 9})
    kind = counting(stage.db)

    def then_cancel(job: Job) -> Advance | Finish:
        if job.step == 2:
            asked = stage.jobs.cancel("j1")
            assert asked is not None
            assert asked.state is State.RUNNING
            assert asked.cancel_requested
        return kind.step(job)

    stage.runner(Kind("count", then_cancel)).turn()

    assert (stage.job().state, stage.job().progress.done) == (State.CANCELLED, 3)
    assert effects(stage.db) == once("j1", 3)


def test_a_job_whose_worker_died_is_cancelled_by_the_next(stage: JobStage) -> None:
    stage.enqueue()
    assert JobQueue(stage.db, "dies", stage.clock).claim("count", LEASE) is not None
    stage.jobs.cancel("j1")
    stage.later(seconds=61)

    stage.runner().turn()

    assert stage.job().state is State.CANCELLED
    assert effects(stage.db) == {}


def test_a_job_that_is_done_cannot_be_cancelled(stage: JobStage) -> None:
    stage.enqueue()
    stage.runner().turn()

    with pytest.raises(JobEnded):
        stage.jobs.cancel("j1")


# --- retention, lists, plans


def test_finished_jobs_are_removed_after_their_time_and_others_stay(stage: JobStage) -> None:
    retention = RemoveFinishedJobs(stage.db, stage.clock).kind()
    for number in range(CHUNK + 3):
        stage.enqueue(f"old-{number}", args={"steps": 1})
    runner = stage.runner(stepping(*[Finish()] * (CHUNK + 4)), slice_seconds=0)
    while runner.turn():
        pass
    stage.later(days=DAYS, seconds=1)
    stage.enqueue("new")
    runner.turn()
    stage.enqueue("open", kind="unknown")
    stage.enqueue("retention", kind=retention.name)

    stage.runner(retention).turn()

    job = stage.job("retention")
    assert (job.state, job.result) == (State.DONE, Result({"removed": CHUNK + 3}))
    assert {row["_id"] for row in stage.db["jobs"].find()} == {"new", "open", "retention"}


def test_lists_are_newest_first_in_pages_and_one_s_own(stage: JobStage) -> None:
    for number in range(5):
        stage.enqueue(f"j{number}", owner="m-1" if number % 2 else None)
        stage.later(seconds=1)

    first = stage.jobs.page(owner=None, after=None, limit=3)
    second = stage.jobs.page(owner=None, after=first.last, limit=3)
    own = stage.jobs.page(owner="m-1", after=None, limit=3)

    assert [job.id for job in (*first.jobs, *second.jobs)] == ["j4", "j3", "j2", "j1", "j0"]
    assert second.last is None
    assert [job.id for job in own.jobs] == ["j3", "j1"]


def test_every_read_is_served_by_an_index(stage: JobStage, mongo_server: Any) -> None:
    trips = RoundTrips()
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        mongo_server.uri, tz_aware=True, event_listeners=[trips]
    )
    seen = JobStage(client[stage.db.name])
    for number in range(40):
        seen.enqueue(f"j{number}", args={"steps": 2}, owner="m-1")
    seen.db["things"].insert_one({"_id": 1, **carried_fields([NewJob("j99", "count")])})
    trips.reset()

    seen.runner(carriers=["things"]).turn()
    seen.jobs.page(owner=None, after=None, limit=3)
    page = seen.jobs.page(owner="m-1", after=None, limit=3)
    seen.jobs.page(owner="m-1", after=page.last, limit=3)
    seen.jobs.cancel("j7")
    RemoveFinishedJobs(seen.db, seen.clock).step(seen.job("j3"))

    stages = trips.stages(seen.db)
    client.close()
    assert len(stages) >= 8
    unindexed = {query: plan for query, plan in stages.items() if "COLLSCAN" in plan}
    # The rows of schedules are a handful and read at once.
    assert [query for query in unindexed if "'find': 'schedules'" not in query] == []


def test_two_handlers_of_one_kind_are_refused(stage: JobStage) -> None:
    with pytest.raises(ValueError, match="two handlers"):
        Work((counting(stage.db), counting(stage.db)))
