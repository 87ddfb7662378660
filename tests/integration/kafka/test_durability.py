"""What was acknowledged outlives kill -9. Each test has a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kafka import OffsetAndMetadata, TopicPartition

from tests.support.kafka_clients import KafkaClients, drain
from tests.support.kafka_servers import EmbeddedBroker
from tests.support.processes import wait_until

PARTITION = TopicPartition("facts", 0)


def _create(clients: KafkaClients, topic: str = "facts", partitions: int = 1) -> None:
    clients.admin.create_topics({topic: {"num_partitions": partitions, "replication_factor": 1}})
    wait_until(lambda: topic in clients.admin.list_topics(), f"{topic} is there")


def test_acknowledged_records_offsets_topics_and_transactions_outlive_a_kill(own_kafka_server: Any) -> None:
    with KafkaClients(own_kafka_server.bootstrap) as before:
        _create(before)
        before.send("facts", *(b"%d" % number for number in range(100)))
        reader = before.consumer("facts", group_id="readers", max_poll_records=10)
        assert len(drain(reader, 10)) == 10
        reader.commit({PARTITION: OffsetAndMetadata(10, "", -1)})
        producer = before.producer(transactional_id="tx")
        producer.init_transactions()
        producer.begin_transaction()
        producer.send("facts", b"committed").get(10)
        producer.commit_transaction()
        producer.begin_transaction()
        producer.send("facts", b"open").get(10)
        own_kafka_server.kill()

    own_kafka_server.restart()

    with KafkaClients(own_kafka_server.bootstrap) as after:
        # A new producer of the same transactional id aborts what the old one left open.
        after.producer(transactional_id="tx").init_transactions()
        assert after.admin.list_group_offsets({"readers": None})["readers"][PARTITION].offset == 10
        everything = [record.value for record in after.read("facts", 102)]
        assert everything == [b"%d" % number for number in range(100)] + [b"committed", b"open"]
        committed = after.read("facts", 101, isolation_level="read_committed")
        assert committed[-1].value == b"committed"


def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(own_kafka_server: Any) -> None:
    with KafkaClients(own_kafka_server.bootstrap) as clients:
        _create(clients, partitions=3)
        producer = clients.producer(linger_ms=2, delivery_timeout_ms=60000, retries=1000)
        futures = []
        for number in range(3000):
            futures.append(producer.send("facts", key=b"%d" % (number % 50), value=b"%d" % number))
            if number == 1500:
                futures[500].get(20)
                own_kafka_server.kill()
        own_kafka_server.restart()
        producer.flush(60)

        assert all(future.succeeded() for future in futures)
        records = clients.read("facts", 3000, partitions=3)
        assert sorted(int(record.value) for record in records) == list(range(3000))
        assert not drain(clients.consumer(), 1, seconds=0.1)


# ---- the embedded broker's own files


def _journal(broker: EmbeddedBroker) -> Path:
    return broker.data / "journal"


def _segment(broker: EmbeddedBroker) -> Path:
    (segment,) = (broker.data / "topics").glob("*/*.log")
    return segment


@pytest.mark.tiers("embedded")
def test_a_torn_tail_is_cut_away_and_the_rest_is_kept(own_kafka_server: EmbeddedBroker) -> None:
    with KafkaClients(own_kafka_server.bootstrap) as before:
        _create(before)
        before.send("facts", b"first", b"second")
    own_kafka_server.kill()
    segment, journal = _segment(own_kafka_server), _journal(own_kafka_server)
    whole = segment.stat().st_size
    with segment.open("ab") as log, journal.open("ab") as facts:
        log.write(segment.read_bytes()[: whole // 3])
        facts.write(b'1234abcd ["topics",["top')

    own_kafka_server.restart()

    assert segment.stat().st_size == whole
    with KafkaClients(own_kafka_server.bootstrap) as after:
        assert [record.value for record in after.read("facts", 2)] == [b"first", b"second"]
        (sent,) = after.send("facts", b"third")
        assert sent.offset == 2
    assert own_kafka_server.output().count("truncated a partial write") == 2


@pytest.mark.tiers("embedded")
def test_a_journal_that_is_damaged_in_the_middle_stops_the_start(own_kafka_server: EmbeddedBroker) -> None:
    with KafkaClients(own_kafka_server.bootstrap) as clients:
        _create(clients)
        _create(clients, "more")
    own_kafka_server.kill()
    journal = _journal(own_kafka_server)
    journal.write_bytes(journal.read_bytes().replace(b"facts", b"facta", 1))

    with pytest.raises(RuntimeError, match="is damaged"):
        own_kafka_server.start()


@pytest.mark.tiers("embedded")
def test_records_whose_journal_is_gone_are_not_deleted_by_a_start(own_kafka_server: EmbeddedBroker) -> None:
    with KafkaClients(own_kafka_server.bootstrap) as clients:
        _create(clients)
        clients.send("facts", b"kept")
    own_kafka_server.stop()
    _journal(own_kafka_server).unlink()

    with pytest.raises(RuntimeError, match="its journal is missing"):
        own_kafka_server.start()

    assert _segment(own_kafka_server).stat().st_size > 0


@pytest.mark.tiers("embedded")
def test_a_second_broker_on_the_same_data_does_not_start(own_kafka_server: EmbeddedBroker) -> None:
    second = EmbeddedBroker(own_kafka_server.data.parent)

    with pytest.raises(RuntimeError, match="another broker runs"):
        second.start()


@pytest.mark.tiers("embedded")
@pytest.mark.parametrize("policy", ["always", "interval", "never"])
def test_every_fsync_policy_keeps_what_was_acknowledged(tmp_path: Path, policy: str) -> None:
    with EmbeddedBroker(tmp_path, "--fsync", policy) as broker:
        with KafkaClients(broker.bootstrap) as before:
            _create(before)
            before.send("facts", *(b"%d" % number for number in range(20)))
        broker.kill()
        broker.restart()

        with KafkaClients(broker.bootstrap) as after:
            assert len(after.read("facts", 20)) == 20


@pytest.mark.tiers("embedded")
def test_a_graceful_stop_ends_with_code_zero(own_kafka_server: EmbeddedBroker) -> None:
    with KafkaClients(own_kafka_server.bootstrap) as clients:
        _create(clients)
        clients.send("facts", b"kept")
        assert own_kafka_server.stop() == 0

    own_kafka_server.start()

    with KafkaClients(own_kafka_server.bootstrap) as clients:
        assert [record.value for record in clients.read("facts", 1)] == [b"kept"]


@pytest.mark.tiers("embedded")
def test_a_client_goes_on_by_itself_after_the_broker_was_away(own_kafka_server: EmbeddedBroker) -> None:
    with KafkaClients(own_kafka_server.bootstrap) as clients:
        _create(clients)
        member = clients.member("facts", "readers")
        producer = clients.producer(delivery_timeout_ms=60000, retries=1000)
        producer.send("facts", b"before").get(10)
        own_kafka_server.kill()
        waiting = producer.send("facts", b"meanwhile")
        own_kafka_server.restart()

        waiting.get(30)

        wait_until(
            lambda: bool(member.errors) or member.values[-1:] == [b"meanwhile"],
            "the member reads on",
            seconds=40,
        )
        assert not member.errors
