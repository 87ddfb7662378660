"""A sparse index of one segment: the start of a batch near an offset, time or byte position.

It has one entry per few kilobytes of log. It is only a hint: readers verify it with the segment's headers.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left, bisect_right

from crc32c import crc32c

_BYTES_PER_ENTRY = 4096
_HEAD = struct.Struct(">qqqqI")  # log size, next offset, largest timestamp, entries, checksum


class SparseIndex:
    __slots__ = ("_offsets", "_positions", "_times")

    def __init__(self) -> None:
        self._offsets = array("q")
        self._positions = array("q")
        self._times = array("q")  # the largest timestamp of the segment before the entry

    def add(self, offset: int, position: int, largest_time_before: int) -> None:
        """Record a batch that starts at `position`; it becomes an entry if the last one is far enough
        away."""
        if not self._positions or position - self._positions[-1] >= _BYTES_PER_ENTRY:
            self._offsets.append(offset)
            self._positions.append(position)
            self._times.append(largest_time_before)

    def position_at_or_before(self, offset: int) -> int:
        """The start of a batch from which a forward scan finds the one that holds `offset`."""
        found = bisect_right(self._offsets, offset) - 1
        return self._positions[found] if found >= 0 else 0

    def boundary_at_or_before(self, position: int) -> int:
        """The last indexed start of a batch that is not after `position`."""
        found = bisect_right(self._positions, position) - 1
        return self._positions[found] if found >= 0 else 0

    def position_before_time(self, timestamp: int) -> int:
        """The start of a batch before which every record is older than `timestamp` (ms)."""
        found = bisect_left(self._times, timestamp) - 1
        return self._positions[found] if found >= 0 else 0

    def pack(self, size: int, next_offset: int, largest_time: int) -> bytes:
        body = self._offsets.tobytes() + self._positions.tobytes() + self._times.tobytes()
        return _HEAD.pack(size, next_offset, largest_time, len(self._offsets), crc32c(body)) + body

    @classmethod
    def unpack(cls, data: bytes, size: int) -> tuple[SparseIndex, int, int] | None:
        """The index of a segment file of `size` bytes, its next offset and largest time; None if it does not
        match.
        """
        if len(data) < _HEAD.size:
            return None
        indexed_size, next_offset, largest_time, entries, checksum = _HEAD.unpack_from(data)
        body = data[_HEAD.size :]
        if indexed_size != size or len(body) != entries * 24 or crc32c(body) != checksum:
            return None
        index = cls()
        for part, target in enumerate((index._offsets, index._positions, index._times)):
            target.frombytes(body[part * entries * 8 : (part + 1) * entries * 8])
        return index, next_offset, largest_time
