from __future__ import annotations

import pytest
from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidReplicationFactorError,
    InvalidTopicError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
    UnknownTopicOrPartitionError,
)

from tests.support.kafka_clients import KafkaClients, unique
from tests.support.processes import wait_until


def _partitions(clients: KafkaClients, topic: str) -> int:
    return len(clients.admin.describe_topics([topic])[0]["partitions"])


def _config(clients: KafkaClients, topic: str, name: str) -> str:
    asked = [ConfigResource(ConfigResourceType.TOPIC, topic)]
    described = clients.admin.describe_configs(asked, config_filter="all")
    value: str = described["topic"][topic][name]["value"]
    return value


def test_the_broker_tells_where_it_is_and_what_it_speaks(clients: KafkaClients) -> None:
    described = clients.admin.describe_cluster()

    (broker,) = described["brokers"]
    assert f"{broker['host']}:{broker['port']}" == clients.bootstrap
    assert described["cluster_id"]


def test_a_created_topic_is_listed_with_its_partitions_and_settings(clients: KafkaClients) -> None:
    topic = clients.topic(
        "created", partitions=3, configs={"cleanup.policy": "compact", "retention.ms": "12345"}
    )

    assert topic in clients.admin.list_topics()
    assert _partitions(clients, topic) == 3
    assert _config(clients, topic, "cleanup.policy") == "compact"
    assert _config(clients, topic, "retention.ms") == "12345"


def test_a_topic_that_states_no_partitions_gets_the_brokers_default(clients: KafkaClients) -> None:
    topic = unique("default")

    clients.admin.create_topics({topic: {}})

    wait_until(lambda: _partitions(clients, topic) == 1, "the topic is there")


@pytest.mark.parametrize(
    ("name", "wanted", "error"),
    [
        ("three-replicas", {"num_partitions": 1, "replication_factor": 3}, InvalidReplicationFactorError),
        ("no-partition", {"num_partitions": 0, "replication_factor": 1}, InvalidPartitionsError),
        ("not a name!", {"num_partitions": 1, "replication_factor": 1}, InvalidTopicError),
        (
            "unknown-setting",
            {"num_partitions": 1, "replication_factor": 1, "configs": {"no.such.setting": "1"}},
            InvalidConfigurationError,
        ),
        (
            "wrong-value",
            {"num_partitions": 1, "replication_factor": 1, "configs": {"retention.ms": "soon"}},
            InvalidConfigurationError,
        ),
    ],
)
def test_a_topic_that_cannot_be_is_refused(
    clients: KafkaClients, name: str, wanted: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        clients.admin.create_topics({name: wanted})

    assert name not in clients.admin.list_topics()


def test_a_name_can_be_taken_only_once(clients: KafkaClients) -> None:
    topic = clients.topic("once")

    with pytest.raises(TopicAlreadyExistsError):
        clients.admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})


def test_partitions_can_be_added_but_not_taken_away(clients: KafkaClients) -> None:
    topic = clients.topic("grown", partitions=2)
    clients.send(topic, b"kept", partition=1)

    clients.admin.create_partitions({topic: 5})

    wait_until(lambda: _partitions(clients, topic) == 5, "the topic has five partitions")
    assert [record.value for record in clients.read(topic, 1, partitions=5)] == [b"kept"]
    with pytest.raises(InvalidPartitionsError):
        clients.admin.create_partitions({topic: 3})


def test_a_setting_can_be_changed_without_touching_the_others(clients: KafkaClients) -> None:
    topic = clients.topic("changed", configs={"retention.ms": "11111", "cleanup.policy": "compact"})

    changed = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "22222"})
    clients.admin.alter_configs([changed])

    wait_until(lambda: _config(clients, topic, "retention.ms") == "22222", "the setting is changed")
    assert _config(clients, topic, "cleanup.policy") == "compact"


def test_a_deleted_topic_is_gone_and_its_name_starts_empty_again(clients: KafkaClients) -> None:
    topic = clients.topic("deleted")
    clients.send(topic, b"old")

    clients.admin.delete_topics([topic])

    wait_until(lambda: topic not in clients.admin.list_topics(), "the topic is gone")
    clients.admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    wait_until(lambda: _partitions(clients, topic) == 1, "the topic is there again")
    clients.send(topic, b"new")
    assert [(record.offset, record.value) for record in clients.read(topic, 1)] == [(0, b"new")]


def test_deleting_a_topic_that_is_not_there_is_an_error(clients: KafkaClients) -> None:
    with pytest.raises(UnknownTopicOrPartitionError):
        clients.admin.delete_topics([unique("never")])


def test_deleted_records_move_the_start_of_the_partition(clients: KafkaClients) -> None:
    topic = clients.topic("trimmed")
    clients.send(topic, *(b"%d" % number for number in range(10)))
    partition = TopicPartition(topic, 0)

    clients.admin.delete_records({partition: 4})

    assert clients.consumer().beginning_offsets([partition])[partition] == 4
    assert [int(record.value) for record in clients.read(topic, 6)] == [4, 5, 6, 7, 8, 9]
    with pytest.raises(OffsetOutOfRangeError):
        clients.admin.delete_records({partition: 99})


def test_a_hundred_topics_are_made_and_listed(clients: KafkaClients) -> None:
    prefix = unique("many")
    wanted = {f"{prefix}-{n}": {"num_partitions": 3, "replication_factor": 1} for n in range(100)}

    clients.admin.create_topics(wanted)

    def made() -> int:
        return sum(name.startswith(prefix) for name in clients.admin.list_topics())

    wait_until(lambda: made() == 100, "all are listed")
    clients.admin.delete_topics(list(wanted))
    wait_until(lambda: made() == 0, "all are gone")
