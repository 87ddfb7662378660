"""The operators' view of the dead letters: list, show, replay and discard, starting with the oldest. The
operator's progress is a committed offset of the group `sangkienctl`; the dead letters themselves stay in the
topic for its retention time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import contracts
from chassis.consumer.dlq import PREFIX
from chassis.kafka_client import client_options, construct
from sangkienctl.home import PlatformError
from sangkienctl.kafka_access import CLIENT_ID, KafkaAccess, readable_errors

POLL_MS = 1000
BATCH = 500


@dataclass(frozen=True)
class DeadLetter:
    """One dead letter. offset: in the dead-letter topic; reasons: why the record was dead-lettered."""

    group: str
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    reasons: dict[str, str]

    @property
    def topic(self) -> str:
        """The topic of the original record."""
        return self.reasons.get("topic", "")

    def header(self, name: str) -> str:
        return next((value.decode("utf-8", "replace") for key, value in self.headers if key == name), "")


def groups() -> list[str]:
    """Every group that has a dead-letter topic."""
    return [topic.owner for topic in contracts.topics().values() if topic.kind == "dead-letter"]


def pending(access: KafkaAccess, group: str, limit: int) -> list[DeadLetter]:
    """The oldest dead letters that were neither replayed nor discarded."""
    with _reader(access, group) as (consumer, partition):
        return _read(consumer, partition, group, limit)


def find(access: KafkaAccess, group: str, offset: int) -> DeadLetter:
    """One dead letter by its offset, handled or not. Raises PlatformError if there is none."""
    with _reader(access, group) as (consumer, partition):
        consumer.seek(partition, offset)
        found = _read(consumer, partition, group, 1)
    if not found or found[0].offset != offset:
        raise PlatformError(
            f"{group}.dlq has no record at offset {offset}; `sangkienctl dlq list` shows them"
        )
    return found[0]


def replay(access: KafkaAccess, group: str, count: int) -> int:
    """Send the oldest dead letters to their topics again, unchanged; return how many.

    All consumer groups of the topic receive them again; groups that have handled them ignore them.
    """
    from kafka import KafkaProducer

    with readable_errors(access):
        producer = construct(KafkaProducer, **client_options(access), client_id=CLIENT_ID, acks="all")
    try:
        with _reader(access, group) as (consumer, partition):
            letters = _read(consumer, partition, group, count)
            unknown = [letter for letter in letters if letter.topic not in contracts.topics()]
            if unknown:
                raise PlatformError(
                    f"the dead letter at offset {unknown[0].offset} names the unknown topic "
                    f"{unknown[0].topic!r}; discard it"
                )
            sent = [
                producer.send(letter.topic, key=letter.key, value=letter.value, headers=list(letter.headers))
                for letter in letters
            ]
            for future in sent:
                future.get(timeout=30)
            # Only after the acknowledgements: a crash in between causes another replay, which is harmless.
            _commit(consumer, partition, letters)
    finally:
        producer.close()
    return len(letters)


def discard(access: KafkaAccess, group: str, count: int) -> int:
    """Mark the oldest dead letters as handled; return how many. `show` can read them until they expire."""
    with _reader(access, group) as (consumer, partition):
        letters = _read(consumer, partition, group, count)
        _commit(consumer, partition, letters)
    return len(letters)


@contextmanager
def _reader(access: KafkaAccess, group: str) -> Iterator[tuple[Any, Any]]:
    if group not in groups():
        raise PlatformError(f"no group {group!r}; there are {', '.join(groups())}")
    with readable_errors(access), _assigned(access, group) as assigned:
        yield assigned


@contextmanager
def _assigned(access: KafkaAccess, group: str) -> Iterator[tuple[Any, Any]]:
    from kafka import KafkaConsumer, TopicPartition

    consumer = construct(
        KafkaConsumer,
        **client_options(access),
        client_id=CLIENT_ID,
        group_id=CLIENT_ID,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
    )
    try:
        partition = TopicPartition(f"{group}.dlq", 0)
        consumer.assign([partition])
        yield consumer, partition
    finally:
        consumer.close()


def _read(consumer: Any, partition: Any, group: str, limit: int) -> list[DeadLetter]:
    end = consumer.end_offsets([partition])[partition]
    letters: list[DeadLetter] = []
    while len(letters) < limit and consumer.position(partition) < end:
        batch = consumer.poll(timeout_ms=POLL_MS, max_records=min(limit - len(letters), BATCH))
        letters += [_dead_letter(record, group) for record in batch.get(partition, [])]
    return letters


def _dead_letter(record: Any, group: str) -> DeadLetter:
    headers = tuple((name, value or b"") for name, value in record.headers)
    return DeadLetter(
        group=group,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple((name, value) for name, value in headers if not name.startswith(PREFIX)),
        reasons={
            name.removeprefix(PREFIX): value.decode("utf-8", "replace")
            for name, value in headers
            if name.startswith(PREFIX)
        },
    )


def _commit(consumer: Any, partition: Any, letters: list[DeadLetter]) -> None:
    from kafka.structs import OffsetAndMetadata

    if letters:
        consumer.commit({partition: OffsetAndMetadata(letters[-1].offset + 1, "", -1)})
