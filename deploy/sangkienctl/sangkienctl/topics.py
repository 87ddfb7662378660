"""Topics and consumer lag for the operator. The topics themselves are declared in `contracts`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import contracts
from chassis import topics as topic_admin
from sangkienctl.home import PlatformError
from sangkienctl.kafka_access import KafkaAccess, admin_client, readable_errors


@dataclass(frozen=True)
class Lag:
    """The lag of one group in one topic, in records.

    partitions: lag per partition; end: records ever written; committed: whether the group has committed any
    offset.
    """

    group: str
    topic: str
    partitions: tuple[int, ...]
    end: int
    committed: bool

    @property
    def behind(self) -> int:
        return sum(self.partitions)


def apply_topics(access: KafkaAccess, patience_seconds: float = 0) -> list[str]:
    """Create and update all topics of the contracts; returns one line per change.

    A broker whose port is open may not be ready yet: a failure is retried for `patience_seconds`.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            with readable_errors(access):
                return topic_admin.apply_topics(access, contracts.topics().values())
        except PlatformError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def declared_groups() -> dict[str, list[str]]:
    """Every consumer group (named like its service) and its topics."""
    groups: dict[str, list[str]] = {}
    for topic in contracts.topics().values():
        for consumer in topic.consumers if topic.kind == "event" else ():
            groups.setdefault(consumer, []).append(topic.name)
    return groups


def lag(access: KafkaAccess, groups: Iterable[str] | None = None) -> list[Lag]:
    """The lag of the declared groups (or only of `groups`) in their topics."""
    from kafka import TopicPartition
    from kafka.admin import OffsetSpec

    wanted = {group: names for group, names in declared_groups().items() if groups is None or group in groups}
    with readable_errors(access), admin_client(access) as admin:
        topics = sorted({name for names in wanted.values() for name in names})
        partitions = {
            found["name"]: [
                TopicPartition(found["name"], part["partition_index"]) for part in found["partitions"]
            ]
            for found in admin.describe_topics(topics)
        }
        every = [partition for parts in partitions.values() for partition in parts]
        ends = admin.list_partition_offsets({partition: OffsetSpec.LATEST for partition in every})
        starts = admin.list_partition_offsets({partition: OffsetSpec.EARLIEST for partition in every})
        lines = []
        for group, names in wanted.items():
            committed = admin.list_group_offsets(group).get(group, {})
            for name in names:
                end = sum(ends[partition].offset for partition in partitions[name])
                behind = []
                for partition in partitions[name]:
                    position = committed.get(partition)
                    offset = position.offset if position is not None and position.offset >= 0 else None
                    begin = starts[partition].offset if offset is None else offset
                    behind.append(ends[partition].offset - begin)
                begun = any(partition in committed for partition in partitions[name])
                lines.append(Lag(group, name, tuple(behind), end, begun))
    return lines
