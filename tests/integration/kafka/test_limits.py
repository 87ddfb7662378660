"""Limits and quotas of the embedded broker: a client that floods, stalls, or speaks nonsense harms only
itself.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from kafka.protocol.metadata import ApiVersionsRequest, MetadataRequest

from tests.support.kafka_clients import KafkaClients, WireClient
from tests.support.kafka_servers import EmbeddedBroker

Started = Callable[..., KafkaClients]

pytestmark = pytest.mark.tiers("embedded")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """Starts a broker with the given options and gives clients of it."""
    with ExitStack() as stack:

        def start(*options: str) -> KafkaClients:
            broker = stack.enter_context(EmbeddedBroker(tmp_path, *options))
            return stack.enter_context(KafkaClients(broker.bootstrap))

        yield start


def test_a_request_over_the_limit_ends_the_connection_and_only_that(started: Started) -> None:
    clients = started("--max-request-bytes", "5000")
    wire, other = clients.wire(), clients.wire()

    wire.send_bytes(struct.pack(">i", 5001))

    assert wire.is_closed_by_server()
    assert other.ask(MetadataRequest(topics=[]), 5).cluster_id


@pytest.mark.parametrize(
    "frame",
    [
        b"\xff" * 40,
        b"\x00\x03\x00\x05\x00\x00\x00\x01\x7f\xff",
        b"\x00\x03",
        b"\x00\x03\x00\x05\x00\x00\x00\x01\xff\xff\x7f",
    ],
    ids=["unknown-api", "client-id-cut", "header-cut", "body-cut"],
)
def test_nonsense_ends_the_connection_and_only_that(started: Started, frame: bytes) -> None:
    clients = started()
    wire = clients.wire()

    wire.send_bytes(struct.pack(">i", len(frame)) + frame)

    assert wire.is_closed_by_server()
    assert clients.wire().ask(MetadataRequest(topics=[]), 5).cluster_id


def test_a_client_of_the_future_is_told_which_versions_there_are(started: Started) -> None:
    wire = started().wire()

    wire.send_bytes(struct.pack(">ihhih", 10, 18, 99, 7, -1))

    correlation, error, apis = struct.unpack_from(">ihi", wire.receive())
    assert (correlation, error) == (7, 35)
    assert apis > 20


def test_a_client_that_stops_within_a_request_is_closed(started: Started) -> None:
    wire = started("--stall-seconds", "0.3").wire()

    wire.send_bytes(struct.pack(">i", 1000) + b"only the start")

    assert wire.is_closed_by_server()


def test_an_idle_connection_is_closed(started: Started) -> None:
    wire = started("--idle-seconds", "0.3").wire()

    assert wire.is_closed_by_server()


def test_a_client_that_does_not_read_its_answers_is_closed(started: Started) -> None:
    clients = started("--stall-seconds", "0.5")
    clients.admin.create_topics({f"topic-{n}": {"num_partitions": 20} for n in range(10)})
    wire = clients.wire()
    request = MetadataRequest(topics=None)
    request.API_VERSION = 5
    request.with_header(correlation_id=1, client_id="deaf")
    frame = request.encode(version=5, header=True, framed=True)

    def ask_and_never_listen() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            wire.send_bytes(frame)

    with pytest.raises((ConnectionError, TimeoutError)):
        ask_and_never_listen()
    assert clients.wire().ask(MetadataRequest(topics=[]), 5).cluster_id


def _let_in(clients: KafkaClients) -> WireClient:
    """A connection that the broker answers; asks again while it has too many."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        wire = clients.wire()
        try:
            wire.ask(ApiVersionsRequest(), 0)
        except ConnectionError:
            continue
        return wire
    pytest.fail("the broker let no connection in")


def test_connections_over_the_limit_are_refused_until_one_is_closed(started: Started) -> None:
    clients = started("--max-connections", "3")
    kept = [_let_in(clients) for _ in range(3)]

    assert clients.wire().is_closed_by_server()

    kept[0].close()
    _let_in(clients)


def test_partitions_over_the_limit_are_refused_with_the_reason(started: Started) -> None:
    from kafka.errors import PolicyViolationError

    clients = started("--max-partitions", "10")
    clients.admin.create_topics({"fits": {"num_partitions": 8, "replication_factor": 1}})

    with pytest.raises(PolicyViolationError, match="at most 10 partitions"):
        clients.admin.create_topics({"too-many": {"num_partitions": 3, "replication_factor": 1}})


def test_a_flooding_producer_is_slowed_to_its_quota_while_others_are_served(started: Started) -> None:
    clients = started("--quota-produce-bytes", "200000")
    topic = clients.topic("flooded")
    flood = clients.producer(client_id="flood", delivery_timeout_ms=60000, linger_ms=5)
    began = time.monotonic()
    futures = [flood.send(topic, b"x" * 10_000) for _ in range(60)]

    quiet_began = time.monotonic()
    clients.producer(client_id="quiet").send(topic, b"at once").get(10)
    quiet_took = time.monotonic() - quiet_began
    flood.flush(30)

    assert all(future.succeeded() for future in futures)
    # 600 kB at 200 kB/s, of which the first second's worth goes at once.
    assert time.monotonic() - began > 1.5
    assert quiet_took < 1.5


def test_requests_beyond_the_rate_are_slowed_and_still_answered(started: Started) -> None:
    wire = started("--quota-requests", "20").wire()
    began = time.monotonic()

    for _ in range(40):
        wire.ask(ApiVersionsRequest(), 0)

    assert time.monotonic() - began > 0.8


def test_topics_are_created_by_asking_only_where_that_is_switched_on(started: Started) -> None:
    clients = started("--auto-create-topics", "true", "--default-partitions", "3")

    clients.producer().send("made-by-asking", b"first").get(10)

    assert len(clients.admin.describe_topics(["made-by-asking"])[0]["partitions"]) == 3


def test_the_advertised_address_is_what_clients_are_told(started: Started) -> None:
    clients = started("--advertise", "broker.example:29092")

    answer = clients.wire().ask(MetadataRequest(topics=[]), 5)

    assert [(broker.host, broker.port) for broker in answer.brokers] == [("broker.example", 29092)]
