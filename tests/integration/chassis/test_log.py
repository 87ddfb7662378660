"""Topics are read from their starts to the ends of the moment, next to the live consumer."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from chassis.consumer import log as log_module
from chassis.consumer.errors import Transient
from chassis.consumer.log import TopicLog
from chassis.producer import Record
from tests.support.messaging import Channel, open_channel, record_of


@pytest.fixture
def channel(kafka_server: Any) -> Channel:
    return open_channel(kafka_server.bootstrap, topics=2, partitions=3)


def read(channel: Channel, log: TopicLog, *topics: str) -> list[int]:
    return [event.data["n"] for part in log.read(topics or channel.topics) for event in part.events]


def test_everything_of_all_topics_is_read_and_nothing_is_committed(channel: Channel) -> None:
    channel.write_events(range(40))
    channel.write([record_of(channel.event(n, topic=channel.topics[1])) for n in range(40, 60)])
    log = TopicLog(channel.settings, channel.codec)

    parts = list(log.read(channel.topics))

    assert sorted(event.data["n"] for part in parts for event in part.events) == list(range(60))
    assert (parts[-1].records, parts[-1].of) == (60, 60)
    assert [part.records for part in parts] == sorted(part.records for part in parts)
    assert channel.committed() is None
    assert not log.passed_over


def test_what_comes_after_the_first_part_is_left_for_the_live_consumer(channel: Channel) -> None:
    channel.write_events(range(5))
    reading = TopicLog(channel.settings, channel.codec).read(channel.topics)
    found = [event.data["n"] for event in next(reading).events]
    channel.write_events(range(5, 9))

    found += [event.data["n"] for part in reading for event in part.events]

    assert sorted(found) == list(range(5))


def test_poison_and_tombstones_are_passed_over_and_the_poison_is_counted(channel: Channel) -> None:
    channel.write_events([1])
    channel.write(
        [
            Record(channel.topic, b"a1", None, ()),
            Record(channel.topic, b"a2", b"{", ()),
            Record(channel.topic, b"a3", b'{"n": "text"}', record_of(channel.event(3)).headers),
        ]
    )
    channel.write_events([2])
    log = TopicLog(channel.settings, channel.codec)

    assert sorted(read(channel, log)) == [1, 2]
    assert log.passed_over == Counter({"malformed": 1, "invalid-data": 1})


def test_an_empty_topic_has_no_events(channel: Channel) -> None:
    assert read(channel, TopicLog(channel.settings, channel.codec)) == []


def test_a_topic_that_the_broker_does_not_name_is_not_taken_to_be_empty(channel: Channel) -> None:
    with pytest.raises(Transient):
        read(channel, TopicLog(channel.settings, channel.codec), "never-made")


class Silent:
    """A consumer whose broker says that there are records, and gives none."""

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {0}

    def beginning_offsets(self, partitions: Any) -> Any:
        return dict.fromkeys(partitions, 0)

    def end_offsets(self, partitions: Any) -> Any:
        return dict.fromkeys(partitions, 3)

    def assign(self, partitions: Any) -> None: ...
    def seek(self, partition: Any, offset: int) -> None: ...
    def position(self, partition: Any) -> int:
        return 0

    def poll(self, timeout_ms: int) -> dict[Any, Any]:
        return {}

    def close(self) -> None: ...


def test_a_broker_that_goes_silent_ends_the_reading(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "construct", lambda *args, **kwargs: Silent())
    monkeypatch.setattr(log_module, "SILENCE_SECONDS", 0.0)

    with pytest.raises(Transient):
        read(channel, TopicLog(channel.settings, channel.codec))
