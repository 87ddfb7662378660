"""The record batch of Kafka's format 2 as bytes: reading its header, checking it, stamping it, control
batches.

The layout is that of `kafka.record.default_records`. Everything here is pure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from crc32c import crc32c
from kafka.record.util import encode_varint

from embedded.broker.protocol.errors import BrokerError, ErrorCode

_HEADER = struct.Struct(">qiibIhiqqqhii")
HEADER_SIZE = _HEADER.size
_LENGTH_PREFIX = 12  # the length field does not count base offset and length
_CRC_START = 21  # the checksum covers everything from the attributes on
_CRC_AT = 17
_ATTRIBUTES_AT = 21
_MAX_TIMESTAMP_AT = 35
_FORMAT = 2
_CODEC_MASK = 0x07
_LOG_APPEND_TIME = 0x08
_TRANSACTIONAL = 0x10
_CONTROL = 0x20
_SEQUENCES = 1 << 31
MARKER_ABORT = 0
MARKER_COMMIT = 1


class BatchHeader(NamedTuple):
    base_offset: int
    length: int
    leader_epoch: int
    format: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    record_count: int

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return self.length + _LENGTH_PREFIX

    @property
    def last_offset(self) -> int:
        return self.base_offset + self.last_offset_delta

    @property
    def last_sequence(self) -> int:
        return (self.base_sequence + self.last_offset_delta) % _SEQUENCES

    @property
    def codec(self) -> int:
        return self.attributes & _CODEC_MASK

    @property
    def is_control(self) -> bool:
        return bool(self.attributes & _CONTROL)

    @property
    def is_transactional(self) -> bool:
        return bool(self.attributes & _TRANSACTIONAL)

    @property
    def uses_append_time(self) -> bool:
        return bool(self.attributes & _LOG_APPEND_TIME)


def read_header(buffer: bytes | bytearray | memoryview, position: int = 0) -> BatchHeader:
    return BatchHeader._make(_HEADER.unpack_from(buffer, position))


def next_sequence(sequence: int) -> int:
    return (sequence + 1) % _SEQUENCES


def is_intact(header: BatchHeader, batch: bytes | memoryview) -> bool:
    """Whether the bytes are one complete batch of this format with a correct checksum."""
    return (
        header.format == _FORMAT
        and len(batch) == header.size >= HEADER_SIZE
        and crc32c(batch[_CRC_START:]) == header.crc
    )


def split(records: bytes | memoryview, max_bytes: int) -> Iterator[tuple[BatchHeader, memoryview]]:
    """The validated batches of a produce request.

    max_bytes: the largest accepted batch. Raises BrokerError.
    """
    view = memoryview(records)
    position = 0
    while position < len(view):
        if len(view) - position < HEADER_SIZE:
            raise BrokerError(ErrorCode.CORRUPT_MESSAGE, "the records end within a batch header")
        header = read_header(view, position)
        if header.size > max_bytes:
            raise BrokerError(
                ErrorCode.MESSAGE_TOO_LARGE,
                f"a batch of {header.size} bytes is over the limit of {max_bytes}",
            )
        batch = view[position : position + max(header.size, HEADER_SIZE)]
        if not is_intact(header, batch):
            raise BrokerError(ErrorCode.CORRUPT_MESSAGE, "a batch is cut short or its checksum is wrong")
        if (
            header.is_control
            or header.record_count != header.last_offset_delta + 1
            or header.record_count < 1
        ):
            raise BrokerError(ErrorCode.INVALID_RECORD, "a batch states offsets that do not fit its records")
        yield header, batch
        position += header.size


def stamp(batch: memoryview, base_offset: int, append_time: int | None) -> bytearray:
    """A copy with its offset in the log; `append_time` (ms), if given, replaces the producer's timestamps."""
    stamped = bytearray(batch)
    struct.pack_into(">qii", stamped, 0, base_offset, len(stamped) - _LENGTH_PREFIX, 0)
    if append_time is not None:
        (attributes,) = struct.unpack_from(">h", stamped, _ATTRIBUTES_AT)
        struct.pack_into(">h", stamped, _ATTRIBUTES_AT, attributes | _LOG_APPEND_TIME)
        struct.pack_into(">q", stamped, _MAX_TIMESTAMP_AT, append_time)
        struct.pack_into(">I", stamped, _CRC_AT, crc32c(memoryview(stamped)[_CRC_START:]))
    return stamped


def seal(header: BatchHeader, records: bytes) -> bytes:
    """A complete batch: the header's fields and these record bytes, with computed length and checksum."""
    covered = struct.pack(">hiqqqhii", *header[5:]) + records
    length = len(covered) + _CRC_START - _LENGTH_PREFIX
    start = struct.pack(">qiibI", header.base_offset, length, header.leader_epoch, _FORMAT, crc32c(covered))
    return start + covered


def control_batch(producer_id: int, epoch: int, marker: int, base_offset: int, now_ms: int) -> bytes:
    """The batch that ends a transaction in a partition; `marker` is MARKER_COMMIT or MARKER_ABORT."""
    body = bytearray(b"\0")  # attributes
    for number in (0, 0):  # timestamp and offset deltas
        encode_varint(number, body.append)
    for part in (struct.pack(">hh", 0, marker), struct.pack(">hi", 0, 0)):  # key; value: coordinator epoch
        encode_varint(len(part), body.append)
        body += part
    encode_varint(0, body.append)  # headers
    record = bytearray()
    encode_varint(len(body), record.append)
    header = BatchHeader(
        base_offset, 0, 0, _FORMAT, 0, _TRANSACTIONAL | _CONTROL, 0, now_ms, now_ms, producer_id, epoch, -1, 1
    )
    return seal(header, bytes(record + body))
