"""Poison over restarts on a real broker and database: the consumer parks, is shown, and an operator releases
it; the rest of the worker goes on meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pymongo.database import Database

from chassis.clock import utc_now
from chassis.consumer.loop import ConsumerLoop
from chassis.consumer.parking import LimitStore
from chassis.operations.consumer_command import run
from chassis.operations.store import Operations
from chassis.worker import Task, Worker
from chassis.worker_parts import State
from tests.support.consuming import QUICK, Recorder, consuming, wait_for
from tests.support.messaging import Channel
from tests.support.processes import free_port, wait_until

pytestmark = pytest.mark.usefixtures("quick_release")

POISON = 500
LIMIT = 20  # DlqLimit's run


@pytest.fixture
def quick_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.consumer.loop.RELEASE_SECONDS", 0.05)


@pytest.fixture
def limits(channel: Channel, mongo_db: Database[dict[str, Any]]) -> LimitStore:
    return LimitStore(mongo_db, channel.group, utc_now)


class Refusing(Recorder):
    """Refuses everything until it is mended."""

    def __init__(self) -> None:
        super().__init__(self._refuse)
        self.mended = False

    def _refuse(self, numbers: list[int]) -> None:
        if not self.mended:
            raise KeyError("bad deploy")


def parked_metric(channel: Channel) -> float | None:
    return REGISTRY.get_sample_value("consumer_parked", {"group": channel.group})


def dead_letters(channel: Channel) -> int:
    return len(channel.read(channel.dead_letters, 0))


def has_counted(limits: LimitStore, before: int) -> bool:
    return limits.read().run != before or is_parked(limits)


def is_parked(limits: LimitStore) -> bool:
    return limits.read().parked is not None


def test_500_poison_records_polled_five_at_a_time_stop_at_the_limit_though_the_consumer_starts_again(
    channel: Channel, limits: LimitStore
) -> None:
    channel.write_events(range(POISON))

    for _ in range(3 * LIMIT):
        if is_parked(limits):
            break
        with consuming(channel, Refusing(), limits=limits, batch=5):
            # Ended as soon as it has done anything.
            wait_until(partial(has_counted, limits, limits.read().run), "a batch is counted", 30)

    parked = limits.read().parked
    assert parked is not None
    assert (parked.topic, parked.reason) == (channel.topic, f"{LIMIT} records in a row could not be handled")
    assert dead_letters(channel) < LIMIT
    committed = channel.committed() or 0
    assert committed <= parked.offset


def test_a_parked_consumer_stays_parked_over_a_restart_is_shown_and_goes_on_when_it_is_released(
    channel: Channel, limits: LimitStore, mongo_db: Database[dict[str, Any]]
) -> None:
    channel.write_events(range(50))
    refusing = Refusing()
    with consuming(channel, refusing, limits=limits):
        wait_until(lambda: is_parked(limits), "the group is parked", 30)

    with consuming(channel, refusing, limits=limits) as running:
        wait_until(lambda: running.loop.parked is not None, "the restart finds it parked", 30)
        assert running.alive
        assert parked_metric(channel) == 1
        assert channel.members() == 0
        assert dead_letters(channel) == 0

        refusing.mended = True
        assert Operations(mongo_db, utc_now).limit(channel.group).release("m-operator01")
        wait_for(refusing, range(50))

        assert running.loop.parked is None
        assert parked_metric(channel) == 0
    assert dead_letters(channel) == 0
    assert not limits.release("m-operator01")


def test_a_release_without_a_mended_cause_parks_again_at_the_limit(
    channel: Channel, limits: LimitStore
) -> None:
    channel.write_events(range(60))

    with consuming(channel, Refusing(), limits=limits, batch=5):
        for _ in range(2):
            wait_until(lambda: is_parked(limits), "the group is parked", 30)
            limits.release("m-operator01")
        wait_until(lambda: is_parked(limits), "the group is parked again", 30)

    assert dead_letters(channel) < 3 * LIMIT


def test_an_operator_sees_and_releases_it_at_the_command_line(
    channel: Channel, limits: LimitStore, capsys: pytest.CaptureFixture[str]
) -> None:
    limits.count(3, (True, True, True))
    assert run(limits, "stats", ["status"]) == 0
    limits.park("initiative.approved", 4, 17, "20 records in a row could not be handled")

    assert run(limits, "stats", ["status"]) == 1
    assert run(limits, "stats", ["release"]) == 0
    assert run(limits, "stats", ["release"]) == 0
    assert run(limits, "stats", ["status"]) == 0

    said = capsys.readouterr().out.splitlines()
    assert said[0] == "stats: consumes; dead letters in a row: 3"
    assert said[1].startswith("stats: parked at initiative.approved/4/17 since 20")
    assert said[1].endswith(": 20 records in a row could not be handled")
    assert said[2:] == [
        "stats: released; it goes on within seconds",
        "stats: was not parked",
        "stats: consumes; dead letters in a row: 0",
    ]


@contextmanager
def worker(channel: Channel, loop: ConsumerLoop, *tasks: Task) -> Iterator[Worker]:
    settings = replace(channel.settings, worker_bind=f"127.0.0.1:{free_port()}")
    made = Worker(settings, consumers=[loop], tasks=tasks)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join(30)
        assert not thread.is_alive()


def test_a_parked_consumer_leaves_the_other_parts_of_the_worker_running(
    channel: Channel, limits: LimitStore
) -> None:
    worked: list[int] = []

    def relay(stop: threading.Event) -> None:
        while not stop.wait(0.05):
            worked.append(1)

    channel.write_events(range(50))
    loop = ConsumerLoop(
        channel.settings,
        group=channel.group,
        topics=channel.topics,
        codec=channel.codec,
        handler=Refusing(),
        backoff=QUICK,
        limits=limits,
    )
    with worker(channel, loop, Task("relay", relay)) as made:
        wait_until(lambda: loop.parked is not None, "the consumer is parked", 30)
        assert made.states() == {loop.name: State.PARKED, "relay": State.RUNNING}
        assert made.ready()
        assert made.alive()

        before = len(worked)
        wait_until(lambda: len(worked) > before, "the relay goes on")
