"""One segment: a file of complete batches in offset order, with its sparse index.

Only the newest segment of a partition is written; it keeps its file open. Older ones open it per read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from embedded.broker.log import batch
from embedded.broker.log.index import SparseIndex
from embedded.broker.protocol.errors import BrokerError, ErrorCode

SUFFIX = ".log"
_INDEX_SUFFIX = ".index"
_STATE_SUFFIX = ".state"


class Segment:
    """Batches from `base_offset` on. `size` is in bytes; `largest_time` and `created` are ms since the
    epoch.
    """

    def __init__(self, directory: Path, base_offset: int, created: int) -> None:
        self.path = directory / f"{base_offset:020d}{SUFFIX}"
        self.base_offset = base_offset
        self.next_offset = base_offset
        self.size = 0
        self.largest_time = -1
        self.created = created
        self._index = SparseIndex()
        self._newest = (base_offset, 0)  # first offset and start of the last batch, which most readers want
        self._file: int | None = None

    @property
    def index_path(self) -> Path:
        return self.path.with_suffix(_INDEX_SUFFIX)

    @property
    def state_path(self) -> Path:
        """The file with the producers' state at the segment's start."""
        return self.path.with_suffix(_STATE_SUFFIX)

    def open(self) -> None:
        """Open the file for appending, creating it if needed."""
        if self._file is None:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def seal(self) -> None:
        """Write the index next to the file and close it: nothing is appended any more."""
        self.write_index()
        self.close()

    def write_index(self) -> None:
        incoming = self.index_path.with_suffix(".index-new")
        incoming.write_bytes(self._index.pack(self.size, self.next_offset, self.largest_time))
        incoming.replace(self.index_path)

    def flush(self) -> None:
        """Flush the written bytes to disk."""
        if self._file is not None:
            os.fdatasync(self._file)

    def delete(self) -> None:
        self.close()
        for path in (self.path, self.index_path, self.state_path):
            path.unlink(missing_ok=True)

    def append(self, header: batch.BatchHeader, data: bytes | bytearray) -> None:
        """Write one complete batch, or nothing: a failed write is truncated. Raises BrokerError."""
        self.open()
        assert self._file is not None  # noqa: S101 - opened above
        try:
            written = os.write(self._file, data)
            if written != len(data):
                raise OSError(f"{written} of {len(data)} bytes written")
        except OSError as error:
            os.ftruncate(self._file, self.size)
            raise BrokerError(ErrorCode.KAFKA_STORAGE_ERROR, f"the log cannot be written: {error}") from error
        self._admit(header, self.size)

    def _admit(self, header: batch.BatchHeader, position: int) -> None:
        self._index.add(header.base_offset, position, self.largest_time)
        self._newest = (header.base_offset, position)
        self.next_offset = header.last_offset + 1
        self.largest_time = max(self.largest_time, header.max_timestamp)
        self.size = position + header.size

    def read(self, position: int, length: int) -> bytes:
        if self._file is not None:
            return os.pread(self._file, length, position)
        file = os.open(self.path, os.O_RDONLY)
        try:
            return os.pread(file, length, position)
        finally:
            os.close(file)

    def headers(self, position: int = 0) -> Iterator[tuple[batch.BatchHeader, int]]:
        """Each batch's header and start, from the batch at `position` on."""
        while position < self.size:
            header = batch.read_header(self.read(position, batch.HEADER_SIZE))
            yield header, position
            position += header.size

    def batches(self, position: int = 0) -> Iterator[tuple[batch.BatchHeader, bytes]]:
        for header, start in self.headers(position):
            yield header, self.read(start, header.size)

    def locate(self, offset: int) -> tuple[int, int]:
        """Start and size of the first batch that ends at or after `offset`; the end and 0 if there is
        none.
        """
        newest_offset, newest = self._newest
        near = newest if offset >= newest_offset else self._index.position_at_or_before(offset)
        for header, position in self.headers(near):
            if header.last_offset >= offset:
                return position, header.size
        return self.size, 0

    def span(self, offset: int, max_bytes: int, end: int) -> bytes:
        """Complete batches from the one that holds `offset` on, about `max_bytes`, at least one.

        end: the start of a batch, in bytes, at which reading must stop.
        """
        start, size = self.locate(offset)
        if start >= end:
            return b""
        stop = end
        if end - start > max_bytes:
            stop = max(self._index.boundary_at_or_before(start + max_bytes), start + size)
        return self.read(start, stop - start)

    def from_time(self, timestamp: int) -> Iterator[tuple[batch.BatchHeader, bytes]]:
        """Batches that may hold a record at or after `timestamp` (ms)."""
        for header, position in self.headers(self._index.position_before_time(timestamp)):
            if header.max_timestamp >= timestamp:
                yield header, self.read(position, header.size)

    def load(self) -> bool:
        """Read size and index from the files; False if there is no valid index."""
        try:
            size = self.path.stat().st_size
            unpacked = SparseIndex.unpack(self.index_path.read_bytes(), size)
        except FileNotFoundError:
            return False
        if unpacked is None:
            return False
        self.size = size
        self._index, self.next_offset, self.largest_time = unpacked
        return True

    def recover(self) -> Iterator[tuple[batch.BatchHeader, bytes]]:
        """Rebuild size and index from the file, yielding each intact batch; stops at a partial or corrupt
        one.

        The caller must exhaust the iterator and then call `cut` to truncate the rest.
        """
        self._index = SparseIndex()
        self.size, self.next_offset, self.largest_time = 0, self.base_offset, -1
        actual = self.path.stat().st_size
        while self.size + batch.HEADER_SIZE <= actual:
            header = batch.read_header(self.read(self.size, batch.HEADER_SIZE))
            if not batch.HEADER_SIZE <= header.size <= actual - self.size:
                return
            data = self.read(self.size, header.size)
            if not batch.is_intact(header, data) or header.base_offset < self.next_offset:
                return
            self._admit(header, self.size)
            yield header, data

    def cut(self) -> int:
        """Truncate the file after the last intact batch; returns the number of removed bytes."""
        torn = self.path.stat().st_size - self.size
        if torn:
            os.truncate(self.path, self.size)
        return torn
