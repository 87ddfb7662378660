"""The loop against a broker that misbehaves in ways that a real one shows too rarely."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import CommitFailedError, GroupAuthorizationFailedError, KafkaTimeoutError

from chassis.consumer.errors import Transient
from chassis.consumer.loop import ConsumerLoop
from chassis.events.codec import EventCodec
from tests.support.consuming import QUICK, Recorder
from tests.support.messaging import NOON, SOURCE, MessagingSettings, Spec

CODEC = EventCodec({"counted": Spec("counted")}, SOURCE)
HOME, STRAY = TopicPartition("counted", 0), TopicPartition("counted", 1)


class Received:
    def __init__(self, offset: int, partition: TopicPartition = HOME) -> None:
        event = CODEC.pending("counted", subject="a", data={"n": offset}, sequence=None, now=NOON)
        self.topic, self.partition = partition
        self.offset, self.timestamp = offset, 0
        self.key, self.value, self.headers = b"a", event.value, list(event.headers)


class FakeConsumer:
    """Answers polls and commits from scripts; when the polls are used up, the loop is told to stop."""

    def __init__(self, polls: list[Any], commits: list[Any], stop: threading.Event) -> None:
        self.polls, self.commits, self.stop = polls, commits, stop
        self.committed: list[dict[TopicPartition, int]] = []
        self.seeks: list[tuple[TopicPartition, int]] = []
        self.close_error: Exception | None = None
        self.closed = False

    def poll(self, timeout_ms: int) -> Any:
        if not self.polls:
            self.stop.set()
            return {}
        answer = self.polls.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def commit(self, offsets: dict[TopicPartition, Any], timeout_ms: int) -> None:
        error = self.commits.pop(0) if self.commits else None
        if error is not None:
            raise error
        self.committed.append({partition: found.offset for partition, found in offsets.items()})

    def assignment(self) -> set[TopicPartition]:
        return {HOME}

    def paused(self) -> set[TopicPartition]:
        return {HOME}

    def pause(self, *partitions: TopicPartition) -> None: ...

    def resume(self, *partitions: TopicPartition) -> None: ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.seeks.append((partition, offset))

    def position(self, partition: TopicPartition, timeout_ms: int) -> None:
        return None

    def highwater(self, partition: TopicPartition) -> None:
        return None

    def close(self, autocommit: bool, timeout_ms: int) -> None:
        self.closed = True
        if self.close_error is not None:
            raise self.close_error


class Looping:
    """A loop with a fake consumer, run to its end."""

    def __init__(self, polls: list[Any], commits: list[Any] | None = None, handler: Any = None) -> None:
        self.stop = threading.Event()
        self.consumer = FakeConsumer(polls, commits or [], self.stop)
        self.recorder = handler or Recorder()
        self.loop = ConsumerLoop(
            MessagingSettings("x:1"),
            group="test",
            topics=["counted"],
            codec=CODEC,
            handler=self.recorder,
            backoff=QUICK,
        )

    def run(self, monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any] | None = None) -> None:
        monkeypatch.setattr(self.loop, "_make_consumer", make or (lambda: self.consumer))
        self.loop.run(self.stop)


def batch(*offsets: int) -> dict[TopicPartition, list[Received]]:
    return {HOME: [Received(offset) for offset in offsets]}


def test_it_asks_again_while_no_broker_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    looping = Looping([batch(0)])
    answers: list[Any] = [KafkaTimeoutError(), OSError(), looping.consumer]

    def make() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    looping.run(monkeypatch, make)

    assert looping.recorder.handled == [0]


def test_a_stop_while_no_broker_answers_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    looping = Looping([])

    def make() -> Any:
        looping.stop.set()
        raise KafkaTimeoutError

    looping.run(monkeypatch, make)

    assert looping.recorder.calls == []


def test_a_poll_that_may_be_repeated_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    looping = Looping([KafkaTimeoutError(), batch(0)])

    looping.run(monkeypatch)

    assert looping.consumer.committed == [{HOME: 1}]


def test_a_poll_that_no_retry_heals_ends_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    error = GroupAuthorizationFailedError("test")
    looping = Looping([error])

    with pytest.raises(GroupAuthorizationFailedError):
        looping.run(monkeypatch)
    assert looping.consumer.closed


@pytest.mark.parametrize("error", [KafkaTimeoutError(), CommitFailedError()], ids=["time out", "rebalance"])
def test_a_failed_commit_is_made_up_for(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    looping = Looping([batch(0, 1), {}], commits=[error])

    looping.run(monkeypatch)

    assert looping.recorder.handled == [0, 1]
    assert looping.consumer.committed == [{HOME: 2}]


def test_a_failed_commit_is_made_up_for_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    looping = Looping([batch(0)], commits=[KafkaTimeoutError(), KafkaTimeoutError()])

    looping.run(monkeypatch)

    assert looping.consumer.committed == [{HOME: 1}]


def test_a_commit_that_no_retry_heals_ends_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    looping = Looping([batch(0)], commits=[GroupAuthorizationFailedError("test")])

    with pytest.raises(GroupAuthorizationFailedError):
        looping.run(monkeypatch)


def test_offsets_of_partitions_that_went_elsewhere_are_not_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    looping = Looping([{STRAY: [Received(7, STRAY)]}])

    looping.run(monkeypatch)

    assert looping.recorder.handled == [7]
    assert looping.consumer.committed == []


def test_records_that_come_during_a_pause_are_read_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [Transient()]

    def fails(numbers: list[int]) -> None:
        if failures:
            raise failures.pop()

    looping = Looping([batch(0), {STRAY: [Received(7, STRAY)]}, {}], handler=Recorder(fails))

    looping.run(monkeypatch)

    assert (STRAY, 7) in looping.consumer.seeks


def test_a_rebalance_during_a_pause_sends_the_position_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(numbers: list[int]) -> None:
        raise Transient

    looping = Looping([], handler=Recorder(fails))

    def rebalance() -> Any:
        looping.loop._rebalances.on_partitions_lost({HOME})
        return {}

    looping.consumer.polls = [batch(4, 5), rebalance]

    looping.run(monkeypatch)

    assert looping.consumer.seeks[-1] == (HOME, 4)
    assert looping.consumer.committed == []


def test_a_group_that_cannot_be_left_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    looping = Looping([batch(0)])
    looping.consumer.close_error = KafkaTimeoutError()

    looping.run(monkeypatch)

    assert looping.consumer.closed
