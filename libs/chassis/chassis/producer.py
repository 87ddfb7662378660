"""Writing to Kafka: the producer, and a publisher that replaces a broken one. No web process may import it:
intake must continue while Kafka is unavailable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError, UnknownTopicOrPartitionError

from chassis import metrics
from chassis.kafka_client import METADATA_MS, KafkaSettings, client_options, construct
from chassis.topics import apply_topics

__all__ = ["KafkaSettings", "Publisher", "Record", "apply_topics", "make_producer"]

# One attempt and all attempts. Short, because failed events are sent again from the outbox with the same id;
# and together shorter than a lease, so that a frozen relay does not send after it has lost its lanes.
REQUEST_MS = 4_000
DELIVERY_MS = 6_000
CLOSE_SECONDS = 2.0

# Below the default limit of a topic.
EVENT_BYTES = 1_000_000


def make_producer(settings: KafkaSettings, largest: int = EVENT_BYTES) -> KafkaProducer:
    """An idempotent producer that waits for all replicas and refuses records over `largest` bytes.

    Raises KafkaTimeoutError if no broker answers.
    """
    return construct(
        KafkaProducer,
        **client_options(settings),
        metrics_enabled=False,
        acks="all",
        enable_idempotence=True,
        max_in_flight_requests_per_connection=5,
        linger_ms=0,
        allow_auto_create_topics=False,
        request_timeout_ms=REQUEST_MS,
        delivery_timeout_ms=DELIVERY_MS,
        max_block_ms=METADATA_MS,
        # Refused before sending: a refusal by the broker breaks an idempotent producer for all records.
        max_request_size=largest,
    )


@dataclass(frozen=True)
class Record:
    """A record as it is written to Kafka, byte for byte."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Publisher:
    """One producer, created when first needed, and replaced after any failure that it may have caused.

    After OutOfOrderSequence, ProducerFenced or a delivery timeout, an idempotent producer no longer
    guarantees the order of later records. factory: returns a producer, or raises a KafkaError if no broker
    answers. role: the label in the metrics. Not thread-safe.
    """

    def __init__(self, factory: Callable[[], Any], role: str) -> None:
        self._factory = factory
        self._role = role
        self._producer: Any = None
        # Topics without metadata, and until when to skip them (monotonic seconds): waiting for one missing
        # topic repeatedly would delay all others.
        self._muted: dict[str, float] = {}

    def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        """Send all and wait for all; for each record None if Kafka acknowledged it, else the error."""
        try:
            if self._producer is None:
                self._producer = self._factory()
        except (KafkaError, OSError) as error:
            return [error] * len(records)
        pending = [self._send(record) for record in records]
        # One deadline for all: kafka-python 3.0 may lose a batch when a broker dies, and we would wait for
        # each of its records in turn.
        deadline = time.monotonic() + (DELIVERY_MS + REQUEST_MS) / 1000
        outcomes = [self._outcome(future, deadline) for future in pending]
        # Records that send() refused never reached the producer's queue; any other failure may have broken
        # it.
        sent = [error for future, error in zip(pending, outcomes, strict=True) if future is not error]
        if any(error is not None for error in sent):
            self.replace()
        return outcomes

    def _send(self, record: Record) -> Any:
        """The future, or the error that prevented the record from being sent."""
        muted = self._muted.get(record.topic)
        if muted is not None and muted > time.monotonic():
            return UnknownTopicOrPartitionError(record.topic)
        try:
            return self._producer.send(
                record.topic, key=record.key, value=record.value, headers=list(record.headers)
            )
        except KafkaTimeoutError as error:
            self._muted[record.topic] = time.monotonic() + METADATA_MS / 1000
            return error
        except (KafkaError, ValueError) as error:
            return error

    @staticmethod
    def _outcome(future: Any, deadline: float) -> Exception | None:
        if isinstance(future, Exception):
            return future
        failure: Exception | None = None
        try:
            future.get(timeout=max(0.0, deadline - time.monotonic()))
        except KafkaError as error:
            failure = error
        return failure

    def replace(self) -> None:
        """Discard the producer; the next publish creates another."""
        if self._producer is not None:
            metrics.PRODUCERS_REPLACED.labels(self._role).inc()
            self.close()

    def close(self) -> None:
        """Close the producer; unsent records are not acknowledged and will be sent again from their
        source."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=CLOSE_SECONDS)
        except KafkaTimeoutError:
            # With records in flight, close() gives up and leaves its threads running; after these are dropped
            # it completes.
            producer._sender.force_close()
            producer.close(timeout=CLOSE_SECONDS)
