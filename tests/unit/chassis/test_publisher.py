"""The publisher with a producer that loses sight of what it was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from chassis import producer
from chassis.producer import DELIVERY_MS, REQUEST_MS, Publisher, Record


class Now:
    """A clock that stands still but for those who wait."""

    seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds


class Future:
    """What became of a record: known at once, or never."""

    def __init__(self, now: Now, *, known: bool) -> None:
        self._now = now
        self._known = known

    def get(self, timeout: float) -> None:
        if not self._known:
            self._now.seconds += timeout
            raise KafkaTimeoutError


class Producer:
    def __init__(self, now: Now, known: Sequence[bool]) -> None:
        self._futures = [Future(now, known=one) for one in known]
        self.closed = False

    def send(self, *_: Any, **__: Any) -> Future:
        return self._futures.pop(0)

    def close(self, timeout: float) -> None:
        self.closed = True


def record(n: int) -> Record:
    return Record("things", str(n).encode(), b"{}", ())


def test_records_that_a_producer_forgot_are_waited_for_together_and_not_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = Now()
    monkeypatch.setattr(producer, "time", now)
    known = [n % 3 == 0 for n in range(60)]
    forgetful = Producer(now, known)

    outcomes = Publisher(lambda: forgetful, "relay").publish([record(n) for n in range(60)])

    assert [outcome is None for outcome in outcomes] == known
    assert now.seconds - 1000.0 <= (DELIVERY_MS + REQUEST_MS) / 1000
    assert forgetful.closed
