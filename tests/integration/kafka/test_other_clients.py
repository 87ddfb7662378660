"""Clients that are not kafka-python: confluent-kafka (librdkafka), and kcat where it is installed."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka import TopicPartition as Place

from tests.support.kafka_clients import KafkaClients, unique
from tests.support.processes import wait_until


@pytest.fixture
def consumers(clients: KafkaClients) -> Iterator[Any]:
    """Makes librdkafka consumers and closes them."""
    made: list[Consumer] = []

    def make(topic: str, group: str, **settings: Any) -> Consumer:
        consumer = Consumer(
            {
                "bootstrap.servers": clients.bootstrap,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "session.timeout.ms": 6000,
                **settings,
            }
        )
        consumer.subscribe([topic])
        made.append(consumer)
        return consumer

    yield make
    for consumer in made:
        consumer.close()


def _producer(clients: KafkaClients, **settings: Any) -> Producer:
    return Producer({"bootstrap.servers": clients.bootstrap, "message.timeout.ms": 15000, **settings})


def _read(consumer: Consumer, count: int, seconds: float = 20) -> list[bytes]:
    values: list[bytes] = []
    deadline = time.monotonic() + seconds
    while len(values) < count and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is not None and message.error() is None:
            values.append(message.value() or b"")
    return values


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_codec_of_librdkafka_passes_through(clients: KafkaClients, consumers: Any, codec: str) -> None:
    topic = clients.topic("codec")
    producer = _producer(clients, **{"compression.type": codec, "linger.ms": 20, "enable.idempotence": True})
    values = [b"%d" % number * 100 for number in range(50)]
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(15) == 0

    assert _read(consumers(topic, unique("group")), 50) == values


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
def test_librdkafka_members_share_a_topic(clients: KafkaClients, consumers: Any, strategy: str) -> None:
    topic, group = clients.topic("rd-shared", partitions=4), unique("group")
    settings = {"partition.assignment.strategy": strategy}
    pair = [consumers(topic, group, **settings) for _ in range(2)]

    def shared() -> bool:
        for consumer in pair:
            consumer.poll(0.05)
        return [len(consumer.assignment()) for consumer in pair] == [2, 2]

    wait_until(shared, "each has two partitions", seconds=30)


def test_librdkafka_goes_on_where_it_committed(clients: KafkaClients, consumers: Any) -> None:
    topic, group = clients.topic("rd-resume"), unique("group")
    clients.send(topic, *(b"%d" % number for number in range(6)))
    first = consumers(topic, group)
    assert _read(first, 4) == [b"0", b"1", b"2", b"3"]
    first.commit(offsets=[Place(topic, 0, 4)], asynchronous=False)
    first.unsubscribe()

    assert _read(consumers(topic, group), 2) == [b"4", b"5"]


def test_librdkafka_transactions_are_all_or_nothing(clients: KafkaClients, consumers: Any) -> None:
    topic = clients.topic("rd-tx")
    producer = _producer(clients, **{"transactional.id": unique("tx")})
    producer.init_transactions(15)
    for value, commit in ((b"kept", True), (b"dropped", False), (b"kept too", True)):
        producer.begin_transaction()
        producer.produce(topic, value)
        producer.flush(10)
        producer.commit_transaction(10) if commit else producer.abort_transaction(10)

    reader = consumers(topic, unique("group"), **{"isolation.level": "read_committed"})

    assert _read(reader, 2) + _read(reader, 1, seconds=0.5) == [b"kept", b"kept too"]


@pytest.mark.skipif(shutil.which("kcat") is None, reason="kcat is not installed")
def test_kcat_writes_reads_and_lists(clients: KafkaClients) -> None:
    topic = clients.topic("kcat")

    def kcat(*arguments: str, given: bytes = b"") -> bytes:
        command = ["kcat", "-b", clients.bootstrap, *arguments]
        return subprocess.run(command, input=given, capture_output=True, check=True, timeout=20).stdout

    kcat("-P", "-t", topic, "-z", "gzip", given=b"one\ntwo\n")

    assert kcat("-C", "-t", topic, "-e", "-q", "-o", "beginning") == b"one\ntwo\n"
    assert topic.encode() in kcat("-L")
