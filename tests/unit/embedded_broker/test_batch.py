from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record import MemoryRecords

from embedded.broker.log import batch
from embedded.broker.log.records import UnreadableBatchError, keep, marker_type, records
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from tests.support.kafka_batches import GZIP, record_batch

LIMIT = 100_000


def _refused(data: bytes, limit: int = LIMIT) -> ErrorCode:
    with pytest.raises(BrokerError) as refused:
        list(batch.split(data, limit))
    return refused.value.code


def test_several_batches_of_a_request_are_told_apart() -> None:
    data = record_batch(b"1", b"2") + record_batch(b"3")

    assert [header.record_count for header, _ in batch.split(data, LIMIT)] == [2, 1]


def test_a_changed_byte_is_noticed() -> None:
    data = bytearray(record_batch(b"value"))
    data[-1] ^= 1

    assert _refused(bytes(data)) is ErrorCode.CORRUPT_MESSAGE


@pytest.mark.parametrize("length", [1, 60, 61, 70])
def test_a_batch_that_is_cut_short_is_refused(length: int) -> None:
    assert _refused(record_batch(b"a value of some length")[:length]) is ErrorCode.CORRUPT_MESSAGE


def test_a_batch_over_the_limit_is_refused_and_one_at_the_limit_taken() -> None:
    data = record_batch(b"x" * 500)

    assert _refused(data, len(data) - 1) is ErrorCode.MESSAGE_TOO_LARGE
    assert len(list(batch.split(data, len(data)))) == 1


def test_a_client_may_not_send_control_batches() -> None:
    assert _refused(batch.control_batch(1, 0, batch.MARKER_COMMIT, 0, 0)) is ErrorCode.INVALID_RECORD


def test_a_batch_whose_count_does_not_fit_its_offsets_is_refused() -> None:
    data = record_batch(b"1", b"2")
    header = batch.read_header(data)

    lying = batch.seal(header._replace(last_offset_delta=5), data[batch.HEADER_SIZE :])

    assert _refused(lying) is ErrorCode.INVALID_RECORD


def test_a_stamped_batch_has_its_offset_and_is_still_intact() -> None:
    stamped = bytes(batch.stamp(memoryview(record_batch(b"1", b"2")), 41, None))

    header = batch.read_header(stamped)
    assert batch.is_intact(header, stamped)
    assert [record.offset for record in MemoryRecords(stamped).next_batch()] == [41, 42]


def test_append_time_replaces_every_records_time() -> None:
    stamped = bytes(batch.stamp(memoryview(record_batch(b"1", b"2", timestamp=5)), 0, 99))

    assert batch.is_intact(batch.read_header(stamped), stamped)
    assert [record.timestamp for record in MemoryRecords(stamped).next_batch()] == [99, 99]
    assert [record.timestamp for record in records(batch.read_header(stamped), stamped)] == [99, 99]


@pytest.mark.parametrize("marker", [batch.MARKER_ABORT, batch.MARKER_COMMIT])
def test_clients_and_broker_read_the_same_from_a_control_batch(marker: int) -> None:
    data = batch.control_batch(77, 3, marker, 12, 1234)

    header = batch.read_header(data)
    theirs = MemoryRecords(data).next_batch()
    assert batch.is_intact(header, data)
    assert (header.producer_id, header.producer_epoch, header.base_offset) == (77, 3, 12)
    assert theirs.is_control_batch
    assert next(theirs).type == marker == marker_type(header, data)


@given(
    st.lists(st.tuples(st.none() | st.binary(max_size=300), st.none() | st.binary(max_size=300)), min_size=1)
)
def test_records_are_read_as_kafka_python_wrote_them(pairs: list[tuple[bytes | None, bytes | None]]) -> None:
    data = record_batch(*(value for _, value in pairs), keys=[key for key, _ in pairs], timestamp=1000)

    found = list(records(batch.read_header(data), data))

    assert [(record.key, record.is_tombstone) for record in found] == [
        (key, value is None) for key, value in pairs
    ]
    assert [record.offset for record in found] == list(range(len(pairs)))


@pytest.mark.parametrize("codec", [0, GZIP])
def test_what_is_kept_of_a_batch_stays_where_it_was(codec: int) -> None:
    data = record_batch(b"0", b"1", b"2", keys=[b"a", b"b", b"c"], timestamp=50, codec=codec)
    header = batch.read_header(data)

    kept = keep(header, [record for record in records(header, data) if record.key != b"b"])

    theirs = MemoryRecords(kept).next_batch()
    assert theirs.validate_crc()
    assert [(record.offset, record.timestamp, record.value) for record in theirs] == [
        (0, 50, b"0"),
        (2, 52, b"2"),
    ]
    assert batch.read_header(kept).last_offset == 2


def test_a_batch_in_an_unknown_codec_is_unreadable_and_not_an_error_of_another_kind() -> None:
    data = record_batch(b"1")
    header = batch.read_header(data)._replace(attributes=7)

    with pytest.raises(UnreadableBatchError):
        list(records(header, data))
