from __future__ import annotations

import pytest

from embedded.broker.log import batch
from embedded.broker.log.batch import MARKER_ABORT, MARKER_COMMIT, BatchHeader
from embedded.broker.log.producers import Producers
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from tests.support.kafka_batches import record_batch

NOW = 1_000_000


def _sent(
    producer_id: int, epoch: int, sequence: int, offset: int, count: int = 1, tx: bool = False
) -> BatchHeader:
    data = record_batch(*[b"v"] * count, producer=(producer_id, epoch, sequence), transactional=tx)
    return batch.read_header(data)._replace(base_offset=offset)


def _end(producers: Producers, producer_id: int, epoch: int, marker: int, offset: int) -> None:
    control = batch.control_batch(producer_id, epoch, marker, offset, NOW)
    producers.admit(batch.read_header(control), NOW, marker)


def _refused(producers: Producers, header: BatchHeader) -> ErrorCode:
    with pytest.raises(BrokerError) as refused:
        producers.duplicate_of(header)
    return refused.value.code


def test_the_last_five_batches_are_recognised_when_they_come_again() -> None:
    producers = Producers()
    for number in range(7):
        producers.admit(_sent(1, 0, number * 2, 100 + number * 2, count=2), NOW)

    assert producers.duplicate_of(_sent(1, 0, 4, -1, count=2)) == 104
    assert _refused(producers, _sent(1, 0, 2, -1, count=2)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_only_the_next_sequence_is_new() -> None:
    producers = Producers()
    producers.admit(_sent(1, 0, 0, 0, count=3), NOW)

    assert producers.duplicate_of(_sent(1, 0, 3, -1)) is None
    assert _refused(producers, _sent(1, 0, 4, -1)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_sequences_start_again_after_the_largest() -> None:
    producers = Producers()
    producers.admit(_sent(1, 0, 2**31 - 2, 0, count=2), NOW)

    assert producers.duplicate_of(_sent(1, 0, 0, -1)) is None


def test_a_new_epoch_starts_at_zero_and_fences_the_old_one() -> None:
    producers = Producers()
    producers.admit(_sent(1, 0, 0, 0), NOW)

    assert _refused(producers, _sent(1, 1, 1, -1)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert producers.duplicate_of(_sent(1, 1, 0, -1)) is None
    producers.admit(_sent(1, 1, 0, 1), NOW)
    assert _refused(producers, _sent(1, 0, 1, -1)) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_an_unknown_producer_may_start_anywhere() -> None:
    assert Producers().duplicate_of(_sent(5, 3, 77, -1)) is None


def test_the_oldest_open_transaction_is_the_first_unstable_offset() -> None:
    producers = Producers()
    producers.admit(_sent(1, 0, 0, 10, tx=True), NOW)
    producers.admit(_sent(2, 0, 0, 11, tx=True), NOW)
    assert producers.first_unstable_offset == 10

    _end(producers, 1, 0, MARKER_COMMIT, 12)

    assert producers.first_unstable_offset == 11


def test_an_aborted_transaction_is_found_in_every_range_that_it_touches() -> None:
    producers = Producers()
    producers.admit(_sent(1, 0, 0, 10, tx=True), NOW)
    _end(producers, 1, 0, MARKER_ABORT, 20)
    producers.admit(_sent(1, 0, 1, 21, tx=True), NOW)
    _end(producers, 1, 0, MARKER_COMMIT, 22)

    def touching(start: int, end: int) -> list[int]:
        return [aborted.first_offset for aborted in producers.aborted_in(start, end)]

    assert touching(0, 10) == []
    assert touching(0, 11) == touching(15, 16) == touching(20, 30) == [10]
    assert touching(21, 30) == []
    producers.forget_before(21)
    assert touching(0, 30) == []


def test_the_marker_of_a_fenced_transaction_fences_its_producer() -> None:
    producers = Producers()
    producers.admit(_sent(1, 0, 0, 0, tx=True), NOW)

    _end(producers, 1, 1, MARKER_ABORT, 1)

    assert _refused(producers, _sent(1, 0, 1, -1, tx=True)) is ErrorCode.INVALID_PRODUCER_EPOCH


def test_silent_producers_are_forgotten_unless_their_transaction_is_open() -> None:
    producers = Producers()
    producers.admit(_sent(1, 0, 0, 0), NOW)
    producers.admit(_sent(2, 0, 0, 1, tx=True), NOW)

    producers.forget_idle(since=NOW + 1)

    assert producers.duplicate_of(_sent(1, 0, 50, -1)) is None
    assert _refused(producers, _sent(2, 0, 50, -1)) is ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER


def test_what_is_dumped_is_what_is_loaded() -> None:
    producers = Producers()
    producers.admit(_sent(1, 2, 0, 0, count=4), NOW)
    producers.admit(_sent(2, 0, 0, 4, tx=True), NOW)
    _end(producers, 2, 0, MARKER_ABORT, 5)
    producers.admit(_sent(3, 0, 0, 6, tx=True), NOW)

    loaded = Producers.load(producers.dump())

    assert loaded.dump() == producers.dump()
    assert loaded.duplicate_of(_sent(1, 2, 0, -1, count=4)) == 0
    assert loaded.first_unstable_offset == 6
