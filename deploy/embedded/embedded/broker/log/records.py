"""The records inside a batch: reading keys and times, and filtering them. Pure. Used only where a batch must
be decompressed (compaction, offsets by time, checks of keys), never in a plain produce or fetch.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kafka import codec
from kafka.record.util import decode_varint

from embedded.broker.log import batch

_CODECS: dict[int, tuple[Callable[[], bool], Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    1: (codec.has_gzip, codec.gzip_decode, codec.gzip_encode),
    2: (codec.has_snappy, codec.snappy_decode, codec.snappy_encode),
    3: (codec.has_lz4, codec.lz4_decode, codec.lz4_encode),
    4: (codec.has_zstd, codec.zstd_decode, codec.zstd_encode),
}
_MARKER_KEY = struct.Struct(">hh")


class UnreadableBatchError(Exception):
    """The batch cannot be opened: its codec's library is not installed, or its records are malformed."""


@dataclass(frozen=True, slots=True)
class Record:
    offset: int
    timestamp: int
    key: bytes | None
    is_tombstone: bool
    raw: bytes  # the record as in the batch, including its length prefix


def records(header: batch.BatchHeader, data: bytes | memoryview) -> Iterator[Record]:
    """The records of one complete batch, in order. Raises UnreadableBatchError."""
    body = bytes(data[batch.HEADER_SIZE :])
    try:
        if header.codec:
            available, decode, _ = _CODECS[header.codec]
            if not available():
                raise UnreadableBatchError(f"the library of codec {header.codec} is not installed")
            body = bytes(decode(body))
        position = 0
        for _ in range(header.record_count):
            record, position = _record(header, body, position)
            yield record
    except (KeyError, IndexError, ValueError, OSError, struct.error) as error:
        raise UnreadableBatchError(f"a record cannot be read: {error}") from error


def _record(header: batch.BatchHeader, body: bytes, start: int) -> tuple[Record, int]:
    length, position = decode_varint(body, start)
    end = position + length
    if length < 0 or end > len(body):
        raise ValueError("a record is longer than its batch")
    time_delta, position = decode_varint(body, position + 1)  # after one byte of attributes
    offset_delta, position = decode_varint(body, position)
    key_length, position = decode_varint(body, position)
    key = None
    if key_length >= 0:
        key = body[position : position + key_length]
        position += key_length
    value_length, _ = decode_varint(body, position)
    timestamp = header.max_timestamp if header.uses_append_time else header.base_timestamp + time_delta
    return Record(header.base_offset + offset_delta, timestamp, key, value_length < 0, body[start:end]), end


def keep(header: batch.BatchHeader, kept: list[Record]) -> bytes:
    """The batch with only these of its records; offsets, times and producer fields are unchanged."""
    body = b"".join(record.raw for record in kept)
    if header.codec:
        body = bytes(_CODECS[header.codec][2](body))
    return batch.seal(header._replace(record_count=len(kept)), body)


def marker_type(header: batch.BatchHeader, data: bytes | memoryview) -> int:
    """Whether a control batch commits or aborts: MARKER_COMMIT or MARKER_ABORT."""
    control = next(records(header, data))
    _, marker = _MARKER_KEY.unpack(control.key or b"")
    return int(marker)
