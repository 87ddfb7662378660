"""Kafka as every service writes to it: the producer, and a publisher that replaces a broken one. No web
process may import it: intake must go on while Kafka is away.
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

# One attempt and all attempts. Short, for whatever fails is sent again from the outbox with the same id; and
# shorter together than a lease, so that a relay that was frozen does not send after its lanes went elsewhere.
REQUEST_MS = 4_000
DELIVERY_MS = 6_000
CLOSE_SECONDS = 2.0

# Below the limit of a topic where nothing else is set.
EVENT_BYTES = 1_000_000


def make_producer(settings: KafkaSettings, largest: int = EVENT_BYTES) -> KafkaProducer:
    """An idempotent producer that waits for all replicas and refuses records above `largest` bytes.

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
        # Refused before it is sent: a refusal by the broker breaks an idempotent producer for all records.
        max_request_size=largest,
    )


@dataclass(frozen=True)
class Record:
    """What is written to Kafka, byte for byte."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Publisher:
    """One producer, made when first needed, and made anew after any failure that may be its own.

    An idempotent producer that met OutOfOrderSequence, ProducerFenced or a delivery timeout cannot be trusted
    with the order of what follows. factory: makes a producer, or raises a KafkaError when no broker answers.
    role: the label in the metrics. Not for use by several threads.
    """

    def __init__(self, factory: Callable[[], Any], role: str) -> None:
        self._factory = factory
        self._role = role
        self._producer: Any = None
        # Topics whose metadata could not be had, until when (monotonic seconds): waiting for one missing
        # topic again and again would hold back all others.
        self._muted: dict[str, float] = {}

    def publish(self, records: Sequence[Record]) -> list[Exception | None]:
        """Send all, wait for all; for each record None when Kafka acknowledged it, else the error."""
        try:
            if self._producer is None:
                self._producer = self._factory()
        except (KafkaError, OSError) as error:
            return [error] * len(records)
        pending = [self._send(record) for record in records]
        # One deadline for all: kafka-python 3.0 may forget a batch when a broker dies, and each of its
        # records would be waited for in turn.
        deadline = time.monotonic() + (DELIVERY_MS + REQUEST_MS) / 1000
        outcomes = [self._outcome(future, deadline) for future in pending]
        # What send() refused never reached the producer's queue; any other failure may have broken it.
        sent = [error for future, error in zip(pending, outcomes, strict=True) if future is not error]
        if any(error is not None for error in sent):
            self.replace()
        return outcomes

    def _send(self, record: Record) -> Any:
        """The future, or the error that kept the record from being sent."""
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
        """Give the producer up; the next publish makes another."""
        if self._producer is not None:
            metrics.PRODUCERS_REPLACED.labels(self._role).inc()
            self.close()

    def close(self) -> None:
        """End the producer; what it has not sent is not acknowledged and comes again from its source."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            producer.close(timeout=CLOSE_SECONDS)
        except KafkaTimeoutError:
            # close() gives up, with its threads running, when records are still on their way; told to drop
            # them, it ends.
            producer._sender.force_close()
            producer.close(timeout=CLOSE_SECONDS)
