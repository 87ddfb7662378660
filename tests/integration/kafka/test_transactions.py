from __future__ import annotations

import time
from typing import Any

import pytest
from kafka import OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError
from kafka.protocol.producer import InitProducerIdRequest, ProduceRequest
from kafka.record import MemoryRecordsBuilder

from tests.support.kafka_clients import KafkaClients, WireClient, drain, unique
from tests.support.processes import wait_until

NONE = 0
OUT_OF_ORDER_SEQUENCE_NUMBER = 45
INVALID_PRODUCER_EPOCH = 47


def _committed(clients: KafkaClients, topic: str, count: int) -> list[bytes]:
    """The values that a reader of committed records sees: waits for `count`, and a little for more."""
    consumer = clients.consumer(isolation_level="read_committed")
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek_to_beginning()
    return [record.value for record in drain(consumer, count) + drain(consumer, 1, seconds=0.5)]


# ---- idempotence


def _produce(wire: WireClient, topic: str, producer_id: int, epoch: int, sequence: int, value: bytes) -> Any:
    """Send one batch of one record as a producer would; returns the partition's answer."""
    builder = MemoryRecordsBuilder(magic=2, compression_type=0, batch_size=1 << 20)
    builder.append(int(time.time() * 1000), None, value, [])
    builder.set_producer_state(producer_id, epoch, sequence, False)
    builder.close()
    part = ProduceRequest.TopicProduceData.PartitionProduceData(index=0, records=builder.buffer(), version=8)
    data = ProduceRequest.TopicProduceData(name=topic, partition_data=[part], version=8)
    request = ProduceRequest(transactional_id=None, acks=-1, timeout_ms=5000, topic_data=[data])
    return wire.ask(request, 8).responses[0].partition_responses[0]


def _producer_id(wire: WireClient) -> int:
    """A new producer id, asked for until a server that has only just started gives one."""
    ids: list[int] = []

    def given() -> bool:
        answer = wire.ask(InitProducerIdRequest(transactional_id=None, transaction_timeout_ms=60000), 1)
        ids.append(answer.producer_id)
        return bool(answer.error_code == NONE)

    wait_until(given, "the server gives a producer id", every=0.1)
    return ids[-1]


def test_a_batch_that_is_sent_again_is_stored_once_and_keeps_its_offset(clients: KafkaClients) -> None:
    topic, wire = clients.topic("again"), clients.wire()
    producer_id = _producer_id(wire)
    first = [_produce(wire, topic, producer_id, 0, sequence, b"%d" % sequence) for sequence in range(3)]

    again = [_produce(wire, topic, producer_id, 0, sequence, b"%d" % sequence) for sequence in range(3)]

    assert [answer.error_code for answer in first + again] == [NONE] * 6
    assert [answer.base_offset for answer in again] == [0, 1, 2]
    assert clients.consumer().end_offsets([TopicPartition(topic, 0)])[TopicPartition(topic, 0)] == 3


def test_a_gap_in_a_producers_sequence_is_refused(clients: KafkaClients) -> None:
    topic, wire = clients.topic("gap"), clients.wire()
    producer_id = _producer_id(wire)
    _produce(wire, topic, producer_id, 0, 0, b"0")

    answer = _produce(wire, topic, producer_id, 0, 5, b"5")

    assert answer.error_code == OUT_OF_ORDER_SEQUENCE_NUMBER


def test_an_older_epoch_of_a_producer_is_refused(clients: KafkaClients) -> None:
    topic, wire = clients.topic("epoch"), clients.wire()
    producer_id = _producer_id(wire)
    assert _produce(wire, topic, producer_id, 1, 0, b"new").error_code == NONE

    answer = _produce(wire, topic, producer_id, 0, 0, b"old")

    assert answer.error_code == INVALID_PRODUCER_EPOCH


def test_producer_ids_are_never_given_twice(clients: KafkaClients) -> None:
    wire = clients.wire()

    assert len({_producer_id(wire) for _ in range(20)}) == 20


# ---- transactions


def test_only_committed_records_reach_a_reader_of_committed_ones(clients: KafkaClients) -> None:
    topic = clients.topic("committed")
    producer = clients.producer(transactional_id=unique("tx"))
    producer.init_transactions()

    producer.begin_transaction()
    producer.send(topic, b"first").get(10)
    producer.commit_transaction()
    producer.begin_transaction()
    producer.send(topic, b"aborted").get(10)
    producer.abort_transaction()
    producer.begin_transaction()
    producer.send(topic, b"second").get(10)
    producer.commit_transaction()

    assert _committed(clients, topic, 2) == [b"first", b"second"]
    everything = [record.value for record in clients.read(topic, 3)]
    assert everything == [b"first", b"aborted", b"second"]


def test_an_open_transaction_holds_back_what_comes_after_it(clients: KafkaClients) -> None:
    topic = clients.topic("open")
    partition = TopicPartition(topic, 0)
    producer = clients.producer(transactional_id=unique("tx"))
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, b"open").get(10)
    clients.send(topic, b"after")
    reader = clients.consumer(isolation_level="read_committed")

    assert reader.end_offsets([partition])[partition] == 0
    assert _committed(clients, topic, 0) == []

    producer.commit_transaction()
    assert _committed(clients, topic, 2) == [b"open", b"after"]


def test_offsets_in_a_transaction_are_committed_with_it_or_not_at_all(clients: KafkaClients) -> None:
    source, target, group = clients.topic("source"), clients.topic("target"), unique("group")
    clients.send(source, *(b"%d" % number for number in range(4)))
    partition = TopicPartition(source, 0)
    consumer = clients.consumer(source, group_id=group, max_poll_records=2)
    producer = clients.producer(transactional_id=unique("tx"))
    producer.init_transactions()

    def process(commit: bool) -> None:
        records = drain(consumer, 2)
        producer.begin_transaction()
        for record in records:
            producer.send(target, b"out-" + record.value)
        end = {partition: OffsetAndMetadata(records[-1].offset + 1, "", -1)}
        producer.send_offsets_to_transaction(end, consumer.group_metadata())
        producer.commit_transaction() if commit else producer.abort_transaction()

    process(commit=True)
    wait_until(lambda: consumer.committed(partition) == 2, "the offset is committed")
    process(commit=False)

    assert consumer.committed(partition) == 2
    assert _committed(clients, target, 2) == [b"out-0", b"out-1"]


def test_a_new_producer_of_the_same_transactional_id_fences_the_old_one(clients: KafkaClients) -> None:
    topic, transactional_id = clients.topic("fenced"), unique("tx")
    old = clients.producer(transactional_id=transactional_id)
    old.init_transactions()
    old.begin_transaction()
    old.send(topic, b"old").get(10)

    new = clients.producer(transactional_id=transactional_id)
    new.init_transactions()

    def go_on() -> None:
        old.send(topic, b"too late").get(10)
        old.commit_transaction()

    with pytest.raises(KafkaError):
        go_on()
    new.begin_transaction()
    new.send(topic, b"new").get(10)
    new.commit_transaction()
    assert _committed(clients, topic, 1) == [b"new"]


def test_a_transaction_that_is_open_for_too_long_is_aborted(clients: KafkaClients) -> None:
    topic = clients.topic("overdue")
    partition = TopicPartition(topic, 0)
    producer = clients.producer(transactional_id=unique("tx"), transaction_timeout_ms=1000)
    producer.init_transactions()
    producer.begin_transaction()
    producer.send(topic, b"forgotten").get(10)
    clients.send(topic, b"after")
    reader = clients.consumer(isolation_level="read_committed")

    wait_until(
        lambda: reader.end_offsets([partition])[partition] > 1, "the transaction was ended", seconds=30
    )

    assert _committed(clients, topic, 1) == [b"after"]
