"""One partition's log: its segments, appending, reading, recovery at start, and waiting readers.

It assigns offsets and must never change or drop an acknowledged record, except by retention, compaction and
`delete_before`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from embedded.broker.log import batch
from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.log.producers import Producers
from embedded.broker.log.records import UnreadableBatchError, marker_type, records
from embedded.broker.log.segment import SUFFIX, Segment
from embedded.broker.protocol.errors import BrokerError, ErrorCode

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogSettings:
    """The topic's settings that apply to the log itself; times in ms, sizes in bytes, -1 for no limit."""

    max_message_bytes: int
    segment_bytes: int
    segment_ms: int
    retention_ms: int
    retention_bytes: int
    compact: bool
    delete: bool
    min_cleanable_dirty_ratio: float
    delete_retention_ms: int
    min_compaction_lag_ms: int
    append_time: bool


@dataclass(frozen=True, slots=True)
class TimedOffset:
    offset: int
    timestamp: int


def now_ms() -> int:
    return int(time.time() * 1000)


class PartitionLog:
    """start_offset: the first readable offset, never before the start of the oldest segment."""

    def __init__(
        self, directory: Path, name: str, settings: LogSettings, flusher: Flusher, start_offset: int = 0
    ) -> None:
        self.directory = directory
        self.name = name
        self.settings = settings
        self.cleaned_to = 0  # offsets below have been compacted
        self.is_destroyed = False
        self._flusher = flusher
        self._waiters: set[asyncio.Event] = set()
        directory.mkdir(parents=True, exist_ok=True)
        self.producers = Producers()
        self.segments: list[Segment] = []
        self._recover()
        self.start_offset = max(start_offset, self.segments[0].base_offset)

    # ---- what is in it

    @property
    def active(self) -> Segment:
        return self.segments[-1]

    @property
    def next_offset(self) -> int:
        """The offset that the next record gets: the high watermark, as there are no replicas."""
        return self.active.next_offset

    @property
    def last_stable_offset(self) -> int:
        first = self.producers.first_unstable_offset
        return self.next_offset if first is None else first

    @property
    def size(self) -> int:
        return sum(segment.size for segment in self.segments)

    # ---- writing

    def append(self, header: batch.BatchHeader, data: memoryview) -> int:
        """Append one validated batch and return its base offset; a duplicate returns its original offset.

        Raises BrokerError for a fenced producer, a gap in its sequence, or a failed write.
        """
        if header.producer_id >= 0:
            base_offset = self.producers.duplicate_of(header)
            if base_offset is not None:
                return base_offset
        now = now_ms()
        self._roll_if_due(header.size, now)
        base_offset = self.next_offset
        stamped = batch.stamp(data, base_offset, now if self.settings.append_time else None)
        self._write(batch.read_header(stamped), stamped, now)
        return base_offset

    def end_transaction(self, producer_id: int, epoch: int, marker: int) -> None:
        """Write the marker that commits or aborts the producer's open transaction here."""
        now = now_ms()
        data = batch.control_batch(producer_id, epoch, marker, self.next_offset, now)
        self._roll_if_due(len(data), now)
        self._write(batch.read_header(data), data, now, marker)

    def _write(
        self, header: batch.BatchHeader, data: bytes | bytearray, now: int, marker: int | None = None
    ) -> None:
        self.active.append(header, data)
        self._flusher.wrote(self.active)
        self.producers.admit(header, now, marker)
        self.wake()

    def _roll_if_due(self, incoming: int, now: int) -> None:
        active = self.active
        full = active.size + incoming > self.settings.segment_bytes
        old = now - active.created >= self.settings.segment_ms
        if active.size and (full or old):
            self.roll(now)

    def roll(self, now: int) -> None:
        """Start a new segment, so that the current one can be deleted or compacted."""
        if self._flusher.policy is not FsyncPolicy.NEVER:
            self.active.flush()
        self.active.seal()
        segment = Segment(self.directory, self.next_offset, now)
        segment.open()
        self._write_state(segment)
        self.segments.append(segment)

    def _write_state(self, segment: Segment) -> None:
        state = {"created": segment.created, "producers": self.producers.dump()}
        incoming = segment.state_path.with_suffix(".state-new")
        incoming.write_text(json.dumps(state))
        incoming.replace(segment.state_path)

    # ---- reading

    def read(self, offset: int, max_bytes: int, upper: int) -> bytes:
        """Whole batches from the one holding `offset`, about `max_bytes` but at least one, below `upper`."""
        at = max(bisect_right(self.segments, offset, key=lambda segment: segment.base_offset) - 1, 0)
        for segment in self.segments[at:]:
            if segment.base_offset >= upper:
                break
            end = segment.size if upper >= segment.next_offset else segment.locate(upper)[0]
            data = segment.span(offset, max_bytes, end)
            if data:
                return data
        return b""

    def offset_at_time(self, timestamp: int) -> TimedOffset | None:
        """The first record at or after `timestamp` (ms), or None."""
        for segment in self.segments:
            if segment.largest_time < timestamp:
                continue
            for header, data in segment.from_time(timestamp):
                found = self._first_record_at(header, data, timestamp)
                if found is not None:
                    return found
        return None

    def _first_record_at(self, header: batch.BatchHeader, data: bytes, timestamp: int) -> TimedOffset | None:
        if header.is_control or header.last_offset < self.start_offset:
            return None
        try:
            for record in records(header, data):
                if record.timestamp >= timestamp and record.offset >= self.start_offset:
                    return TimedOffset(record.offset, record.timestamp)
        except UnreadableBatchError:
            # Compressed with a codec that this machine lacks: the start of the batch is the best answer.
            return TimedOffset(max(header.base_offset, self.start_offset), header.max_timestamp)
        return None

    def latest_time(self) -> TimedOffset | None:
        """The record with the largest timestamp, or None in an empty log."""
        largest = max((segment.largest_time for segment in self.segments), default=-1)
        return None if largest < 0 else self.offset_at_time(largest)

    # ---- waiting readers

    def watch(self, waiter: asyncio.Event) -> None:
        self._waiters.add(waiter)

    def unwatch(self, waiter: asyncio.Event) -> None:
        self._waiters.discard(waiter)

    def wake(self) -> None:
        for waiter in self._waiters:
            waiter.set()

    # ---- removing

    def delete_before(self, offset: int) -> None:
        """Move the start of the log forward to `offset`. Raises BrokerError if that is past the end."""
        if offset > self.next_offset:
            raise BrokerError(ErrorCode.OFFSET_OUT_OF_RANGE, f"the log ends at {self.next_offset}")
        self.start_offset = max(self.start_offset, offset)
        while len(self.segments) > 1 and self.segments[1].base_offset <= self.start_offset:
            self.segments.pop(0).delete()
        self.producers.forget_before(self.start_offset)

    def replace_segments(self, old: list[Segment], new: Segment) -> None:
        """Replace the segments `old` in the log by `new`, which has replaced the first of them on disk."""
        at = self.segments.index(old[0])
        self.segments[at : at + len(old)] = [new]

    def close(self) -> None:
        self.wake()
        for segment in self.segments:
            segment.close()

    def destroy(self) -> None:
        """Delete all files; the log must not be used afterwards."""
        self.is_destroyed = True
        self.wake()
        for segment in self.segments:
            segment.delete()
        for leftover in self.directory.iterdir():
            leftover.unlink()
        self.directory.rmdir()

    # ---- recovery

    def _recover(self) -> None:
        bases = sorted(int(path.stem) for path in self.directory.glob(f"*{SUFFIX}"))
        for number, base in enumerate(bases):
            segment = Segment(self.directory, base, now_ms())
            if self.segments and base < self.segments[-1].next_offset:
                # Compaction merged these records into the previous segment and was killed before it removed
                # this one.
                segment.delete()
                continue
            self._recover_segment(segment, bases[number + 1] if number + 1 < len(bases) else None)
            self.segments.append(segment)
        if not self.segments:
            self.segments.append(Segment(self.directory, 0, now_ms()))
            self._write_state(self.segments[0])
        self.active.open()

    def _recover_segment(self, segment: Segment, next_base: int | None) -> None:
        self._load_state(segment)
        if next_base is not None:
            following = Segment(self.directory, next_base, 0)
            if following.state_path.exists() and segment.load():
                return  # that state includes these batches, so they need not be read
        now = now_ms()
        for header, data in segment.recover():
            self.producers.admit(header, now, marker_type(header, data) if header.is_control else None)
        torn = segment.cut()
        if torn:
            log.warning("truncated a partial write", extra={"partition": self.name, "bytes": torn})

    def _load_state(self, segment: Segment) -> None:
        try:
            state = json.loads(segment.state_path.read_text())
        except FileNotFoundError:
            return  # then the state from the batches before is kept
        segment.created = state["created"]
        self.producers = Producers.load(state["producers"])
