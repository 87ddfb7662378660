"""Reads topics from their starts to the ends measured now, next to the live consumer, which does not notice:
it joins no group and commits nothing. What no consumer handled either is passed over and counted.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from chassis.consumer.errors import Transient
from chassis.events.codec import DecodeError, Event, EventCodec
from chassis.kafka_client import KafkaSettings, client_options, construct

log = logging.getLogger(__name__)

RECORDS_PER_POLL = 5000
POLL_MS = 1000
# A broker that gives nothing for so long although the ends say there is more is taken to be unavailable.
SILENCE_SECONDS = 60.0


@dataclass(frozen=True)
class LogPart:
    """Some events, and how far the reading has come: in records of all topics together."""

    events: Sequence[Event]
    records: int
    of: int


class TopicLog:
    """Partition n of all topics is read together: topics that share the key and the number of partitions then
    have all events of an aggregate close to each other."""

    def __init__(self, settings: KafkaSettings, codec: EventCodec) -> None:
        self._settings = settings
        self._codec = codec
        self.passed_over: Counter[str] = Counter()

    def read(self, topics: Sequence[str]) -> Iterator[LogPart]:
        """Everything published so far; the ends are measured at the first part. Raises Transient when the
        broker is unavailable in the middle."""
        consumer = construct(
            KafkaConsumer,
            **client_options(self._settings),
            group_id=None,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            max_poll_records=RECORDS_PER_POLL,
        )
        try:
            yield from self._read(consumer, topics)
        finally:
            consumer.close()

    def _read(self, consumer: Any, topics: Sequence[str]) -> Iterator[LogPart]:
        partitions = [
            TopicPartition(topic, number) for topic in topics for number in _numbers(consumer, topic)
        ]
        starts: dict[TopicPartition, int] = consumer.beginning_offsets(partitions)
        ends: dict[TopicPartition, int] = consumer.end_offsets(partitions)
        of = sum(ends[partition] - starts[partition] for partition in partitions)
        done = 0
        for number in sorted({partition.partition for partition in partitions}):
            wanted = [partition for partition in partitions if partition.partition == number]
            # Positions, not records, say how far it is: compaction and control records leave gaps.
            last = 0
            for records, position in self._read_partitions(consumer, wanted, starts, ends):
                last = position
                events = [event for record in records if (event := self._event(record)) is not None]
                yield LogPart(events, done + position, of)
            done += last

    def _read_partitions(
        self,
        consumer: Any,
        wanted: list[TopicPartition],
        starts: Mapping[TopicPartition, int],
        ends: Mapping[TopicPartition, int],
    ) -> Iterator[tuple[list[Any], int]]:
        """The records below the ends, batch by batch, each with the offsets that lie behind."""
        consumer.assign(wanted)
        for partition in wanted:
            consumer.seek(partition, starts[partition])
        heard_at = time.monotonic()
        waiting = {partition for partition in wanted if starts[partition] < ends[partition]}
        while waiting:
            polled = consumer.poll(timeout_ms=POLL_MS)
            records = [
                record
                for partition, batch in polled.items()
                for record in batch
                if record.offset < ends[partition]
            ]
            positions = {partition: consumer.position(partition) for partition in wanted}
            caught_up = {partition for partition in waiting if positions[partition] >= ends[partition]}
            if records or caught_up:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > SILENCE_SECONDS:
                raise Transient("the broker gives no more records although there are some")
            waiting -= caught_up
            if caught_up:
                consumer.pause(*caught_up)
            behind = sum(
                min(positions[partition], ends[partition]) - starts[partition] for partition in wanted
            )
            yield records, behind

    def _event(self, record: Any) -> Event | None:
        if record.value is None:
            return None  # a tombstone of a compacted topic
        try:
            return self._codec.decode(record.topic, record.key, record.value, record.headers)
        except DecodeError as error:
            # The live consumer did not handle it either: it is among the dead letters, or of an unknown type.
            self.pass_over(record.topic, error.code, partition=record.partition, offset=record.offset)
            return None

    def pass_over(self, topic: str, code: str, **where: object) -> None:
        """Count and log a record that is not used. where: what helps to find it."""
        self.passed_over[code] += 1
        log.warning("a record was passed over", extra={"topic": topic, "code": code, **where})


def _numbers(consumer: Any, topic: str) -> list[int]:
    """The partitions of a topic. Transient if there are none: what an unavailable broker does not name is not
    empty, and figures without it would be wrong."""
    found = consumer.partitions_for_topic(topic)
    if not found:
        raise Transient(f"the broker does not name the partitions of {topic}")
    return sorted(found)
