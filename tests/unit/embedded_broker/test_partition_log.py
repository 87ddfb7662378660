from __future__ import annotations

import asyncio
import os
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.broker.log.batch import MARKER_ABORT, read_header
from embedded.broker.log.partition import PartitionLog, TimedOffset
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from tests.support.kafka_batches import append, contents, open_log, record_batch

WHOLE = 1 << 30


def _offsets(data: bytes) -> list[tuple[int, int]]:
    """First and last offset of each batch."""
    found, position = [], 0
    while position < len(data):
        header = read_header(data, position)
        found.append((header.base_offset, header.last_offset))
        position += header.size
    assert position == len(data)
    return found


def _read_all(log: PartitionLog, max_bytes: int = WHOLE) -> list[int]:
    """Every offset, read as a consumer does: from the end of the last batch on."""
    offset, seen = log.start_offset, []
    while offset < log.next_offset:
        batches = _offsets(log.read(offset, max_bytes, log.next_offset))
        seen += [number for first, last in batches for number in range(first, last + 1)]
        offset = batches[-1][1] + 1
    return seen


def test_offsets_follow_one_another(tmp_path: Path) -> None:
    log = open_log(tmp_path)

    assert [append(log, record_batch(b"1", b"2")), append(log, record_batch(b"3"))] == [0, 2]
    assert log.next_offset == 3
    log.close()


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=40),
    segment_bytes=st.sampled_from([300, 1500, 10**6]),
    max_bytes=st.sampled_from([1, 400, 5000, WHOLE]),
)
def test_every_record_is_read_once_whatever_the_segments_and_the_fetch_size(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], segment_bytes: int, max_bytes: int
) -> None:
    directory = tmp_path_factory.mktemp("log")
    log = open_log(directory, segment_bytes=segment_bytes)
    for size in sizes:
        append(log, record_batch(*[b"x" * 50] * size))

    assert _read_all(log, max_bytes) == list(range(sum(sizes)))

    log.close()
    again = open_log(directory, segment_bytes=segment_bytes)
    assert _read_all(again, max_bytes) == list(range(sum(sizes)))
    assert again.next_offset == sum(sizes)
    again.close()


def test_a_reader_in_the_middle_of_a_batch_gets_the_whole_batch(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    append(log, record_batch(b"0", b"1", b"2"))

    assert _offsets(log.read(1, WHOLE, log.next_offset)) == [(0, 2)]
    log.close()


def test_a_read_never_passes_the_upper_offset(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    for _ in range(3):
        append(log, record_batch(b"0", b"1"))

    assert _offsets(log.read(0, WHOLE, upper=4)) == [(0, 1), (2, 3)]
    assert log.read(4, WHOLE, upper=4) == b""
    log.close()


def test_a_segment_is_closed_when_it_is_full_or_old(tmp_path: Path) -> None:
    full = open_log(tmp_path / "full", segment_bytes=200)
    old = open_log(tmp_path / "old", segment_ms=0)
    for log in (full, old):
        for _ in range(3):
            append(log, record_batch(b"x" * 100))
        assert len(log.segments) == 3
        log.close()


def test_a_torn_tail_is_cut_and_the_next_record_takes_its_place(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    append(log, record_batch(b"kept"))
    append(log, record_batch(b"torn"))
    path, size = log.active.path, log.active.size
    log.close()
    with path.open("r+b") as file:
        file.truncate(size - 5)

    recovered = open_log(tmp_path)

    assert append(recovered, record_batch(b"next")) == 1
    assert _read_all(recovered) == [0, 1]
    recovered.close()


def test_a_batch_damaged_by_a_power_cut_ends_the_log_there(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    for value in (b"kept", b"damaged"):
        append(log, record_batch(value))
    path = log.active.path
    log.close()
    data = bytearray(path.read_bytes())
    data[-3] ^= 0xFF
    path.write_bytes(data)

    recovered = open_log(tmp_path)

    assert recovered.next_offset == 1
    recovered.close()


@pytest.mark.parametrize("lost", [".index", ".state", None])
def test_producers_and_transactions_are_known_after_a_start_with_or_without_side_files(
    tmp_path: Path, lost: str | None
) -> None:
    log = open_log(tmp_path, segment_bytes=100)
    append(log, record_batch(b"0", producer=(7, 0, 0), transactional=True))
    log.end_transaction(7, 0, MARKER_ABORT)
    append(log, record_batch(b"2", producer=(7, 0, 1), transactional=True))
    append(log, record_batch(b"3", producer=(8, 0, 0)))
    state = log.producers.dump()
    assert len(log.segments) > 2
    log.close()
    for path in tmp_path.glob(f"*{lost}") if lost else ():
        path.unlink()

    recovered = open_log(tmp_path, segment_bytes=100)

    assert recovered.last_stable_offset == 2
    assert append(recovered, record_batch(b"3", producer=(8, 0, 0))) == 3
    dumped = recovered.producers.dump()
    assert dumped["aborted"] == state["aborted"]
    assert dumped["open"] == state["open"]
    recovered.close()


def test_an_index_that_does_not_fit_its_segment_is_built_again(tmp_path: Path) -> None:
    log = open_log(tmp_path, segment_bytes=200)
    for _ in range(3):
        append(log, record_batch(b"x" * 100))
    log.segments[0].index_path.write_bytes(b"nonsense that is longer than the head of an index")
    log.close()

    recovered = open_log(tmp_path, segment_bytes=200)

    assert _read_all(recovered) == [0, 1, 2]
    recovered.close()


def test_a_write_that_the_disk_refuses_leaves_nothing_behind(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    append(log, record_batch(b"kept"))
    real_write = os.write

    def full_disk(file: int, data: bytes) -> int:
        return real_write(file, bytes(data)[:10])

    with mock.patch("os.write", full_disk), pytest.raises(BrokerError) as refused:
        append(log, record_batch(b"lost"))

    assert refused.value.code is ErrorCode.KAFKA_STORAGE_ERROR
    assert append(log, record_batch(b"next")) == 1
    assert _read_all(log) == [0, 1]
    log.close()


def test_deleting_records_removes_whole_segments_and_hides_the_rest(tmp_path: Path) -> None:
    log = open_log(tmp_path, segment_bytes=200)
    for _ in range(4):
        append(log, record_batch(b"x" * 100))

    log.delete_before(2)

    assert log.start_offset == 2
    assert len(list(tmp_path.glob("*.log"))) == 2
    with pytest.raises(BrokerError, match="ends at 4"):
        log.delete_before(5)
    log.close()


def test_a_time_finds_the_first_record_at_or_after_it(tmp_path: Path) -> None:
    log = open_log(tmp_path, segment_bytes=300)
    for number in range(10):
        append(log, record_batch(b"a", b"b", timestamp=1000 + number * 10))

    assert log.offset_at_time(0) == TimedOffset(0, 1000)
    assert log.offset_at_time(1041) == TimedOffset(9, 1041)
    assert log.offset_at_time(1045) == TimedOffset(10, 1050)
    assert log.offset_at_time(9999) is None
    assert log.latest_time() == TimedOffset(19, 1091)
    log.close()


def test_times_out_of_order_are_found_too(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    for timestamp in (500, 100, 300, 900):
        append(log, record_batch(b"x" * 5000, timestamp=timestamp))

    assert log.offset_at_time(400) == TimedOffset(0, 500)
    assert log.offset_at_time(600) == TimedOffset(3, 900)
    log.close()


def test_who_waits_for_more_is_woken_by_an_append(tmp_path: Path) -> None:
    async def scenario() -> bool:
        log = open_log(tmp_path)
        waiter = asyncio.Event()
        log.watch(waiter)
        append(log, record_batch(b"more"))
        log.close()
        return waiter.is_set()

    assert asyncio.run(scenario())


def test_a_destroyed_log_leaves_no_file(tmp_path: Path) -> None:
    log = open_log(tmp_path / "log", segment_bytes=100)
    append(log, record_batch(b"x" * 100))
    append(log, record_batch(b"x" * 100))

    log.destroy()

    assert list(tmp_path.iterdir()) == []


def test_contents_are_what_was_appended(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    append(log, record_batch(b"1", None, keys=[b"a", b"b"]))

    assert [(record.key, record.is_tombstone) for record in contents(log)] == [(b"a", False), (b"b", True)]
    log.close()
