"""Topic administration and the publisher on a real broker."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from typing import Any

import pytest
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from chassis.kafka_client import client_options, construct
from chassis.producer import Publisher, Record, apply_topics, make_producer
from chassis.topics import TopicConflict
from tests.support.messaging import Channel, MessagingSettings, Spec, publisher
from tests.support.processes import free_port


def partitions(settings: MessagingSettings, topic: str) -> int:
    admin = construct(KafkaAdminClient, **client_options(settings))
    try:
        return len(admin.describe_topics([topic])[0]["partitions"])
    finally:
        admin.close()


@pytest.fixture
def settings(kafka_server: Any) -> MessagingSettings:
    return MessagingSettings(kafka_server.bootstrap)


@pytest.fixture
def plan() -> Spec:
    return Spec(f"plan-{uuid.uuid4().hex[:8]}", partitions=2)


def test_missing_topics_are_created_and_a_second_run_changes_nothing(
    settings: MessagingSettings, plan: Spec
) -> None:
    assert apply_topics(settings, [plan]) == [f"created {plan.name}"]
    assert apply_topics(settings, [plan]) == []
    assert partitions(settings, plan.name) == 2


def test_changed_settings_and_more_partitions_are_applied(settings: MessagingSettings, plan: Spec) -> None:
    apply_topics(settings, [plan])
    changed = dataclasses.replace(plan, partitions=3, retention_ms=86_400_000)

    changes = apply_topics(settings, [changed])

    assert changes == [f"{plan.name}: partitions 2 -> 3", f"{plan.name}: retention.ms -1 -> 86400000"]
    assert apply_topics(settings, [changed]) == []
    assert partitions(settings, plan.name) == 3


def test_compaction_is_set(settings: MessagingSettings, plan: Spec) -> None:
    apply_topics(settings, [plan])

    compact = dataclasses.replace(plan, cleanup="compact")

    assert apply_topics(settings, [compact]) == [f"{plan.name}: cleanup.policy delete -> compact"]


def test_fewer_partitions_than_there_are_is_a_conflict(settings: MessagingSettings, plan: Spec) -> None:
    apply_topics(settings, [plan])

    with pytest.raises(TopicConflict, match=plan.name):
        apply_topics(settings, [dataclasses.replace(plan, partitions=1)])


def test_nothing_declared_is_nothing_done(settings: MessagingSettings) -> None:
    assert apply_topics(settings, []) == []


def test_a_record_that_is_too_large_fails_alone(channel: Channel) -> None:
    def record(value: bytes) -> Record:
        return Record(channel.topic, b"k", value, ())

    with publisher(channel.settings) as target:
        outcomes = target.publish([record(b"1"), record(b"x" * 1_000_000), record(b"2")])
        producer = target._producer

        assert outcomes[0] is None
        assert isinstance(outcomes[1], MessageSizeTooLargeError)
        assert outcomes[2] is None
        assert producer is not None

    assert [found.value for found in channel.read(channel.topic, 2)] == [b"1", b"2"]


def test_a_producer_that_the_broker_broke_is_replaced(channel: Channel) -> None:
    small, large = Record(channel.topic, b"k", b"1", ()), Record(channel.topic, b"k", b"x" * 1_500_000, ())
    target = Publisher(lambda: make_producer(channel.settings, largest=2_000_000), "test")

    assert target.publish([small]) == [None]
    assert target.publish([large])[0] is not None
    assert target.publish([small]) == [None]

    target.close()


def test_a_missing_topic_holds_no_other_topic_back(channel: Channel) -> None:
    missing = Record(f"missing-{uuid.uuid4().hex[:8]}", b"k", b"0", ())
    sound = Record(channel.topic, b"k", b"1", ())

    with publisher(channel.settings) as target:
        first = target.publish([missing, missing, sound])
        second = target.publish([missing, sound])

    assert [error is None for error in first] == [False, False, True]
    assert isinstance(first[1], UnknownTopicOrPartitionError)
    assert [error is None for error in second] == [False, True]


def test_without_a_broker_every_record_fails_and_no_thread_stays() -> None:
    settings = MessagingSettings(f"127.0.0.1:{free_port()}")
    before = threading.active_count()
    target = Publisher(lambda: make_producer(settings), "test")

    outcomes = target.publish([Record("t", None, b"1", ())] * 2)
    target.close()

    assert all(isinstance(error, KafkaError) for error in outcomes)
    assert threading.active_count() <= before
