"""A batch of any mixture: every record is handled or put aside, once, in order; nothing else happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.consumer.backoff import Backoff
from chassis.consumer.batch import TRIES, BatchProcessor
from chassis.consumer.dlq import DeadLetter, DeadLetters, DlqLimit, DlqLimitReached
from chassis.consumer.errors import ErrorClass, Refused, Transient
from chassis.events.codec import Event, EventCodec
from tests.support.messaging import NOON, SOURCE, Spec

CODEC = EventCodec({"counted": Spec("counted")}, SOURCE)
NO_LIMIT = DlqLimit(run=10_000, ratio=1.0)


class Received:
    """Record number `offset`, good unless `kind` says otherwise."""

    def __init__(self, offset: int, kind: str = "good") -> None:
        event = CODEC.pending("counted", subject="a", data={"n": offset}, sequence=None, now=NOON)
        headers = dict(event.headers)
        if kind == "unknown type":
            headers["ce_type"] = b"test.other.v1"
        self.topic, self.partition, self.offset, self.timestamp = "counted", 0, offset, 0
        self.key, self.value = b"a", b"not JSON" if kind == "undecodable" else event.value
        self.headers: Sequence[tuple[str, bytes]] = list(headers.items())
        self.kind = kind


class FakeDeadLetters:
    def __init__(self, failures: int = 0) -> None:
        self.letters: list[DeadLetter] = []
        self._failures = failures

    def send(self, letters: Sequence[DeadLetter]) -> list[DeadLetter]:
        if self._failures:
            self._failures -= 1
            self.letters += letters[:1]
            return list(letters[1:])
        self.letters += letters
        return []

    def offsets(self) -> list[int]:
        return [letter.record.offset for letter in self.letters]


class Given:
    """A handler that treats each event as its record's kind says, and everything around it."""

    def __init__(
        self,
        records: Sequence[Received],
        dead_letters: FakeDeadLetters | None = None,
        limit: DlqLimit = NO_LIMIT,
    ) -> None:
        self.kinds = {record.offset: record.kind for record in records}
        self.transient_left = {offset: 2 for offset, kind in self.kinds.items() if kind == "transient"}
        self.effects: list[int] = []
        self.attempts: dict[int, int] = {}
        self.waits: list[float] = []
        self.letters = dead_letters or FakeDeadLetters()
        self.pause: Callable[[float], None] = self.waits.append
        self.records = records
        self.processor = BatchProcessor(
            group="test",
            codec=CODEC,
            handler=self.handle,
            dead_letters=cast(DeadLetters, self.letters),
            pause=lambda seconds: self.pause(seconds),
            limit=limit,
            backoff=Backoff(first=1, longest=8, chance=lambda: 0.0),
        )

    def handle(self, events: Sequence[Event]) -> None:
        numbers = [event.data["n"] for event in events]
        for number in numbers:
            self.attempts[number] = self.attempts.get(number, 0) + 1
        for number in numbers:
            kind = self.kinds[number]
            if self.transient_left.get(number):
                self.transient_left[number] -= 1
                raise Transient
            if kind == "refused":
                raise Refused("no")
            if kind == "bug":
                raise KeyError(number)
        self.effects += numbers

    def process(self) -> list[int]:
        return [event.data["n"] for event in self.processor.process(cast(Any, self.records))]


KINDS = st.sampled_from(
    ["good", "good", "good", "transient", "refused", "bug", "undecodable", "unknown type"]
)


@given(st.lists(KINDS, max_size=12))
def test_every_record_is_handled_or_put_aside_in_order(kinds: list[str]) -> None:
    records = [Received(offset, kind) for offset, kind in enumerate(kinds)]
    given_ = Given(records)

    handled = given_.process()

    good = [r.offset for r in records if r.kind in ("good", "transient")]
    dead = [r.offset for r in records if r.kind in ("refused", "bug", "undecodable")]
    assert handled == good
    assert given_.effects == good
    assert given_.letters.offsets() == dead


def test_a_good_batch_is_handled_in_one_call() -> None:
    given_ = Given([Received(n) for n in range(5)])

    given_.process()

    assert set(given_.attempts.values()) == {1}
    assert given_.waits == []


def test_a_transient_error_waits_longer_each_time() -> None:
    given_ = Given([Received(0), Received(1, "transient")])

    given_.process()

    assert given_.waits == [1, 2]
    assert given_.letters.letters == []


def test_an_unknown_error_is_tried_a_few_times_with_waits_between() -> None:
    given_ = Given([Received(0, "bug")])

    given_.process()

    letter = given_.letters.letters[0]
    assert (letter.error_class, letter.error_code, letter.attempts) == (ErrorClass.UNKNOWN, "KeyError", TRIES)
    assert given_.waits == [1, 2]


def test_a_refusal_is_put_aside_without_a_wait() -> None:
    given_ = Given([Received(0, "refused")])

    given_.process()

    letter = given_.letters.letters[0]
    assert (letter.error_class, letter.error_code, letter.attempts) == (ErrorClass.DETERMINISTIC, "no", 1)
    assert given_.waits == []


def test_it_returns_only_when_every_dead_letter_is_written() -> None:
    given_ = Given([Received(n, "undecodable") for n in range(4)], FakeDeadLetters(failures=2))

    given_.process()

    assert given_.letters.offsets() == [0, 1, 2, 3]
    assert given_.waits == [1, 2]


def test_at_the_limit_no_dead_letter_of_the_batch_is_written() -> None:
    given_ = Given([Received(0), *(Received(n, "refused") for n in range(1, 9))], limit=DlqLimit(run=3))

    with pytest.raises(DlqLimitReached):
        given_.process()

    assert given_.letters.letters == []
    assert max(given_.attempts) == 8
    assert given_.attempts[4] == 1  # only in the first call, with all others: not tried alone any more


def test_a_pause_that_gives_the_batch_up_ends_it() -> None:
    given_ = Given([Received(0, "transient")])

    def gives_up(seconds: float) -> None:
        raise InterruptedError

    given_.pause = gives_up

    with pytest.raises(InterruptedError):
        given_.process()
    assert given_.effects == []
