from __future__ import annotations

import time

import pytest
from kafka import TopicPartition
from kafka.errors import InvalidRecordError

from tests.support.kafka_clients import KafkaClients, drain
from tests.support.processes import wait_until

SECOND = 1000


def test_an_offset_is_found_by_time(clients: KafkaClients) -> None:
    topic = clients.topic("times")
    start = int(time.time() * 1000) - 60 * SECOND
    producer = clients.producer()
    for number in range(20):
        producer.send(topic, b"%d" % number, timestamp_ms=start + number * SECOND).get(10)
    partition = TopicPartition(topic, 0)
    consumer = clients.consumer()

    def at(timestamp: int) -> tuple[int, int] | None:
        found = consumer.offsets_for_times({partition: timestamp})[partition]
        return None if found is None else (found.offset, found.timestamp)

    assert at(start + 7 * SECOND) == (7, start + 7 * SECOND)
    assert at(start + 7 * SECOND + 500) == (8, start + 8 * SECOND)
    assert at(start - SECOND) == (0, start)
    assert at(start + 3600 * SECOND) is None


def test_a_record_is_found_by_time_inside_a_batch(clients: KafkaClients) -> None:
    topic = clients.topic("times-in-batch")
    start = int(time.time() * 1000) - 60 * SECOND
    producer = clients.producer(linger_ms=200)
    for number in range(10):
        producer.send(topic, b"%d" % number, timestamp_ms=start + number * SECOND)
    producer.flush(10)
    partition = TopicPartition(topic, 0)

    found = clients.consumer().offsets_for_times({partition: start + 4 * SECOND})[partition]

    assert (found.offset, found.timestamp) == (4, start + 4 * SECOND)


def test_append_time_replaces_the_producers_time_where_the_topic_says_so(clients: KafkaClients) -> None:
    topic = clients.topic("append-time", configs={"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1000)

    clients.send(topic, b"now", timestamp_ms=before - 3600 * SECOND)

    (record,) = clients.read(topic, 1)
    assert before <= record.timestamp <= int(time.time() * 1000)


def test_old_records_are_deleted(clients: KafkaClients) -> None:
    topic = clients.topic("retained", configs={"retention.ms": "1000", "segment.ms": "500"})
    clients.send(topic, *(b"%d" % number for number in range(10)))
    partition = TopicPartition(topic, 0)
    consumer = clients.consumer()

    wait_until(
        lambda: consumer.beginning_offsets([partition])[partition] == 10, "the records are gone", seconds=30
    )

    assert consumer.end_offsets([partition])[partition] == 10
    (sent,) = clients.send(topic, b"next")
    assert sent.offset == 10


def test_a_compacted_topic_keeps_the_last_record_of_each_key_where_it_was(clients: KafkaClients) -> None:
    topic = clients.topic(
        "compacted",
        configs={
            "cleanup.policy": "compact",
            "segment.ms": "200",
            "min.cleanable.dirty.ratio": "0.01",
            "delete.retention.ms": "100",
        },
    )
    producer = clients.producer()
    for number in range(50):
        producer.send(topic, key=b"key-%d" % (number % 5), value=b"%d" % number).get(10)
    producer.send(topic, key=b"key-0", value=None).get(10)
    consumer = clients.consumer()
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])

    def left() -> dict[bytes, tuple[int, bytes | None]]:
        # A new record lets the server close the segment with the others in it.
        producer.send(topic, key=b"mark", value=b"").get(10)
        consumer.seek_to_beginning()
        records = drain(consumer, 1000, seconds=0.5)
        kept = [record for record in records if record.key != b"mark"]
        return {record.key: (record.offset, record.value) for record in kept} if len(kept) <= 5 else {}

    expected = {b"key-%d" % key: (45 + key, b"%d" % (45 + key)) for key in range(1, 5)}
    wait_until(lambda: left() == expected, "only the last of each key is left", seconds=40)


def test_a_compacted_topic_takes_no_record_without_a_key(clients: KafkaClients) -> None:
    topic = clients.topic("keyed", configs={"cleanup.policy": "compact"})

    with pytest.raises(InvalidRecordError):
        clients.send(topic, b"keyless")
