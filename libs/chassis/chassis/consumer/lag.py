"""Measures the lag of a consumer per topic, in records and in seconds. It changes nothing."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from chassis import metrics
from chassis.consumer.dlq import ReceivedRecord
from chassis.events.codec import Event

EVERY_SECONDS = 1.0


class LagMeter:
    """Keeps the lag metrics of one group; `clock` gives UTC."""

    def __init__(self, group: str, topics: Sequence[str], clock: Callable[[], datetime]) -> None:
        self._group = group
        self._topics = tuple(topics)
        self._clock = clock
        self._positions: dict[TopicPartition, int] = {}
        # By topic: the timestamp of the oldest record being handled, and the time of the last handled event.
        self._oldest: dict[str, datetime] = {}
        self._newest: dict[str, datetime] = {}
        self._due = 0.0

    def waiting(self, records: Sequence[ReceivedRecord]) -> None:
        """Call before records are handled. They count as lag until `handled`, because a handler may be
        retried."""
        for record in reversed(records):
            self._positions[TopicPartition(record.topic, record.partition)] = record.offset
            self._oldest[record.topic] = datetime.fromtimestamp(record.timestamp / 1000, UTC)

    def handled(self, records: Sequence[ReceivedRecord], events: Sequence[Event]) -> None:
        """Call after these records were handled."""
        self._oldest.clear()
        for record in records:
            self._positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
        for event in events:
            self._newest[event.topic] = event.time

    def rebalanced(self) -> None:
        """Forget all positions: the assigned partitions, and the offsets to read from, may have changed."""
        self._positions.clear()
        self._oldest.clear()

    def measure(self, consumer: Any) -> None:
        """Set the metrics, at most once a second."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + EVERY_SECONDS
        behind: defaultdict[str, int] = defaultdict(int)
        for partition in consumer.assignment():
            behind[partition.topic] += self._partition_lag(consumer, partition)
        for topic in self._topics:
            metrics.CONSUMER_LAG.labels(self._group, topic).set(behind[topic])
            since = self._oldest.get(topic) or self._newest.get(topic)
            seconds = (self._clock() - since).total_seconds() if behind[topic] and since is not None else 0.0
            metrics.CONSUMER_TIME_LAG.labels(self._group, topic).set(max(0.0, seconds))

    def _partition_lag(self, consumer: Any, partition: TopicPartition) -> int:
        try:
            if partition not in self._positions:
                position = consumer.position(partition, timeout_ms=0)
                if position is None:
                    return 0
                self._positions[partition] = position
            end = consumer.highwater(partition)
        except (KafkaError, KeyError):
            return 0  # the partition was revoked meanwhile
        return 0 if end is None else max(0, end - self._positions[partition])
