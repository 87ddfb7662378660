"""Measures how far a consumer is behind, per topic: in records and in seconds. It only observes."""

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
        self._newest: dict[str, datetime] = {}
        self._rebalances = 0
        self._due = 0.0

    def waiting(self, records: Sequence[ReceivedRecord]) -> None:
        """These are about to be handled: shows the age of the oldest."""
        oldest: dict[str, int] = {}
        for record in records:
            oldest[record.topic] = min(oldest.get(record.topic, record.timestamp), record.timestamp)
        for topic, timestamp in oldest.items():
            self._time_lag(topic, datetime.fromtimestamp(timestamp / 1000, UTC))

    def handled(self, records: Sequence[ReceivedRecord], events: Sequence[Event]) -> None:
        """These are dealt with and committed."""
        for record in records:
            self._positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
        for event in events:
            self._newest[event.topic] = event.time

    def measure(self, consumer: Any, rebalances: int) -> None:
        """Set the metrics, once a second at most."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + EVERY_SECONDS
        if rebalances != self._rebalances:
            self._positions.clear()
            self._rebalances = rebalances
        behind: defaultdict[str, int] = defaultdict(int)
        for partition in consumer.assignment():
            behind[partition.topic] += self._partition_lag(consumer, partition)
        for topic in self._topics:
            metrics.CONSUMER_LAG.labels(self._group, topic).set(behind[topic])
            newest = self._newest.get(topic)
            if behind[topic] and newest is not None:
                self._time_lag(topic, newest)
            elif not behind[topic]:
                metrics.CONSUMER_TIME_LAG.labels(self._group, topic).set(0)

    def _partition_lag(self, consumer: Any, partition: TopicPartition) -> int:
        try:
            if partition not in self._positions:
                position = consumer.position(partition, timeout_ms=0)
                if position is None:
                    return 0
                self._positions[partition] = position
            end = consumer.highwater(partition)
        except (KafkaError, KeyError):
            return 0  # the partition went away in between
        return 0 if end is None else max(0, end - self._positions[partition])

    def _time_lag(self, topic: str, since: datetime) -> None:
        seconds = max(0.0, (self._clock() - since).total_seconds())
        metrics.CONSUMER_TIME_LAG.labels(self._group, topic).set(seconds)
