"""Messages are removed when their time is over, by a job that the schedule makes, and do not come back."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

import pytest

from chassis.events.codec import Event
from chassis.jobs.job import Job, Progress, Result, State
from chassis.jobs.runner import JobRunner
from chassis.jobs.store import Jobs
from chassis.settings import SettingsError, load
from notify import bootstrap
from notify.application.retention import CHUNK
from notify.config import Settings
from notify.domain.contacts import Contact
from tests.support.notify_news import AUTHOR, NOW, event
from tests.support.notify_stage import ENVIRONMENT, Notify

KEEP = timedelta(days=730)
READER = Contact(AUTHOR, 1, "Nguyễn Thị Ánh", "anh@example.org")


def news(at: datetime) -> Event:
    changes = {"initiative_id": str(uuid.uuid4()), "submitted_by": AUTHOR, "author_ids": [AUTHOR]}
    return event("initiative.approved", changes, at=at)


def runner(notify: Notify) -> JobRunner:
    work = bootstrap.work(notify.db, notify.keep, notify.clock)
    return JobRunner(notify.db, work, owner="one", clock=notify.clock, poll_seconds=0)


def night(notify: Notify, runner: JobRunner) -> Job:
    """Lets a day pass and the worker do what is due; the last retention."""
    notify.later(days=1)
    while runner.turn():
        pass
    page = Jobs(notify.db, notify.clock).page(owner=None, after=None, limit=100)
    return next(job for job in page.jobs if job.kind == "messages.retention")


def test_messages_are_removed_on_the_night_after_their_time_and_younger_ones_stay(notify: Notify) -> None:
    notify.know(READER)
    old, young = news(NOW), news(NOW + timedelta(days=2))
    notify.handle(old)
    worker = runner(notify)
    worker.turn()
    notify.now = NOW + timedelta(days=2)
    notify.handle(young)
    assert {row["channel"] for row in notify.rows()} == {"inbox", "email"}
    notify.now = NOW + KEEP - timedelta(days=1)

    assert night(notify, worker).result == Result({"removed": 0})
    job = night(notify, worker)

    assert job.state is State.DONE
    assert (job.progress, job.result) == (Progress(2, 2), Result({"removed": 2}))
    assert {row["event_id"] for row in notify.rows()} == {young.id}
    assert notify.db["contacts"].count_documents({}) == 1


def test_a_removed_message_does_not_come_back_when_its_topic_is_read_again(notify: Notify) -> None:
    notify.know(READER)
    old, young = news(NOW), news(NOW + timedelta(days=30))
    notify.handle(old)
    notify.now = NOW + KEEP
    worker = runner(notify)
    worker.turn()
    night(notify, worker)

    notify.handle(old, young)

    assert {row["event_id"] for row in notify.rows()} == {young.id}


def test_many_are_removed_in_steps_whose_progress_can_be_followed(notify: Notify) -> None:
    rows = [{"_id": f"m{number}", "member": "m-1", "at": NOW} for number in range(CHUNK * 2 + 5)]
    notify.db["messages"].insert_many(rows)
    notify.now = NOW + KEEP
    worker = JobRunner(
        notify.db,
        bootstrap.work(notify.db, notify.keep, notify.clock),
        owner="one",
        clock=notify.clock,
        poll_seconds=0,
        slice_seconds=0,
    )
    worker.turn()
    notify.later(days=1)

    seen: list[Progress] = []
    while worker.turn():
        found = notify.db["jobs"].find({"kind": "messages.retention"})
        seen += [Progress(**one["progress"]) for one in found]

    total = CHUNK * 2 + 5
    note = "removing-messages"
    assert seen == [
        Progress(0, total, note),
        Progress(CHUNK, total, note),
        Progress(CHUNK * 2, total, note),
        Progress(total, total, note),
        Progress(total, total),
    ]


def test_the_retention_looks_messages_up_by_an_index(notify: Notify) -> None:
    notify.know(READER)
    notify.handle(news(NOW))
    notify.now = NOW + KEEP
    worker = runner(notify)
    worker.turn()
    notify.later(days=1)
    notify.trips.reset()

    worker.turn()

    stages = notify.trips.stages(notify.db)
    reads = {query: plan for query, plan in stages.items() if "'find': 'messages'" in query}
    assert reads
    assert all("COLLSCAN" not in plan for plan in reads.values())


@pytest.mark.parametrize("days", [89, 36_501])
def test_a_time_that_would_remove_what_is_still_needed_is_refused(days: int) -> None:
    with pytest.raises(SettingsError, match="MESSAGES_DAYS"):
        load(Settings, ENVIRONMENT | {"MESSAGES_DAYS": str(days)})
