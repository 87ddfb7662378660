"""Deletes old segments of a partition by its topic's retention time or size; never part of a segment."""

from __future__ import annotations

from embedded.broker.log.partition import PartitionLog


def enforce_retention(log: PartitionLog, now: int) -> bool:
    """Delete the segments over the limits; `now` in ms. Returns whether the log's start moved.

    Records from the start of an open transaction on are kept.
    """
    settings = log.settings
    if not settings.delete:
        return False
    before = log.start_offset
    if _is_expired(log, now) and log.active.size and log.last_stable_offset == log.next_offset:
        log.roll(now)  # so that a topic without new writes expires too
    for segment in log.segments[:-1]:
        expired = settings.retention_ms >= 0 and segment.largest_time < now - settings.retention_ms
        oversize = 0 <= settings.retention_bytes < log.size - segment.size
        if not (expired or oversize) or segment.next_offset > log.last_stable_offset:
            break
        following = log.segments[log.segments.index(segment) + 1]
        log.delete_before(following.base_offset)
    return log.start_offset > before


def _is_expired(log: PartitionLog, now: int) -> bool:
    return log.settings.retention_ms >= 0 and log.active.largest_time < now - log.settings.retention_ms
