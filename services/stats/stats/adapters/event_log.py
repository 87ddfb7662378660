"""Reads every consumed topic from its start to the ends measured now, for a rebuild. It joins no group and
commits nothing, so the live consumer does not notice.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from chassis.consumer.errors import Refused, Transient
from chassis.events.codec import DecodeError, Event, EventCodec
from chassis.kafka_client import KafkaSettings, client_options, construct
from stats.adapters.payloads import (
    CAMPAIGN_TOPIC,
    CONSUMED_TOPICS,
    INITIATIVE_TOPICS,
    UNIT_TOPIC,
    campaign_from,
    snapshot_from,
    unit_from,
)
from stats.application.ports import Logged
from stats.domain.campaigns import Campaign
from stats.domain.snapshots import Snapshot
from union.units import Unit

log = logging.getLogger(__name__)

RECORDS_PER_POLL = 5000
POLL_MS = 1000
# A broker that gives nothing for so long although the ends say there is more is taken to be away.
SILENCE_SECONDS = 60.0

Partitions = Mapping[int, list[TopicPartition]]


class KafkaEventLog:
    """Implements application.ports.EventLog.

    Partition n of all topics is read together: they share the key and the number of partitions, so all events
    of an initiative come close to each other, and it is written once and not once per event.
    """

    def __init__(self, settings: KafkaSettings, codec: EventCodec) -> None:
        self._settings = settings
        self._codec = codec
        self.set_aside: Counter[str] = Counter()

    def read(self) -> Iterator[Logged]:
        consumer = construct(
            KafkaConsumer,
            **client_options(self._settings),
            group_id=None,
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            max_poll_records=RECORDS_PER_POLL,
        )
        try:
            yield from self._read(consumer)
        finally:
            consumer.close()

    def _read(self, consumer: Any) -> Iterator[Logged]:
        partitions = [
            TopicPartition(topic, number) for topic in CONSUMED_TOPICS for number in _numbers(consumer, topic)
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
                yield self._logged(records, done + position, of)
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

    def _logged(self, records: list[Any], position: int, of: int) -> Logged:
        snapshots: list[Snapshot] = []
        units: list[Unit] = []
        campaigns: list[Campaign] = []
        for record in records:
            event = self._event(record)
            if event is None:
                continue
            try:
                if event.topic in INITIATIVE_TOPICS:
                    snapshots.append(snapshot_from(event))
                elif event.topic == UNIT_TOPIC:
                    units.append(unit_from(event))
                elif event.topic == CAMPAIGN_TOPIC:
                    campaigns.append(campaign_from(event))
            except Refused as refusal:
                self._put_aside(record, refusal.code)
        return Logged(snapshots, units, campaigns, position, of)

    def _event(self, record: Any) -> Event | None:
        if record.value is None:
            return None  # a tombstone of a compacted topic
        try:
            return self._codec.decode(record.topic, record.key, record.value, record.headers)
        except DecodeError as error:
            self._put_aside(record, error.code)
            return None

    def _put_aside(self, record: Any, code: str) -> None:
        """The live consumer did not count it either: it is among the dead letters, or of an unknown type."""
        self.set_aside[code] += 1
        log.warning(
            "a record was not counted",
            extra={
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "code": code,
            },
        )


def _numbers(consumer: Any, topic: str) -> list[int]:
    """The partitions of a topic. Transient if there are none: what a broker that goes away does not name is
    not empty, and figures without it would be wrong."""
    found = consumer.partitions_for_topic(topic)
    if not found:
        raise Transient(f"the broker does not name the partitions of {topic}")
    return sorted(found)
