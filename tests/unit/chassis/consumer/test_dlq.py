"""Dead letters and the limit at which a consumer stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from chassis.consumer.dlq import DeadLetter, DeadLetters, DlqCounter, DlqLimit, DlqLimitReached
from chassis.consumer.errors import ErrorClass
from chassis.producer import Publisher, Record
from tests.support.messaging import NOON


@dataclass(frozen=True)
class Received:
    topic: str = "counted"
    partition: int = 3
    offset: int = 17
    timestamp: int = 0
    key: bytes | None = b"k"
    value: bytes | None = b"\x00"
    headers: Sequence[tuple[str, Any]] = field(default=(("ce_id", b"1"),))


class FakePublisher:
    def __init__(self, outcomes: Sequence[Exception | None]) -> None:
        self.outcomes = list(outcomes)
        self.records: list[Record] = []
        self.closed = False

    def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        self.records += records
        return [self.outcomes.pop(0) for _ in records]

    def close(self) -> None:
        self.closed = True


def letters(fake: FakePublisher) -> DeadLetters:
    return DeadLetters(cast(Publisher, fake), "stats", lambda: NOON)


def letter(**changes: Any) -> DeadLetter:
    return DeadLetter(Received(**changes), ErrorClass.UNKNOWN, "KeyError", 3)


def test_a_letter_says_where_why_and_how_often() -> None:
    fake = FakePublisher([None])

    assert letters(fake).send([letter()]) == []

    record = fake.records[0]
    assert (record.topic, record.key, record.value) == ("stats.dlq", b"k", b"\x00")
    assert record.headers == (
        ("ce_id", b"1"),
        ("dlq_topic", b"counted"),
        ("dlq_partition", b"3"),
        ("dlq_offset", b"17"),
        ("dlq_group", b"stats"),
        ("dlq_error_class", b"unknown"),
        ("dlq_error_code", b"KeyError"),
        ("dlq_attempts", b"3"),
        ("dlq_time", b"2022-05-31T12:00:00.000Z"),
    )


def test_letters_that_were_not_acknowledged_are_returned() -> None:
    first, second = letter(offset=1), letter(offset=2)

    assert letters(FakePublisher([None, TimeoutError()])).send([first, second]) == [second]


def test_a_replayed_letter_tells_of_its_last_failure_only() -> None:
    fake = FakePublisher([None])

    letters(fake).send([letter(headers=(("dlq_offset", b"1"), ("none", None)))])

    names = [name for name, _ in fake.records[0].headers]
    assert names.count("dlq_offset") == 1
    assert ("none", b"") in fake.records[0].headers


def test_closing_ends_the_publisher() -> None:
    fake = FakePublisher([])

    letters(fake).close()

    assert fake.closed


def test_a_run_of_dead_letters_reaches_the_limit() -> None:
    counter = DlqCounter(DlqLimit(run=3))

    for dead in (True, True, False, True, True):
        counter.add(dead)
    with pytest.raises(DlqLimitReached, match="3 records in a row"):
        counter.add(True)


def test_a_high_share_reaches_the_limit_once_the_window_is_full() -> None:
    counter = DlqCounter(DlqLimit(run=100, ratio=0.3, window=10))

    for _ in range(3):
        counter.add(True)
        counter.add(False)
        counter.add(False)
    with pytest.raises(DlqLimitReached, match="4 of the last 10"):
        counter.add(True)


def test_old_outcomes_leave_the_window() -> None:
    counter = DlqCounter(DlqLimit(run=100, ratio=0.3, window=10))

    for _ in range(50):
        counter.add(True)
        for _ in range(9):
            counter.add(False)
