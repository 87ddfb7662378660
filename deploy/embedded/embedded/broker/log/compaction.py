"""Compaction: rewrites closed segments so that only the last record of each key is kept.

Offsets never change. Control batches are kept, because they end transactions; records of aborted transactions
are deleted. A tombstone is deleted once it is older than the topic's delete.retention.ms. Batches with a
codec that this machine cannot decompress are kept unchanged.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from hashlib import blake2b
from itertools import takewhile

from embedded.broker.log import batch
from embedded.broker.log.partition import PartitionLog
from embedded.broker.log.records import Record, UnreadableBatchError, keep, records
from embedded.broker.log.segment import Segment

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cleaning:
    """The input of one compaction. latest: the last offset of each key, by the key's digest."""

    latest: dict[bytes, int]
    drop_tombstones_before: int


async def compact(partition: PartitionLog, now: int) -> bool:
    """Compact the partition if its topic is compacted and enough of it is new; returns whether it did.

    A thread reads and rewrites files that no longer change; the files are swapped in the caller's event loop.
    """
    segments = _due(partition, now)
    if not segments:
        return False
    before = after = sum(segment.size for segment in segments)
    tombstone_limit = now - partition.settings.delete_retention_ms
    try:
        latest = await asyncio.to_thread(_latest_offsets, partition, segments)
        cleaning = Cleaning(latest, tombstone_limit)
        for group in _groups(segments, partition.settings.segment_bytes):
            rewritten = await asyncio.to_thread(_rewrite, partition, cleaning, group)
            if _were_removed(partition, group):
                rewritten.path.unlink(missing_ok=True)
                return False
            after -= sum(segment.size for segment in group) - rewritten.size
            _swap(partition, group, rewritten)
    except FileNotFoundError:
        if _were_removed(partition, segments):
            return False
        raise
    partition.cleaned_to = segments[-1].next_offset
    log.info("compacted", extra={"partition": partition.name, "bytes_before": before, "bytes_after": after})
    return True


def _were_removed(partition: PartitionLog, segments: list[Segment]) -> bool:
    """Whether the topic, or records of it, were deleted while the compaction was running."""
    return partition.is_destroyed or any(segment not in partition.segments for segment in segments)


def _due(partition: PartitionLog, now: int) -> list[Segment]:
    settings = partition.settings
    if not settings.compact:
        return []
    active = partition.active
    if active.size and now - active.created >= settings.segment_ms:
        partition.roll(now)
    closed = list(takewhile(lambda segment: _is_settled(partition, segment, now), partition.segments[:-1]))
    total = sum(segment.size for segment in closed)
    dirty = sum(segment.size for segment in closed if segment.next_offset > partition.cleaned_to)
    if not dirty or dirty < total * settings.min_cleanable_dirty_ratio:
        return []
    return closed


def _is_settled(partition: PartitionLog, segment: Segment, now: int) -> bool:
    """Whether every transaction in the segment has ended, and its records are old enough to be compacted."""
    lag = partition.settings.min_compaction_lag_ms
    old_enough = not lag or segment.largest_time <= now - lag
    return old_enough and segment.next_offset <= partition.last_stable_offset


def _digest(key: bytes) -> bytes:
    return blake2b(key, digest_size=16).digest()


def _latest_offsets(partition: PartitionLog, segments: list[Segment]) -> dict[bytes, int]:
    latest: dict[bytes, int] = {}
    for segment in segments:
        for header, data in segment.batches():
            if header.is_control or partition.producers.is_aborted(header):
                continue
            try:
                for record in records(header, data):
                    if record.key is not None:
                        latest[_digest(record.key)] = record.offset
            except UnreadableBatchError:
                continue
    return latest


def _groups(segments: list[Segment], segment_bytes: int) -> list[list[Segment]]:
    """Groups of adjacent segments that fit into one, so that many small segments become few."""
    groups: list[list[Segment]] = [[]]
    size = 0
    for segment in segments:
        if groups[-1] and size + segment.size > segment_bytes:
            groups.append([])
            size = 0
        groups[-1].append(segment)
        size += segment.size
    return groups


def _rewrite(partition: PartitionLog, cleaning: Cleaning, group: list[Segment]) -> Segment:
    """A new segment, in a separate file, with the records of the group that are kept."""
    first = group[0]
    rewritten = Segment(partition.directory, first.base_offset, first.created)
    final_path = rewritten.path
    rewritten.path = final_path.with_suffix(".cleaned")
    rewritten.path.unlink(missing_ok=True)
    rewritten.open()
    for segment in group:
        for header, data in segment.batches():
            cleaned = _clean(partition, cleaning, header, data)
            if cleaned is not None:
                rewritten.append(batch.read_header(cleaned), cleaned)
    rewritten.flush()
    rewritten.close()
    return rewritten


def _clean(
    partition: PartitionLog, cleaning: Cleaning, header: batch.BatchHeader, data: bytes
) -> bytes | None:
    if header.is_control:
        return data
    if partition.producers.is_aborted(header):
        return None
    try:
        present = list(records(header, data))
    except UnreadableBatchError:
        return data
    kept = [record for record in present if _stays(cleaning, record)]
    if len(kept) == len(present):
        return data
    return keep(header, kept) if kept else None


def _stays(cleaning: Cleaning, record: Record) -> bool:
    if record.key is None:
        return (
            False  # a compacted topic accepts no such record; it was written before the topic was compacted
        )
    if record.is_tombstone and record.timestamp < cleaning.drop_tombstones_before:
        return False
    return cleaning.latest[_digest(record.key)] <= record.offset


def _swap(partition: PartitionLog, group: list[Segment], rewritten: Segment) -> None:
    first = group[0]
    # After a kill there is either the old file or the new one, and never an index of another file.
    first.index_path.unlink(missing_ok=True)
    rewritten.path = rewritten.path.replace(first.path)
    rewritten.write_index()
    partition.replace_segments(group, rewritten)
    for merged in group[1:]:
        merged.delete()
