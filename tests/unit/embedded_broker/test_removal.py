"""Retention and compaction."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedded.broker.log.batch import MARKER_ABORT, MARKER_COMMIT
from embedded.broker.log.compaction import compact
from embedded.broker.log.partition import PartitionLog, now_ms
from embedded.broker.log.retention import enforce_retention
from tests.support.kafka_batches import GZIP, HOUR_MS, append, contents, open_log, record_batch


def _left(log: PartitionLog) -> list[tuple[int, bytes | None]]:
    return [(record.offset, record.key) for record in contents(log)]


def _compacted(directory: Path, **changed: Any) -> PartitionLog:
    return open_log(directory, compact=True, delete=False, **{"segment_ms": 0, **changed})


# ---- retention


def test_segments_older_than_the_limit_are_deleted(tmp_path: Path) -> None:
    log = open_log(tmp_path, segment_bytes=150, retention_ms=HOUR_MS)
    now = now_ms()
    append(log, record_batch(b"x" * 100, timestamp=now - 2 * HOUR_MS))
    append(log, record_batch(b"x" * 100, timestamp=now))

    assert enforce_retention(log, now)

    assert log.start_offset == 1
    assert len(list(tmp_path.glob("*.log"))) == 1
    log.close()


def test_a_log_that_is_old_all_through_becomes_empty_and_keeps_counting(tmp_path: Path) -> None:
    log = open_log(tmp_path, retention_ms=HOUR_MS)
    append(log, record_batch(b"1", b"2", timestamp=now_ms() - 2 * HOUR_MS))

    enforce_retention(log, now_ms())

    assert (log.start_offset, log.next_offset) == (2, 2)
    log.close()
    again = open_log(tmp_path, retention_ms=HOUR_MS)
    assert append(again, record_batch(b"3")) == 2
    again.close()


def test_the_oldest_segments_go_until_the_size_is_under_the_limit(tmp_path: Path) -> None:
    log = open_log(tmp_path, segment_bytes=150, retention_bytes=400)
    for _ in range(6):
        append(log, record_batch(b"x" * 100))

    enforce_retention(log, now_ms())

    assert 400 <= log.size < 400 + 2 * log.active.size
    log.close()


def test_an_open_transaction_holds_its_segments(tmp_path: Path) -> None:
    log = open_log(tmp_path, segment_bytes=150, retention_ms=0)
    append(log, record_batch(b"x" * 100, producer=(1, 0, 0), transactional=True, timestamp=1))
    append(log, record_batch(b"x" * 100, timestamp=1))

    assert not enforce_retention(log, now_ms())

    log.end_transaction(1, 0, MARKER_COMMIT)
    enforce_retention(log, now_ms() + HOUR_MS)
    assert log.start_offset == 3
    log.close()


def test_nothing_is_deleted_where_only_compaction_is_asked_for(tmp_path: Path) -> None:
    log = _compacted(tmp_path, retention_ms=0)
    append(log, record_batch(b"1", timestamp=1))

    assert not enforce_retention(log, now_ms())
    log.close()


# ---- compaction


def test_only_the_last_record_of_each_key_stays_at_its_offset(tmp_path: Path) -> None:
    log = _compacted(tmp_path)
    for number in range(6):
        append(log, record_batch(b"%d" % number, key=b"ab"[number % 2 : number % 2 + 1]))

    assert asyncio.run(compact(log, now_ms()))

    assert _left(log) == [(4, b"a"), (5, b"b")]
    assert (log.start_offset, log.next_offset) == (0, 6)
    log.close()


def test_a_compacted_log_is_the_same_after_a_restart_and_leaves_few_files(tmp_path: Path) -> None:
    log = _compacted(tmp_path)
    for number in range(20):
        append(log, record_batch(b"v", key=b"key-%d" % (number % 3)))
    asyncio.run(compact(log, now_ms()))
    left = _left(log)
    log.close()

    again = _compacted(tmp_path)

    assert _left(again) == left
    assert again.next_offset == 20
    assert len(list(tmp_path.glob("*.log"))) == 2
    again.close()


def test_records_of_one_batch_are_kept_apart_from_those_that_go(tmp_path: Path) -> None:
    for codec in (0, GZIP):
        log = _compacted(tmp_path / str(codec))
        append(log, record_batch(b"1", b"2", b"3", keys=[b"a", b"b", b"c"], codec=codec))
        append(log, record_batch(b"4", key=b"b"))

        asyncio.run(compact(log, now_ms()))

        assert _left(log) == [(0, b"a"), (2, b"c"), (3, b"b")]
        log.close()


def test_a_tombstone_stays_for_a_while_and_then_goes(tmp_path: Path) -> None:
    log = _compacted(tmp_path, delete_retention_ms=HOUR_MS)
    append(log, record_batch(b"1", key=b"a"))
    append(log, record_batch(None, key=b"a"))
    append(log, record_batch(b"1", key=b"b"))

    asyncio.run(compact(log, now_ms()))
    assert _left(log) == [(1, b"a"), (2, b"b")]

    append(log, record_batch(b"2", key=b"b"))
    asyncio.run(compact(log, now_ms() + 2 * HOUR_MS))
    assert _left(log) == [(3, b"b")]
    log.close()


def test_aborted_records_go_and_do_not_hide_committed_ones(tmp_path: Path) -> None:
    log = _compacted(tmp_path)
    append(log, record_batch(b"committed", key=b"a"))
    append(log, record_batch(b"aborted", key=b"a", producer=(1, 0, 0), transactional=True))
    log.end_transaction(1, 0, MARKER_ABORT)

    asyncio.run(compact(log, now_ms()))

    assert _left(log) == [(0, b"a")]
    log.close()


def test_an_open_transaction_is_not_compacted(tmp_path: Path) -> None:
    log = _compacted(tmp_path)
    append(log, record_batch(b"1", key=b"a", producer=(1, 0, 0), transactional=True))
    append(log, record_batch(b"2", key=b"a"))

    assert not asyncio.run(compact(log, now_ms()))
    assert len(_left(log)) == 2
    log.close()


def test_little_that_is_new_is_not_worth_a_compaction(tmp_path: Path) -> None:
    log = _compacted(tmp_path, min_cleanable_dirty_ratio=0.5)
    for number in range(20):
        append(log, record_batch(b"v" * 50, key=b"key-%d" % number))
    assert asyncio.run(compact(log, now_ms()))

    append(log, record_batch(b"v", key=b"key-1"))

    assert not asyncio.run(compact(log, now_ms()))
    log.close()


def test_a_kill_between_the_swap_and_the_removal_of_merged_segments_does_no_harm(tmp_path: Path) -> None:
    log = _compacted(tmp_path)
    for number in range(4):
        append(log, record_batch(b"%d" % number, key=b"key-%d" % number))
    log.roll(now_ms())
    merged = log.segments[2].path
    content = merged.read_bytes()
    asyncio.run(compact(log, now_ms()))
    assert not merged.exists()
    log.close()
    merged.write_bytes(content)

    recovered = _compacted(tmp_path)

    assert [offset for offset, _ in _left(recovered)] == [0, 1, 2, 3]
    assert not merged.exists()
    recovered.close()


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_a_log_deleted_during_its_compaction_stays_deleted(tmp_path: Path, steps: int) -> None:
    async def scenario() -> bool:
        log = _compacted(tmp_path / "log")
        for _ in range(3):
            append(log, record_batch(b"v", key=b"a"))
        compaction = asyncio.create_task(compact(log, now_ms()))
        for _ in range(steps):
            await asyncio.sleep(0)
        for path in list((tmp_path / "log").iterdir()):
            path.unlink()
        log.is_destroyed = True
        return await compaction

    assert not asyncio.run(scenario())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=40),
    st.sampled_from([1, 10**6]),
)
def test_compaction_never_changes_the_last_value_of_a_key(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, bool]], segment_bytes: int
) -> None:
    log = _compacted(tmp_path_factory.mktemp("log"), segment_bytes=segment_bytes, segment_ms=HOUR_MS)
    expected: dict[bytes | None, int] = {}
    for number, (key, pause) in enumerate(writes):
        append(log, record_batch(b"%d" % number, key=b"key-%d" % key))
        expected[b"key-%d" % key] = number
        if pause:
            asyncio.run(compact(log, now_ms()))
    log.roll(now_ms())

    asyncio.run(compact(log, now_ms()))

    assert {key: offset for offset, key in _left(log)} == expected
    assert len(_left(log)) == len(expected)
    log.close()
