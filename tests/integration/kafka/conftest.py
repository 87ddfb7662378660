"""Clients of the Kafka server that the test runs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.kafka_clients import KafkaClients


@pytest.fixture
def clients(kafka_server: Any) -> Iterator[KafkaClients]:
    with KafkaClients(kafka_server.bootstrap) as made:
        yield made
