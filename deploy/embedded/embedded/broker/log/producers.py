"""The state of a partition's producers: their last sequences, for idempotence and fencing, the open
transactions, and the aborted ones that a reader of committed records must skip.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from embedded.broker.log.batch import MARKER_ABORT, BatchHeader, next_sequence
from embedded.broker.protocol.errors import BrokerError, ErrorCode

# As in Kafka: a producer has at most five batches in flight, so a duplicate is one of the last five.
_REMEMBERED_BATCHES = 5


class SentBatch(NamedTuple):
    first_sequence: int
    last_sequence: int
    base_offset: int


class AbortedTransaction(NamedTuple):
    producer_id: int
    first_offset: int
    last_offset: int


@dataclass(slots=True)
class Producer:
    epoch: int
    last_seen: int  # ms since the epoch, by the broker's clock
    batches: deque[SentBatch] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_BATCHES))


class Producers:
    def __init__(self) -> None:
        self._producers: dict[int, Producer] = {}
        self._open: dict[int, int] = {}  # producer id -> first offset of its open transaction
        self._aborted: list[AbortedTransaction] = []  # ordered by last offset

    def duplicate_of(self, header: BatchHeader) -> int | None:
        """The base offset of this batch if it is a duplicate, or None if it is new.

        Raises BrokerError for a fenced epoch or a gap in the sequence.
        """
        known = self._producers.get(header.producer_id)
        if known is None:
            return None
        if header.producer_epoch < known.epoch:
            raise BrokerError(
                ErrorCode.INVALID_PRODUCER_EPOCH, f"epoch {known.epoch} of this producer id is in use"
            )
        if header.producer_epoch > known.epoch or not known.batches:
            if header.base_sequence != 0 and header.producer_epoch > known.epoch:
                raise BrokerError(
                    ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, "a new epoch must start at sequence 0"
                )
            return None
        for sent in known.batches:
            if (sent.first_sequence, sent.last_sequence) == (header.base_sequence, header.last_sequence):
                return sent.base_offset
        expected = next_sequence(known.batches[-1].last_sequence)
        if header.base_sequence != expected:
            raise BrokerError(
                ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
                f"sequence {header.base_sequence} came where {expected} was expected",
            )
        return None

    def admit(self, header: BatchHeader, now: int, marker: int | None = None) -> None:
        """Record a batch that is in the log; `marker` is given for a control batch."""
        if header.producer_id < 0:
            return
        producer = self._producers.get(header.producer_id)
        if producer is None or producer.epoch != header.producer_epoch:
            producer = self._producers[header.producer_id] = Producer(header.producer_epoch, now)
        producer.last_seen = now
        if header.is_control:
            first = self._open.pop(header.producer_id, None)
            if first is not None and marker == MARKER_ABORT:
                self._aborted.append(AbortedTransaction(header.producer_id, first, header.last_offset))
            return
        producer.batches.append(SentBatch(header.base_sequence, header.last_sequence, header.base_offset))
        if header.is_transactional:
            self._open.setdefault(header.producer_id, header.base_offset)

    def has_open_transaction(self, producer_id: int) -> bool:
        return producer_id in self._open

    @property
    def first_unstable_offset(self) -> int | None:
        """The first offset of the oldest open transaction, or None."""
        return min(self._open.values(), default=None)

    def aborted_in(self, start: int, end: int) -> list[AbortedTransaction]:
        """The aborted transactions with offsets from `start` up to, but not including, `end`."""
        at = bisect_left(self._aborted, start, key=lambda aborted: aborted.last_offset)
        return [aborted for aborted in self._aborted[at:] if aborted.first_offset < end]

    def is_aborted(self, header: BatchHeader) -> bool:
        """Whether this batch of records belongs to a transaction that was aborted."""
        if not header.is_transactional or header.is_control:
            return False
        touching = self.aborted_in(header.base_offset, header.last_offset + 1)
        return any(aborted.producer_id == header.producer_id for aborted in touching)

    def forget_before(self, offset: int) -> None:
        """Drop the aborted transactions that end before the log's first offset."""
        at = bisect_left(self._aborted, offset, key=lambda aborted: aborted.last_offset)
        del self._aborted[:at]

    def forget_idle(self, since: int) -> None:
        """Drop producers not seen after `since` (ms): no client resends a batch that old."""
        for producer_id in [
            producer_id
            for producer_id, producer in self._producers.items()
            if producer.last_seen < since and producer_id not in self._open
        ]:
            del self._producers[producer_id]

    def dump(self) -> dict[str, Any]:
        """Everything as plain data, for `load`."""
        return {
            "producers": [
                [producer_id, producer.epoch, producer.last_seen, [list(sent) for sent in producer.batches]]
                for producer_id, producer in self._producers.items()
            ],
            "open": list(self._open.items()),
            "aborted": [list(aborted) for aborted in self._aborted],
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Producers:
        loaded = cls()
        for producer_id, epoch, last_seen, batches in data["producers"]:
            producer = loaded._producers[producer_id] = Producer(epoch, last_seen)
            producer.batches.extend(SentBatch(*sent) for sent in batches)
        loaded._open = dict(data["open"])
        loaded._aborted = [AbortedTransaction(*aborted) for aborted in data["aborted"]]
        return loaded
