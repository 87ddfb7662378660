"""The dead-letter limit that is kept: it holds over restarts and for every member of the group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import AutoReconnect

from chassis.consumer.backoff import Backoff
from chassis.consumer.batch import BatchProcessor
from chassis.consumer.dlq import DeadLetter, DeadLetters, DlqLimit, DlqLimitReached
from chassis.consumer.errors import Refused
from chassis.consumer.parking import LimitState, Parked
from chassis.events.codec import Event, EventCodec
from tests.support.messaging import NOON, SOURCE, Spec

CODEC = EventCodec({"counted": Spec("counted")}, SOURCE)
LIMIT = DlqLimit(run=5, ratio=0.5, window=20)


class Received:
    """Record number `offset`; whether it is poison, the test says."""

    def __init__(self, offset: int) -> None:
        event = CODEC.pending("counted", subject="a", data={"n": offset}, sequence=None, now=NOON)
        self.topic, self.partition, self.offset, self.timestamp = "counted", 0, offset, 0
        self.key, self.value = b"a", event.value
        self.headers: Sequence[tuple[str, bytes]] = list(event.headers)


class FakeLimits:
    """The store, in memory. failures: how often it is unavailable first."""

    def __init__(self, failures: int = 0) -> None:
        self.state = LimitState()
        self.failures = failures
        self.calls = 0

    def read(self) -> LimitState:
        self._asked()
        return self.state

    def count(self, run: int, recent: tuple[bool, ...]) -> None:
        self._asked()
        self.state = replace(self.state, run=run, recent=recent)

    def park(self, topic: str, partition: int, offset: int, reason: str) -> None:
        self._asked()
        self.state = replace(
            self.state, parked=self.state.parked or Parked(topic, partition, offset, reason, NOON)
        )

    def _asked(self) -> None:
        self.calls += 1
        if self.failures:
            self.failures -= 1
            raise AutoReconnect


class Member:
    """One member of the group, as it is after a start."""

    def __init__(self, limits: FakeLimits, poison: Sequence[bool]) -> None:
        self.limits = limits
        self.poison = poison
        self.dead: list[int] = []
        self.waits: list[float] = []
        self.processor = BatchProcessor(
            group="test",
            codec=CODEC,
            handler=self._handle,
            dead_letters=cast(DeadLetters, self),
            pause=self.waits.append,
            limit=LIMIT,
            backoff=Backoff(),
            limits=limits,
        )
        self.processor.restore(limits.state)

    def _handle(self, events: Sequence[Event]) -> None:
        if any(self.poison[event.data["n"]] for event in events):
            raise Refused("bad-deploy")

    def send(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        self.dead += [letter.record.offset for letter in letters]
        return []

    def process(self, *offsets: int) -> None:
        self.processor.process(cast(Any, [Received(offset) for offset in offsets]))


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 50, 500])
def test_500_poison_records_stop_at_the_limit_though_the_process_starts_again_after_every_batch(
    batch: int,
) -> None:
    limits, dead, next_offset, starts = FakeLimits(), list[int](), 0, 0

    while limits.state.parked is None and next_offset < 500:
        member = Member(limits, [True] * 500)
        starts += 1
        try:
            member.process(*range(next_offset, min(next_offset + batch, 500)))
            next_offset += batch
        except DlqLimitReached:
            pass
        dead += member.dead

    assert limits.state.parked is not None
    assert limits.state.parked.offset == LIMIT.run - 1
    assert dead == list(range(next_offset))
    assert len(dead) < LIMIT.run


@given(st.lists(st.booleans(), min_size=1, max_size=120), st.data())
def test_wherever_the_process_starts_again_no_more_are_dead_lettered_in_a_row_than_without(
    poison: list[bool], data: st.DataObject
) -> None:
    limits, dead, offset = FakeLimits(), list[int](), 0
    member = Member(limits, poison)

    while offset < len(poison):
        size = data.draw(st.integers(1, 8))
        batch = range(offset, min(offset + size, len(poison)))
        try:
            member.process(*batch)
        except DlqLimitReached:
            break
        finally:
            dead += member.dead
            member.dead.clear()
        offset = batch.stop
        if data.draw(st.booleans()):
            member = Member(limits, poison)

    parked = limits.state.parked
    assert dead == [number for number in range(offset) if poison[number]]
    longest = run = 0
    for is_poison in poison[:offset]:
        run = run + 1 if is_poison else 0
        longest = max(longest, run)
    assert longest < LIMIT.run
    assert (parked is None) == (offset == len(poison))


def test_once_a_member_has_parked_the_group_no_other_writes_a_dead_letter() -> None:
    limits = FakeLimits()
    first, second = Member(limits, [True] * 20), Member(limits, [True] * 20)

    with pytest.raises(DlqLimitReached):
        first.process(*range(LIMIT.run))
    with pytest.raises(DlqLimitReached, match="in a row"):
        second.process(10)

    assert first.dead == second.dead == []
    assert limits.state.parked is not None
    assert limits.state.parked.offset == LIMIT.run - 1


def test_good_records_cost_the_database_nothing() -> None:
    limits = FakeLimits()
    member = Member(limits, [False] * 100)

    for start in range(0, 100, 10):
        member.process(*range(start, start + 10))

    assert limits.calls == 0


def test_the_end_of_a_run_is_kept_so_that_a_restart_does_not_count_it_on() -> None:
    limits = FakeLimits()
    poison = [True] * 4 + [False] + [True] * 4
    Member(limits, poison).process(0, 1, 2, 3)
    Member(limits, poison).process(4)

    last = Member(limits, poison)
    last.process(5, 6, 7, 8)

    assert last.dead == [5, 6, 7, 8]
    assert limits.state.parked is None


def test_nothing_is_dead_lettered_before_the_count_is_kept() -> None:
    limits = FakeLimits(failures=3)
    member = Member(limits, [True])

    member.process(0)

    assert len(member.waits) == 3
    assert member.dead == [0]
    assert limits.state.run == 1
