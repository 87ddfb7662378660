"""Record batches as a producer sends them, and partition logs to append them to."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from kafka.record import MemoryRecordsBuilder

from embedded.broker.log.batch import split
from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.log.partition import LogSettings, PartitionLog
from embedded.broker.log.records import Record, records

GZIP = 1
HOUR_MS = 3600 * 1000

LOG_SETTINGS = LogSettings(
    max_message_bytes=1_000_000,
    segment_bytes=10_000_000,
    segment_ms=HOUR_MS,
    retention_ms=-1,
    retention_bytes=-1,
    compact=False,
    delete=True,
    min_cleanable_dirty_ratio=0.0,
    delete_retention_ms=HOUR_MS,
    min_compaction_lag_ms=0,
    append_time=False,
)


def record_batch(
    *values: bytes | None,
    key: bytes | None = b"key",
    keys: list[bytes | None] | None = None,
    timestamp: int | None = None,
    producer: tuple[int, int, int] | None = None,
    transactional: bool = False,
    codec: int = 0,
) -> bytes:
    """One batch with these values; `producer` is its id, epoch and first sequence."""
    now = int(time.time() * 1000) if timestamp is None else timestamp
    builder = MemoryRecordsBuilder(magic=2, compression_type=codec, batch_size=1 << 24)
    for number, value in enumerate(values):
        builder.append(now + number, keys[number] if keys else key, value, [])
    if producer is not None:
        builder.set_producer_state(*producer, transactional)
    builder.close()
    return bytes(builder.buffer())


def open_log(directory: Path, start_offset: int = 0, **settings: Any) -> PartitionLog:
    changed = replace(LOG_SETTINGS, **settings)
    return PartitionLog(directory, "topic-0", changed, Flusher(FsyncPolicy.NEVER), start_offset)


def append(log: PartitionLog, data: bytes) -> int:
    """Append one batch as a produce request does; returns its base offset."""
    ((header, checked),) = split(data, log.settings.max_message_bytes)
    return log.append(header, checked)


def contents(log: PartitionLog) -> list[Record]:
    """All records in the log's files, except control records."""
    return [
        record
        for segment in log.segments
        for header, data in segment.batches()
        if not header.is_control
        for record in records(header, data)
    ]
