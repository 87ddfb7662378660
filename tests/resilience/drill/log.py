"""The event log in Kafka, read from where the last read ended, because records never change. It also writes
what a drill adds: poison records and repeated old records.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

import contracts

EVENT_TOPICS = tuple(topic.name for topic in contracts.topics().values() if topic.kind == "event")
DEAD_LETTER_TOPICS = tuple(topic.name for topic in contracts.topics().values() if topic.kind != "event")
POISON_KEY = "poison-"
POLL_MS = 500


@dataclass(frozen=True)
class Entry:
    """One record. at: (partition, offset)."""

    topic: str
    at: tuple[int, int]
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    def header(self, name: str) -> str:
        return next(((value or b"").decode("utf-8", "replace") for n, value in self.headers if n == name), "")

    @property
    def poison(self) -> bool:
        return (self.key or b"").startswith(POISON_KEY.encode())

    @property
    def data(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.value or b"{}")
        return parsed

    @property
    def content(self) -> tuple[bytes | None, bytes | None]:
        return self.key, self.value


@dataclass
class Log:
    """Topics of one platform; `entries` holds the records read so far, in order within a partition."""

    bootstrap: str
    topics: Sequence[str] = (*EVENT_TOPICS, *DEAD_LETTER_TOPICS)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    _positions: dict[TopicPartition, int] = field(default_factory=dict)

    def read(self) -> dict[str, list[Entry]]:
        """Read to the current end."""
        with closing(_consumer(self.bootstrap)) as consumer:
            for topic in self.topics:
                self.entries.setdefault(topic, [])
                for number in consumer.partitions_for_topic(topic) or ():
                    self._positions.setdefault(TopicPartition(topic, number), 0)
            partitions = list(self._positions)
            consumer.assign(partitions)
            for partition in partitions:
                consumer.seek(partition, self._positions[partition])
            ends = consumer.end_offsets(partitions)
            while any(self._positions[partition] < ends[partition] for partition in partitions):
                for partition, records in consumer.poll(timeout_ms=POLL_MS).items():
                    self.entries[partition.topic] += [_entry(record) for record in records]
                for partition in partitions:
                    self._positions[partition] = consumer.position(partition)
        return self.entries


def write_again(bootstrap: str, topic: str, count: int, pick: Any) -> int:
    """Write old records of a topic to its end again, byte for byte, in random order; return how many.

    pick: such as random.Random.sample.
    """
    entries = [entry for entry in Log(bootstrap, (topic,)).read()[topic] if not entry.poison]
    chosen = pick(entries, min(count, len(entries)))
    with closing(_producer(bootstrap)) as producer:
        sent = [
            producer.send(topic, key=entry.key, value=entry.value, headers=list(entry.headers))
            for entry in chosen
        ]
        for future in sent:
            future.get(timeout=30)
    return len(chosen)


def write_poison(bootstrap: str, topic: str, count: int, partition: int) -> list[str]:
    """Write records that no consumer can handle to one partition; return their keys."""
    headers = [("ce_specversion", b"1.0"), ("ce_type", f"vn.sangkien.{topic}.v1".encode())]
    spoilt: list[tuple[bytes | None, list[tuple[str, bytes]]]] = [
        (b"\x00\xff not JSON", headers),
        (b'{"initiative_id": "no headers"}', []),
        (None, headers),
        (b"[]", headers),
        (b'{"deep": ' * 200 + b"1" + b"}" * 200, headers),
    ]
    keys = [f"{POISON_KEY}{uuid.uuid4()}" for _ in range(count)]
    with closing(_producer(bootstrap)) as producer:
        for number, key in enumerate(keys):
            value, own = spoilt[number % len(spoilt)]
            own = [*own, ("ce_id", key.encode()), ("ce_subject", key.encode())] if own else []
            producer.send(topic, key=key.encode(), value=value, headers=own, partition=partition).get(30)
    return keys


def _consumer(bootstrap: str) -> Any:
    return KafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )


def _producer(bootstrap: str) -> Any:
    return KafkaProducer(bootstrap_servers=bootstrap, acks="all")


def _entry(record: Any) -> Entry:
    headers = tuple((name, value or b"") for name, value in record.headers or ())
    return Entry(record.topic, (record.partition, record.offset), record.key, record.value, headers)
