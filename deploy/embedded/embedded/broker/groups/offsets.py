"""The committed offsets of groups, and those pending until a transaction ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from embedded.broker.metadata.journal import Fact, Journal
from embedded.broker.protocol.errors import BrokerError, ErrorCode

SECTION = "offsets"
MAX_METADATA_BYTES = 4096
_COMMITTED, _REMOVED, _GROUP_REMOVED = "c", "r", "g"

TopicPartition = tuple[str, int]


class CommittedOffset(NamedTuple):
    offset: int
    metadata: str
    leader_epoch: int


class Offsets:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._committed: dict[str, dict[TopicPartition, CommittedOffset]] = {}
        self._pending: dict[
            str, dict[str, set[TopicPartition]]
        ] = {}  # group -> transactional id -> partitions

    def groups(self) -> Iterator[str]:
        return iter(self._committed)

    def of(self, group_id: str) -> Mapping[TopicPartition, CommittedOffset]:
        return self._committed.get(group_id, {})

    def commit(self, group_id: str, partition: TopicPartition, committed: CommittedOffset) -> None:
        """Raises BrokerError if the metadata is too long or the journal cannot be written."""
        if len(committed.metadata) > MAX_METADATA_BYTES:
            raise BrokerError(
                ErrorCode.OFFSET_METADATA_TOO_LARGE, f"offset metadata is over {MAX_METADATA_BYTES} bytes"
            )
        self._journal.record(SECTION, [_COMMITTED, group_id, *partition, *committed])
        self._committed.setdefault(group_id, {})[partition] = committed

    def remove(self, group_id: str, partition: TopicPartition) -> None:
        if partition in self._committed.get(group_id, {}):
            self._journal.record(SECTION, [_REMOVED, group_id, *partition])
            del self._committed[group_id][partition]

    def remove_group(self, group_id: str) -> None:
        self._journal.record(SECTION, [_GROUP_REMOVED, group_id])
        self._committed.pop(group_id, None)

    def remove_topic(self, topic: str) -> None:
        for group_id, committed in self._committed.items():
            for partition in [partition for partition in committed if partition[0] == topic]:
                self.remove(group_id, partition)

    # ---- offsets inside a transaction

    def hold(self, group_id: str, transactional_id: str, partitions: set[TopicPartition]) -> None:
        """Mark offsets as pending until the transaction ends."""
        self._pending.setdefault(group_id, {}).setdefault(transactional_id, set()).update(partitions)

    def release(self, group_id: str, transactional_id: str) -> None:
        pending = self._pending.get(group_id, {})
        pending.pop(transactional_id, None)
        if not pending:
            self._pending.pop(group_id, None)

    def is_unstable(self, group_id: str, partition: TopicPartition) -> bool:
        return any(partition in held for held in self._pending.get(group_id, {}).values())

    # ---- the journal

    def restore(self, fact: Fact) -> None:
        kind, group_id, *rest = fact
        if kind == _GROUP_REMOVED:
            self._committed.pop(group_id, None)
            return
        topic, index, *committed = rest
        if kind == _COMMITTED:
            self._committed.setdefault(group_id, {})[(topic, index)] = CommittedOffset(*committed)
        else:
            self._committed.get(group_id, {}).pop((topic, index), None)

    def facts(self) -> Iterator[Fact]:
        for group_id, offsets in self._committed.items():
            for partition, committed in offsets.items():
                yield [_COMMITTED, group_id, *partition, *committed]
