"""Topics, events, settings and readers for tests of code that uses Kafka."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient

from chassis.events.codec import EventCodec, PendingEvent
from chassis.events.outbox import outbox_fields
from chassis.kafka_client import client_options, construct
from chassis.producer import Publisher, Record, make_producer
from chassis.topics import apply_topics

NOON = datetime(2022, 5, 31, 12, 0, tzinfo=UTC)
SOURCE = "/services/test"

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["n"],
    "properties": {"n": {"type": "integer"}, "note": {"type": "string"}},
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Spec:
    """A topic as in the contracts."""

    name: str
    partitions: int = 1
    type: str | None = "test.counted.v1"
    version: str | None = "1.0"
    schema: Mapping[str, Any] | None = field(default_factory=lambda: SCHEMA)
    retention_ms: int = -1
    cleanup: str = "delete"


@dataclass(frozen=True)
class MessagingSettings:
    """The settings that Kafka clients and a worker need."""

    kafka_bootstrap: str
    kafka_security_protocol: str = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: str | None = None
    kafka_ssl_cafile: str | None = None
    worker_bind: str = "127.0.0.1:0"
    shutdown_seconds: float = 15.0


@dataclass(frozen=True)
class Channel:
    """New topics on a Kafka server for one test, with a group and its dead letters."""

    settings: MessagingSettings
    group: str
    specs: tuple[Spec, ...]

    @property
    def topic(self) -> str:
        return self.specs[0].name

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(spec.name for spec in self.specs)

    @property
    def dead_letters(self) -> str:
        return f"{self.group}.dlq"

    @property
    def codec(self) -> EventCodec:
        return EventCodec({spec.name: spec for spec in self.specs}, SOURCE)

    def event(self, n: int, *, topic: str | None = None, subject: str | None = None) -> PendingEvent:
        return self.codec.pending(
            topic or self.topic, subject=subject or f"a{n}", data={"n": n}, sequence=None, now=NOON
        )

    def grow(self, partitions: int) -> None:
        """Add partitions to the topics."""
        apply_topics(self.settings, [replace(spec, partitions=partitions) for spec in self.specs])

    def write(self, records: Sequence[Record]) -> None:
        with publisher(self.settings) as target:
            assert target.publish(records) == [None] * len(records)

    def write_events(self, numbers: Sequence[int]) -> None:
        self.write([record_of(self.event(n)) for n in numbers])

    def read(self, topic: str, count: int, seconds: float = 20) -> list[Any]:
        """All records of a topic once there are `count`, in order within a partition."""
        consumer = construct(KafkaConsumer, **client_options(self.settings), auto_offset_reset="earliest")
        try:
            partitions = [TopicPartition(topic, p) for p in sorted(consumer.partitions_for_topic(topic))]
            consumer.assign(partitions)
            consumer.seek_to_beginning(*partitions)
            found: list[Any] = []
            deadline = time.monotonic() + seconds
            while len(found) < count or _behind(consumer, partitions):
                assert time.monotonic() < deadline, f"{topic}: {len(found)} of {count} records"
                found += [record for batch in consumer.poll(timeout_ms=100).values() for record in batch]
            return found
        finally:
            consumer.close(autocommit=False)

    def committed(self, topic: str | None = None, partition: int = 0) -> int | None:
        """The offset that the group has committed."""
        admin = construct(KafkaAdminClient, **client_options(self.settings))
        try:
            offsets = admin.list_group_offsets({self.group: None})
        finally:
            admin.close()
        found = offsets.get(self.group, offsets).get(TopicPartition(topic or self.topic, partition))
        return None if found is None or found.offset < 0 else int(found.offset)

    def members(self) -> int:
        """The number of group members."""
        admin = construct(KafkaAdminClient, **client_options(self.settings))
        try:
            described = admin.describe_groups([self.group])
        finally:
            admin.close()
        group = described[self.group] if isinstance(described, dict) else described[0]
        return len(group["members"])


def _behind(consumer: Any, partitions: Sequence[TopicPartition]) -> bool:
    ends = consumer.end_offsets(partitions)
    return any(consumer.position(partition) < ends[partition] for partition in partitions)


def open_channel(bootstrap: str, *, topics: int = 1, partitions: int = 1) -> Channel:
    """Create new topics and the dead letter topic of a new group."""
    unique = uuid.uuid4().hex[:8]
    specs = tuple(Spec(f"t{number}-{unique}", partitions) for number in range(topics))
    channel = Channel(MessagingSettings(bootstrap), f"g-{unique}", specs)
    dead = Spec(channel.dead_letters, type=None, version=None, schema=None)
    apply_topics(channel.settings, [*specs, dead])
    return channel


def record_of(event: PendingEvent) -> Record:
    return Record(event.topic, event.key.encode(), event.value, event.headers)


def aggregate(events: Sequence[PendingEvent], id: str | None = None) -> dict[str, Any]:
    """A document with its pending events."""
    id = id or events[0].key
    return {"_id": id, "version": 1, **outbox_fields(id, events)}


def number_of(record: Any) -> int:
    import orjson

    return int(orjson.loads(record.value)["n"])


@contextmanager
def publisher(settings: MessagingSettings) -> Iterator[Publisher]:
    target = Publisher(lambda: make_producer(settings), "test")
    try:
        yield target
    finally:
        target.close()
