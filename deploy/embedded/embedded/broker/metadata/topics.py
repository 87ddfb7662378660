"""The topics: their names, partitions and settings, and the partition logs that belong to them."""

from __future__ import annotations

import logging
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from embedded.broker.log.flush import Flusher
from embedded.broker.log.partition import PartitionLog
from embedded.broker.metadata.configs import Defaults
from embedded.broker.metadata.journal import Fact, Journal
from embedded.broker.protocol.errors import BrokerError, ErrorCode

log = logging.getLogger(__name__)

SECTION = "topics"
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_TOPIC, _DELETED, _START = "topic", "deleted", "start"


@dataclass(slots=True)
class Topic:
    """id: distinguishes this topic from an earlier one of the same name. configs: only its own settings,
    without defaults.
    """

    name: str
    id: uuid.UUID
    partition_count: int
    configs: dict[str, str]
    partitions: list[PartitionLog] = field(default_factory=list)


class Topics:
    """max_partitions: over all topics, because each partition has open files and memory."""

    def __init__(
        self, directory: Path, journal: Journal, flusher: Flusher, defaults: Defaults, max_partitions: int
    ) -> None:
        self.defaults = defaults
        self._directory = directory
        self._journal = journal
        self._flusher = flusher
        self._max_partitions = max_partitions
        self._topics: dict[str, Topic] = {}
        self._starts: dict[tuple[str, int], int] = {}

    def __iter__(self) -> Iterator[Topic]:
        return iter(list(self._topics.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._topics

    def get(self, name: str) -> Topic | None:
        return self._topics.get(name)

    def partition(self, name: str, index: int) -> PartitionLog | None:
        topic = self._topics.get(name)
        if topic is None or not 0 <= index < len(topic.partitions):
            return None
        return topic.partitions[index]

    def partitions(self) -> Iterator[PartitionLog]:
        for topic in self:
            yield from topic.partitions

    # ---- changes

    def check_new(self, name: str, partition_count: int) -> None:
        """Raises BrokerError if such a topic cannot be created."""
        if not _NAME.fullmatch(name) or name in (".", ".."):
            raise BrokerError(
                ErrorCode.INVALID_TOPIC,
                f"Topic name {name!r} is illegal: 1 to 249 of a-z, A-Z, 0-9, '.', '_', '-'",
            )
        if name in self._topics:
            raise BrokerError(ErrorCode.TOPIC_ALREADY_EXISTS, f"Topic '{name}' already exists.")
        if partition_count < 1:
            raise BrokerError(ErrorCode.INVALID_PARTITIONS, "Number of partitions must be larger than 0.")
        self._check_room(partition_count)

    def _check_room(self, more: int) -> None:
        present = sum(topic.partition_count for topic in self._topics.values())
        if present + more > self._max_partitions:
            raise BrokerError(
                ErrorCode.POLICY_VIOLATION, f"this broker holds at most {self._max_partitions} partitions"
            )

    def create(self, name: str, partition_count: int, configs: Mapping[str, str]) -> Topic:
        self.check_new(name, partition_count)
        topic = Topic(name, uuid.uuid4(), partition_count, dict(configs))
        self._journal.record(SECTION, _fact(topic))
        self._topics[name] = topic
        self._open_partitions(topic)
        return topic

    def delete(self, topic: Topic) -> None:
        self._journal.record(SECTION, [_DELETED, topic.name])
        del self._topics[topic.name]
        self._starts = {key: start for key, start in self._starts.items() if key[0] != topic.name}
        for partition in topic.partitions:
            partition.destroy()

    def check_partition_count(self, topic: Topic, count: int) -> None:
        """Raises BrokerError if the topic cannot be grown to that many partitions."""
        if count <= topic.partition_count:
            raise BrokerError(
                ErrorCode.INVALID_PARTITIONS,
                f"The topic {topic.name} has {topic.partition_count} partition(s); {count} is no increase.",
            )
        self._check_room(count - topic.partition_count)

    def add_partitions(self, topic: Topic, count: int) -> None:
        self.check_partition_count(topic, count)
        self._journal.record(SECTION, _fact(replace(topic, partition_count=count)))
        topic.partition_count = count
        self._open_partitions(topic)

    def set_configs(self, topic: Topic, configs: Mapping[str, str]) -> None:
        self._journal.record(SECTION, _fact(replace(topic, configs=dict(configs))))
        topic.configs = dict(configs)
        settings = self.defaults.log_settings(topic.configs)
        for partition in topic.partitions:
            partition.settings = settings

    def delete_records(self, name: str, index: int, before: int) -> int:
        """Delete the records below offset `before` (-1: all); returns the log's new start. Raises
        BrokerError."""
        partition = self.partition(name, index)
        if partition is None:
            raise BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no {name}-{index}")
        offset = partition.next_offset if before == -1 else before
        if not 0 <= offset <= partition.next_offset:
            raise BrokerError(ErrorCode.OFFSET_OUT_OF_RANGE, f"the log ends at {partition.next_offset}")
        if offset > partition.start_offset:
            self._journal.record(SECTION, [_START, name, index, offset])
            self._starts[(name, index)] = offset
            partition.delete_before(offset)
        return partition.start_offset

    # ---- the journal

    def restore(self, fact: Fact) -> None:
        kind, name, *rest = fact
        if kind == _TOPIC:
            topic_id, partition_count, configs = rest
            self._topics[name] = Topic(name, uuid.UUID(topic_id), partition_count, configs)
        elif kind == _DELETED:
            self._topics.pop(name, None)
            self._starts = {key: start for key, start in self._starts.items() if key[0] != name}
        else:
            index, offset = rest
            self._starts[(name, index)] = offset

    def facts(self) -> Iterator[Fact]:
        for topic in self._topics.values():
            yield _fact(topic)
        for (name, index), offset in self._starts.items():
            yield [_START, name, index, offset]

    # ---- files

    def has_files(self) -> bool:
        """Whether the directory holds logs, of known topics or not."""
        return self._directory.exists() and any(self._directory.iterdir())

    def open(self) -> None:
        """Open the logs of all topics, and remove files of deleted topics that a kill left behind."""
        self._directory.mkdir(parents=True, exist_ok=True)
        for topic in self._topics.values():
            self._open_partitions(topic)
        wanted = {partition.directory for partition in self.partitions()}
        for directory in self._directory.iterdir():
            if directory not in wanted:
                shutil.rmtree(directory)

    def _open_partitions(self, topic: Topic) -> None:
        settings = self.defaults.log_settings(topic.configs)
        for index in range(len(topic.partitions), topic.partition_count):
            directory = self._directory / f"{topic.id.hex[:12]}-{index}-{topic.name}"[:200]
            start = self._starts.get((topic.name, index), 0)
            name = f"{topic.name}-{index}"
            topic.partitions.append(PartitionLog(directory, name, settings, self._flusher, start))

    def close(self) -> None:
        for partition in self.partitions():
            partition.close()


def _fact(topic: Topic) -> Fact:
    return [_TOPIC, topic.name, str(topic.id), topic.partition_count, topic.configs]
