from __future__ import annotations

import time
from collections import defaultdict

import pytest
from kafka import TopicPartition
from kafka.errors import MessageSizeTooLargeError, UnknownTopicOrPartitionError

from tests.support.kafka_clients import KafkaClients, drain, unique


def test_a_record_comes_back_with_its_key_value_headers_and_time(clients: KafkaClients) -> None:
    topic = clients.topic("record")
    sent_at = int(time.time() * 1000) - 5000

    headers = [("trace", b"1"), ("empty", b"")]
    (sent,) = clients.send(topic, b"value", key=b"key", headers=headers, timestamp_ms=sent_at)

    (record,) = clients.read(topic, 1)
    assert (record.key, record.value, list(record.headers)) == (b"key", b"value", headers)
    assert (record.offset, record.timestamp) == (0, sent_at)
    assert sent.offset == 0


def test_no_value_no_key_and_an_empty_value_are_told_apart(clients: KafkaClients) -> None:
    topic = clients.topic("nothing")
    clients.send(topic, None, key=b"gone")
    clients.send(topic, b"")

    records = clients.read(topic, 2)

    assert [(record.key, record.value) for record in records] == [(b"gone", None), (None, b"")]


def test_records_of_one_key_stay_in_one_partition_and_in_order(clients: KafkaClients) -> None:
    topic = clients.topic("ordered", partitions=4)
    producer = clients.producer(linger_ms=5)
    futures = [producer.send(topic, key=b"key-%d" % (n % 13), value=b"%d" % n) for n in range(1000)]
    producer.flush(15)
    assert all(future.succeeded() for future in futures)

    records = clients.read(topic, 1000, partitions=4)

    assert sorted(int(record.value) for record in records) == list(range(1000))
    by_key = defaultdict(list)
    for record in records:
        by_key[record.key].append((record.partition, int(record.value)))
    for places in by_key.values():
        assert len({partition for partition, _ in places}) == 1
        assert [number for _, number in places] == sorted(number for _, number in places)


@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_every_kind_of_acknowledgement_stores_the_record(clients: KafkaClients, acks: int | str) -> None:
    topic = clients.topic("acks")
    producer = clients.producer(acks=acks, enable_idempotence=False)

    producer.send(topic, b"stored")
    producer.flush(10)

    assert [record.value for record in clients.read(topic, 1)] == [b"stored"]


def test_gzip_batches_come_back_as_they_were(clients: KafkaClients) -> None:
    topic = clients.topic("gzip")
    producer = clients.producer(compression_type="gzip", linger_ms=50)
    for number in range(20):
        producer.send(topic, b"%d" % number * 100)
    producer.flush(10)

    records = clients.read(topic, 20)

    assert [record.value for record in records] == [b"%d" % number * 100 for number in range(20)]


def test_a_message_up_to_the_topics_limit_is_taken_and_a_larger_one_refused(clients: KafkaClients) -> None:
    topic = clients.topic("sizes", configs={"max.message.bytes": "20000"})
    producer = clients.producer(max_request_size=5_000_000)
    producer.send(topic, b"x" * 15_000).get(10)

    with pytest.raises(MessageSizeTooLargeError):
        producer.send(topic, b"x" * 25_000).get(10)

    assert [len(record.value) for record in clients.read(topic, 1)] == [15_000]


def test_a_message_larger_than_the_fetch_size_is_still_delivered(clients: KafkaClients) -> None:
    topic = clients.topic("large")
    clients.send(topic, b"x" * 300_000, b"small")

    records = clients.read(topic, 2, max_partition_fetch_bytes=1000, fetch_max_bytes=1000)

    assert [len(record.value) for record in records] == [300_000, 5]


def test_a_waiting_consumer_gets_a_record_long_before_its_wait_is_over(clients: KafkaClients) -> None:
    topic = clients.topic("waiting")
    consumer = clients.consumer(fetch_max_wait_ms=15000, request_timeout_ms=30000)
    consumer.assign([TopicPartition(topic, 0)])
    assert consumer.poll(timeout_ms=300) == {}
    started = time.monotonic()

    clients.send(topic, b"at once")

    assert [record.value for record in drain(consumer, 1)] == [b"at once"]
    assert time.monotonic() - started < 10


def test_a_consumer_can_seek_and_knows_where_a_partition_begins_and_ends(clients: KafkaClients) -> None:
    topic = clients.topic("seek")
    clients.send(topic, *(b"%d" % number for number in range(20)))
    partition = TopicPartition(topic, 0)
    consumer = clients.consumer()
    consumer.assign([partition])

    consumer.seek(partition, 15)

    assert [int(record.value) for record in drain(consumer, 5)] == [15, 16, 17, 18, 19]
    assert consumer.position(partition) == 20
    assert consumer.beginning_offsets([partition])[partition] == 0
    assert consumer.end_offsets([partition])[partition] == 20


def test_an_offset_past_the_end_falls_back_to_the_consumers_reset_policy(clients: KafkaClients) -> None:
    topic = clients.topic("reset")
    clients.send(topic, b"first")
    partition = TopicPartition(topic, 0)
    consumer = clients.consumer(auto_offset_reset="earliest")
    consumer.assign([partition])

    consumer.seek(partition, 999)

    assert [record.value for record in drain(consumer, 1)] == [b"first"]


def test_an_unknown_topic_is_not_created_by_asking_for_it(clients: KafkaClients) -> None:
    name = unique("never-created")
    consumer = clients.consumer(allow_auto_create_topics=True)

    assert not consumer.partitions_for_topic(name)

    assert name not in clients.admin.list_topics()


def test_producing_to_a_partition_that_is_not_there_is_refused(clients: KafkaClients) -> None:
    from kafka.protocol.producer import ProduceRequest

    topic = clients.topic("one-partition")
    part = ProduceRequest.TopicProduceData.PartitionProduceData(index=7, records=b"", version=8)
    data = ProduceRequest.TopicProduceData(name=topic, partition_data=[part], version=8)

    response = clients.wire().ask(
        ProduceRequest(transactional_id=None, acks=-1, timeout_ms=1000, topic_data=[data]), 8
    )

    refused = response.responses[0].partition_responses[0].error_code
    assert refused == UnknownTopicOrPartitionError.errno
