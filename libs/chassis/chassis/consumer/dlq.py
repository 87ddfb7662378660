"""Dead letters: a record that cannot be handled, kept byte for byte with where, why and how often; and the
limit at which a consumer stops instead, because a bad deploy must not drain a topic into the dead letters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from chassis.consumer.errors import ErrorClass
from chassis.events.codec import format_time
from chassis.producer import Publisher, Record

PREFIX = "dlq_"


class ReceivedRecord(Protocol):
    """A record as kafka-python's consumer returns it."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


@dataclass(frozen=True)
class DeadLetter:
    """A record with the reason why it could not be handled; `attempts` is how often it was tried."""

    record: ReceivedRecord
    error_class: ErrorClass
    error_code: str
    attempts: int


class DeadLetters:
    """Writes the dead letters of one consumer group to `<group>.dlq`."""

    def __init__(self, publisher: Publisher, group: str, clock: Callable[[], datetime]) -> None:
        self._publisher = publisher
        self._group = group
        self._clock = clock

    def send(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        """Send and wait; returns those not acknowledged, to be sent again before any offset is committed."""
        outcomes = self._publisher.publish([self._encode(letter) for letter in letters])
        return [letter for letter, error in zip(letters, outcomes, strict=True) if error is not None]

    def close(self) -> None:
        self._publisher.close()

    def _encode(self, letter: DeadLetter) -> Record:
        record = letter.record
        # A letter that was replayed and failed again tells of its last failure only. kafka-python reads an
        # absent header value as None and cannot write it.
        kept = [(name, value or b"") for name, value in record.headers if not name.startswith(PREFIX)]
        reasons = {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "group": self._group,
            "error_class": letter.error_class,
            "error_code": letter.error_code,
            "attempts": letter.attempts,
            "time": format_time(self._clock()),
        }
        added = [(f"{PREFIX}{name}", str(value).encode()) for name, value in reasons.items()]
        return Record(f"{self._group}.dlq", record.key, record.value, (*kept, *added))


@dataclass(frozen=True)
class DlqLimit:
    """When to stop: at `run` dead letters in a row, or at more than `ratio` of the last `window` records."""

    run: int = 20
    ratio: float = 0.2
    window: int = 500


class DlqLimitReached(Exception):  # a statement for the operator
    """Too many dead letters; the consumer stops before it writes more. See the runbook consumer-parked."""


class DlqCounter:
    """Counts the outcomes of records in their order against a limit; from `run` and `recent` on, see
    chassis.consumer.parking."""

    def __init__(self, limit: DlqLimit, run: int = 0, recent: Iterable[bool] = ()) -> None:
        self._limit = limit
        self._run = run
        self._recent: deque[bool] = deque(recent, maxlen=limit.window)
        self._dead = sum(self._recent)

    @property
    def run(self) -> int:
        return self._run

    @property
    def recent(self) -> tuple[bool, ...]:
        return tuple(self._recent)

    @property
    def dead(self) -> int:
        """Dead letters among the recent records."""
        return self._dead

    def add(self, dead: bool) -> None:
        """The outcome of one record. Raises DlqLimitReached."""
        if len(self._recent) == self._limit.window:
            self._dead -= self._recent[0]
        self._recent.append(dead)
        self._dead += dead
        self._run = self._run + 1 if dead else 0
        if self._run >= self._limit.run:
            raise DlqLimitReached(f"{self._run} records in a row could not be handled")
        window = self._limit.window
        if len(self._recent) == window and self._dead > self._limit.ratio * window:
            raise DlqLimitReached(f"{self._dead} of the last {window} records could not be handled")
