"""Fresh topics per test for the contract suite of what faces Kafka."""

from __future__ import annotations

import pytest

from tests.support.messaging import Channel, open_channel


@pytest.fixture
def channel(kafka_server: object) -> Channel:
    """One topic with one partition, and a fresh group, on the server of the test's tier."""
    return open_channel(kafka_server.bootstrap)  # type: ignore[attr-defined]
