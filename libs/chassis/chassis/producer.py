"""Kafka as every service uses it: explicit client options, the producer, idempotent topic administration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol


class KafkaSettings(Protocol):
    """The part of the settings that Kafka clients need."""

    @property
    def kafka_bootstrap(self) -> str: ...
    @property
    def kafka_security_protocol(self) -> str: ...
    @property
    def kafka_sasl_mechanism(self) -> str | None: ...
    @property
    def kafka_sasl_username(self) -> str | None: ...
    @property
    def kafka_sasl_password(self) -> str | None: ...
    @property
    def kafka_ssl_cafile(self) -> str | None: ...


class TopicPlan(Protocol):
    """What is needed to create a topic; `contracts.Topic` has it."""

    @property
    def name(self) -> str: ...
    @property
    def partitions(self) -> int: ...
    @property
    def retention_ms(self) -> int: ...
    @property
    def cleanup(self) -> str: ...


def make_producer(settings: KafkaSettings) -> Any:
    """An idempotent KafkaProducer with acks=all."""
    raise NotImplementedError


def apply_topics(settings: KafkaSettings, topics: Iterable[TopicPlan]) -> list[str]:
    """Create and adapt topics; one line per change, none when all is as declared."""
    raise NotImplementedError
