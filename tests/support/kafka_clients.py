"""Kafka clients for tests: kafka-python with settings for fast tests, closed together at the end, a consumer
that polls in its own thread, and a bare client that sends single protocol requests.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
import uuid
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.errors import KafkaConnectionError, KafkaError

from tests.support.processes import wait_until


class KafkaClients:
    """Creates clients of one server, and closes them."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self._made: list[Any] = []
        self._admin: KafkaAdminClient | None = None

    @property
    def admin(self) -> KafkaAdminClient:
        if self._admin is None:
            self._admin = KafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=10000)
        return self._admin

    def topic(self, name: str, partitions: int = 1, configs: dict[str, str] | None = None) -> str:
        """Create a topic for this test only; returns its full name."""
        full_name = unique(name)
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": configs or {}}
        self.admin.create_topics({full_name: wanted})
        wait_until(lambda: self._partitions(full_name) == partitions, f"{full_name} is there")
        return full_name

    def _partitions(self, topic: str) -> int:
        return len(self.admin.describe_topics([topic])[0]["partitions"])

    def producer(self, **settings: Any) -> KafkaProducer:
        defaults: dict[str, Any] = {
            "acks": "all",
            "enable_idempotence": True,
            "linger_ms": 0,
            "max_block_ms": 10000,
            "request_timeout_ms": 5000,
            "delivery_timeout_ms": 15000,
            "retry_backoff_ms": 50,
        }
        producer = KafkaProducer(bootstrap_servers=self.bootstrap, **{**defaults, **settings})
        self._made.append(lambda: producer.close(timeout=5))
        return producer

    def send(self, topic: str, *values: bytes | None, **fields: Any) -> list[Any]:
        """Send the values, wait for each acknowledgement, return the acknowledged ones."""
        producer = self.producer()
        futures = [producer.send(topic, value=value, **fields) for value in values]
        return [future.get(10) for future in futures]

    def consumer(self, *topics: str, **settings: Any) -> KafkaConsumer:
        defaults: dict[str, Any] = {
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            "fetch_max_wait_ms": 100,
            "session_timeout_ms": 6000,
            "heartbeat_interval_ms": 300,
            "request_timeout_ms": 20000,
        }
        consumer = KafkaConsumer(*topics, bootstrap_servers=self.bootstrap, **{**defaults, **settings})
        self._made.append(consumer.close)
        return consumer

    def read(self, topic: str, count: int, partitions: int = 1, **settings: Any) -> list[Any]:
        """Read a topic from its start, without a group, until `count` records have arrived."""
        consumer = self.consumer(**settings)
        consumer.assign([TopicPartition(topic, index) for index in range(partitions)])
        consumer.seek_to_beginning()
        return drain(consumer, count)

    def wire(self) -> WireClient:
        client = WireClient(self.bootstrap)
        self._made.append(client.close)
        return client

    def member(self, topic: str, group: str, **settings: Any) -> GroupMember:
        member = GroupMember(self, topic, group, settings)
        self._made.append(member.stop)
        return member.start()

    def close(self) -> None:
        for close in reversed(self._made):
            with suppress(KafkaError):
                close()
        if self._admin is not None:
            self._admin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex[:8]}"


def drain(consumer: KafkaConsumer, count: int, seconds: float = 15) -> list[Any]:
    """Poll until `count` records have arrived; otherwise the records that arrived before the deadline."""
    records: list[Any] = []
    deadline = time.monotonic() + seconds
    while len(records) < count and time.monotonic() < deadline:
        for batch in consumer.poll(timeout_ms=200).values():
            records += batch
    return records


class GroupMember:
    """A group member that polls and commits in its own thread, as a real one does.

    assigned: its current partitions; revocations: the revoked ones; values: the values that it read.
    """

    def __init__(self, clients: KafkaClients, topic: str, group: str, settings: dict[str, Any]) -> None:
        self.assigned: set[int] = set()
        self.revocations: list[set[int]] = []
        self.values: list[bytes] = []
        self.errors: list[Exception] = []
        self._topic = topic
        self._stopping = threading.Event()
        self._clients = clients
        self._settings = {"group_id": group, **settings}
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(20)

    def _run(self) -> None:
        member = self

        class Listener(ConsumerRebalanceListener):  # type: ignore[misc]
            def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
                gone = {partition.partition for partition in revoked}
                if gone:
                    member.revocations.append(gone)
                member.assigned -= gone

            def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
                member.assigned |= {partition.partition for partition in assigned}

        consumer = self._clients.consumer(**self._settings)
        try:
            consumer.subscribe([self._topic], listener=Listener())
            while not self._stopping.is_set():
                # While no server listens, kafka-python may raise instead of waiting; a real consumer polls
                # again.
                with suppress(KafkaConnectionError):
                    for batch in consumer.poll(timeout_ms=1000 if not self.assigned else 100).values():
                        self.values += [record.value for record in batch]
                # The next round commits what failed because of a rebalance or an unavailable server.
                with suppress(KafkaError):
                    if self.assigned:
                        consumer.commit(timeout_ms=5000)
        except Exception as error:
            self.errors.append(error)
        finally:
            consumer.close()
            self.assigned = set()


class WireClient:
    """Sends one protocol request at a time, encoded by kafka-python's classes, and returns the response."""

    def __init__(self, bootstrap: str) -> None:
        host, _, port = bootstrap.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=20)
        self._correlation = 0

    def ask(self, request: Any, version: int) -> Any:
        self._correlation += 1
        request.API_VERSION = version
        request.with_header(correlation_id=self._correlation, client_id="wire-test")
        self.send_bytes(request.encode(version=version, header=True, framed=True))
        response_class = request.header.get_response_class()
        return response_class.decode(self.receive(), version=version, header=True)

    def send_bytes(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        (size,) = struct.unpack(">i", self._receive_exactly(4))
        return self._receive_exactly(size)

    def _receive_exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionResetError("the server closed the connection")
            data += more
        return data

    def is_closed_by_server(self) -> bool:
        """Whether the server closes the connection, within the socket's time limit."""
        try:
            return self._socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._socket.close()
