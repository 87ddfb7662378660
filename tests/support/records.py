"""Reads and writes records of a running platform's Kafka as an integrator would."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from tests.support.platform import RunningPlatform


@dataclass(frozen=True)
class Received:
    """One record with its CloudEvents headers."""

    topic: str
    key: str | None
    headers: Mapping[str, str]
    value: bytes

    @property
    def id(self) -> str:
        return self.headers["ce_id"]

    @property
    def subject(self) -> str:
        return self.headers["ce_subject"]

    @property
    def data(self) -> dict[str, Any]:
        return json.loads(self.value)  # type: ignore[no-any-return]


def events(platform: RunningPlatform, topic: str) -> list[Received]:
    """All records of a topic from its start to its current end."""
    consumer = KafkaConsumer(
        bootstrap_servers=platform.kafka_bootstrap, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    try:
        partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        received: list[Received] = []
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for records in consumer.poll(timeout_ms=500).values():
                received += [_received(record) for record in records]
        return received
    finally:
        consumer.close()


def dead_letters(platform: RunningPlatform, group: str) -> list[Received]:
    """The dead letters of a consumer group."""
    return events(platform, f"{group}.dlq")


def produce(
    platform: RunningPlatform, topic: str, key: str, value: bytes, headers: Mapping[str, str] | None = None
) -> None:
    """Send one record and wait for its acknowledgement."""
    producer = KafkaProducer(bootstrap_servers=platform.kafka_bootstrap, acks="all")
    try:
        encoded = [(name, text.encode()) for name, text in (headers or {}).items()]
        producer.send(topic, key=key.encode(), value=value, headers=encoded).get(timeout=30)
    finally:
        producer.close()


def headers_of(topic: str, subject: str, sequence: str | None, **changes: str) -> dict[str, str]:
    """CloudEvents headers of a well-formed event from another source."""
    made = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid.uuid4()),
        "ce_type": f"vn.sangkien.{topic}.v1",
        "ce_source": "/tests",
        "ce_subject": subject,
        "ce_time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "ce_dataschema": f"/contracts/schemas/{topic}/1.0.json",
        "content-type": "application/json",
    }
    if sequence is not None:
        made["ce_sequence"] = sequence
    return made | changes


def _received(record: Any) -> Received:
    pairs: Iterable[tuple[str, bytes]] = record.headers or ()
    return Received(
        topic=record.topic,
        key=record.key.decode() if record.key is not None else None,
        headers={name: value.decode(errors="replace") for name, value in pairs},
        value=record.value,
    )
