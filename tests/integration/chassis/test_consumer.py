"""The consumer loop on a real broker: what each class of error does, and that no record is lost."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest
from prometheus_client import REGISTRY

from chassis import tracing
from chassis.consumer.dlq import DlqLimit, DlqLimitReached
from chassis.consumer.errors import Refused, Transient
from chassis.consumer.traces import following
from chassis.producer import Publisher, Record, make_producer
from tests.support.consuming import Recorder, consuming, wait_for
from tests.support.messaging import SCHEMA, Channel, Spec, number_of, open_channel, record_of
from tests.support.processes import wait_until


def failing_on(bad: int, error: Exception) -> Any:
    def fails(numbers: list[int]) -> None:
        if bad in numbers:
            raise error

    return fails


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def committed(channel: Channel, offset: int) -> None:
    wait_until(lambda: channel.committed() == offset, f"offset {offset} is committed")


def test_events_are_handled_in_order_and_committed_after(channel: Channel) -> None:
    channel.write_events(range(50))
    recorder = Recorder()

    with consuming(channel, recorder):
        wait_for(recorder, range(50))
        committed(channel, 50)

    assert recorder.handled == list(range(50))


def test_a_batch_is_bounded(channel: Channel) -> None:
    channel.write_events(range(25))
    recorder = Recorder()

    with consuming(channel, recorder, batch=10):
        wait_for(recorder, range(25))

    assert max(len(call) for call in recorder.calls) <= 10


def test_a_transient_error_is_retried_and_nothing_is_skipped(channel: Channel) -> None:
    attempts = Counter[int]()

    def away_for_a_while(numbers: list[int]) -> None:
        attempts["all"] += 1  # type: ignore[index]
        if attempts.total() < 6:
            raise Transient

    channel.write_events(range(10))
    recorder = Recorder(away_for_a_while)

    with consuming(channel, recorder):
        wait_for(recorder, range(10))
        committed(channel, 10)

    assert recorder.handled == list(range(10))
    assert channel.read(channel.dead_letters, 0) == []


def test_while_a_transient_error_lasts_the_member_polls_and_commits_nothing(channel: Channel) -> None:
    away = True

    def fails(numbers: list[int]) -> None:
        if away:
            raise Transient

    channel.write_events(range(3))
    recorder = Recorder(fails)

    with consuming(channel, recorder) as running:
        wait_until(lambda: len(recorder.calls) > 3, "the batch was retried")
        assert channel.members() == 1
        assert channel.committed() is None
        assert metric("consumer_paused", group=channel.group) == 1
        assert running.loop.idle_seconds() < 5
        channel.write_events([3])
        away = False
        wait_for(recorder, range(4))

    assert recorder.handled == [0, 1, 2, 3]
    assert metric("consumer_paused", group=channel.group) == 0


def test_a_refused_event_becomes_a_dead_letter_at_once(channel: Channel) -> None:
    channel.write_events(range(5))
    recorder = Recorder(failing_on(2, Refused("unit-unknown")))

    with consuming(channel, recorder):
        wait_for(recorder, [0, 1, 3, 4])
        committed(channel, 5)

    letter = channel.read(channel.dead_letters, 1)[0]
    headers = {name: value.decode() for name, value in letter.headers}
    assert number_of(letter) == 2
    assert (headers["dlq_error_class"], headers["dlq_error_code"]) == ("deterministic", "unit-unknown")
    assert (headers["dlq_topic"], headers["dlq_partition"], headers["dlq_offset"]) == (
        channel.topic,
        "0",
        "2",
    )
    assert (headers["dlq_group"], headers["dlq_attempts"]) == (channel.group, "1")
    assert headers["dlq_time"].endswith("Z")
    assert recorder.calls.count([2]) == 1


def test_poison_in_a_batch_costs_only_itself(channel: Channel) -> None:
    good = [record_of(channel.event(n)) for n in range(6)]
    poison = Record(channel.topic, b"a", b"\xff not JSON", good[0].headers)
    channel.write([*good[:3], poison, *good[3:]])
    recorder = Recorder()

    with consuming(channel, recorder):
        wait_for(recorder, range(6))
        committed(channel, 7)

    assert recorder.handled == list(range(6))
    assert len(channel.read(channel.dead_letters, 1)) == 1


def test_a_dead_letter_keeps_the_record_byte_for_byte(channel: Channel) -> None:
    headers = (("ce_type", b"test.counted.v1"), ("odd", b"\x00\xfe"), ("odd", b"again"), ("empty", b""))
    poison = Record(channel.topic, b"\xffkey", b"\x00\x01 value", headers)
    channel.write([poison])

    with consuming(channel, Recorder()):
        letter = channel.read(channel.dead_letters, 1)[0]

    assert (letter.key, letter.value) == (poison.key, poison.value)
    assert tuple(letter.headers)[:4] == headers


def test_a_record_of_the_largest_size_can_be_put_aside(channel: Channel) -> None:
    poison = Record(channel.topic, b"a", b"x" * 1_048_000, ())
    target = Publisher(lambda: make_producer(channel.settings, largest=2_000_000), "test")
    assert target.publish([poison]) == [None]
    target.close()

    with consuming(channel, Recorder()):
        letter = channel.read(channel.dead_letters, 1)[0]

    assert letter.value == poison.value


def test_data_against_the_schema_is_a_dead_letter(channel: Channel) -> None:
    event = record_of(channel.event(1))
    channel.write([dataclasses.replace(event, value=b'{"n":"one"}')])

    with consuming(channel, Recorder()):
        letter = channel.read(channel.dead_letters, 1)[0]

    assert dict(letter.headers)["dlq_error_code"] == b"invalid-data"


def test_an_unknown_error_is_tried_a_few_times_and_put_aside(channel: Channel) -> None:
    channel.write_events(range(3))
    recorder = Recorder(failing_on(1, KeyError("surprise")))

    with consuming(channel, recorder):
        wait_for(recorder, [0, 2])
        committed(channel, 3)

    headers = dict(channel.read(channel.dead_letters, 1)[0].headers)
    assert (headers["dlq_error_class"], headers["dlq_attempts"]) == (b"unknown", b"3")
    assert headers["dlq_error_code"] == b"KeyError"
    assert recorder.calls.count([1]) == 3


def test_an_error_that_passes_costs_no_dead_letter(channel: Channel) -> None:
    failures = iter([ValueError(), ValueError()])

    def fails(numbers: list[int]) -> None:
        error = next(failures, None)
        if error is not None:
            raise error

    channel.write_events([1])
    recorder = Recorder(fails)

    with consuming(channel, recorder):
        wait_for(recorder, [1])
        committed(channel, 1)

    assert channel.read(channel.dead_letters, 0) == []


def test_an_unknown_type_is_skipped_and_counted(channel: Channel) -> None:
    known = record_of(channel.event(1))
    headers = tuple((k, b"test.counted.v2" if k == "ce_type" else v) for k, v in known.headers)
    channel.write([dataclasses.replace(known, headers=headers), known])
    recorder = Recorder()

    with consuming(channel, recorder):
        wait_for(recorder, [1])
        committed(channel, 2)

    labels = {"group": channel.group, "topic": channel.topic}
    assert metric("consumer_records_total", outcome="skipped", **labels) == 1
    assert metric("consumer_records_total", outcome="handled", **labels) == 1
    assert channel.read(channel.dead_letters, 0) == []


def test_an_unknown_minor_with_unknown_fields_is_handled(channel: Channel) -> None:
    known = record_of(channel.event(1))
    newer = f"/contracts/schemas/{channel.topic}/1.7.json".encode()
    headers = tuple((k, newer if k == "ce_dataschema" else v) for k, v in known.headers)
    channel.write([dataclasses.replace(known, headers=headers, value=b'{"n":1,"added":{"later":true}}')])
    recorder = Recorder()

    with consuming(channel, recorder):
        wait_for(recorder, [1])

    assert recorder.events[0].data["added"] == {"later": True}


def test_no_offset_is_committed_before_its_dead_letter_is_acknowledged(kafka_server: Any) -> None:
    channel = open_channel(kafka_server.bootstrap)
    channel = dataclasses.replace(channel, group=f"{channel.group}-x")  # its dead letter topic is missing
    channel.write_events([1])
    recorder = Recorder(failing_on(1, Refused("no")))

    with consuming(channel, recorder) as running:
        wait_until(lambda: len(recorder.calls) >= 1, "the event was refused")
        missing = running.loop.idle_seconds
        wait_until(lambda: missing() < 1, "the loop polls on")
        assert channel.committed() is None
        from chassis.topics import apply_topics

        dead = Spec(channel.dead_letters, type=None, version=None, schema=None)
        apply_topics(channel.settings, [dead])
        committed(channel, 1)

    assert len(channel.read(channel.dead_letters, 1)) == 1


def test_too_many_dead_letters_in_a_row_stop_the_consumer(channel: Channel) -> None:
    def refuses(numbers: list[int]) -> None:
        if any(n >= 3 for n in numbers):
            raise Refused("bad-deploy")

    channel.write_events(range(3))
    recorder = Recorder(refuses)

    with consuming(channel, recorder, limit=DlqLimit(run=5)) as running:
        wait_for(recorder, range(3))
        committed(channel, 3)
        channel.write_events(range(3, 20))
        wait_until(lambda: not running.alive, "the consumer stops")

    assert isinstance(running.error, DlqLimitReached)
    assert channel.committed() in (3, 4)  # records that came alone, before the rest, may have been put aside
    assert len(channel.read(channel.dead_letters, 0)) < 5


def test_the_event_s_trace_is_current_in_the_handler(channel: Channel) -> None:
    trace = tracing.new()
    with tracing.use(trace):
        record = record_of(channel.event(1))
    channel.write([record])
    recorder = Recorder()

    with consuming(channel, recorder):
        wait_for(recorder, [1])

    current = recorder.traces[0]
    assert current is not None
    assert current.trace_id == trace.trace_id
    assert current.span_id != trace.span_id
    with following(recorder.events[0]):
        assert tracing.current() is not None
        assert tracing.current().trace_id == trace.trace_id  # type: ignore[union-attr]


def test_lag_and_time_lag_are_shown_per_topic(channel: Channel) -> None:
    release = False

    def fails(numbers: list[int]) -> None:
        if 5 in numbers and not release:
            raise Transient

    channel.write_events(range(10))
    recorder = Recorder(fails)
    labels = {"group": channel.group, "topic": channel.topic}

    with consuming(channel, recorder, batch=5):
        wait_until(lambda: metric("consumer_lag_records", **labels) == 5, "the lag is shown")
        assert metric("consumer_time_lag_seconds", **labels) > 0
        release = True
        wait_until(lambda: metric("consumer_lag_records", **labels) == 0, "the lag is gone")
        wait_until(lambda: metric("consumer_time_lag_seconds", **labels) == 0, "the time lag is gone")


def test_a_graceful_stop_commits_and_leaves_the_group(channel: Channel) -> None:
    channel.write_events(range(10))
    recorder = Recorder()

    with consuming(channel, recorder) as running:
        wait_for(recorder, range(10))
        running.stop()

        assert running.error is None
        assert channel.committed() == 10
        assert channel.members() == 0


def test_a_stop_during_a_transient_error_gives_the_batch_up(channel: Channel) -> None:
    def fails(numbers: list[int]) -> None:
        raise Transient

    channel.write_events(range(3))
    recorder = Recorder(fails)
    with consuming(channel, recorder) as running:
        wait_until(lambda: len(recorder.calls) > 1, "the batch was retried")
        running.stop()
        assert running.error is None

    assert channel.committed() is None
    again = Recorder()
    with consuming(channel, again):
        wait_for(again, range(3))


def test_several_topics_are_consumed_by_one_member(kafka_server: Any) -> None:
    channel = open_channel(kafka_server.bootstrap, topics=2, partitions=2)
    channel.write([record_of(channel.event(n, topic=channel.topics[n % 2])) for n in range(40)])
    recorder = Recorder()

    with consuming(channel, recorder):
        wait_for(recorder, range(40))

    assert Counter(recorder.handled) == Counter(range(40))


def test_it_waits_for_a_broker_that_is_away(own_kafka_server: Any) -> None:
    channel = open_channel(own_kafka_server.bootstrap)
    channel.write_events(range(5))
    own_kafka_server.stop()
    recorder = Recorder()

    with consuming(channel, recorder) as running:
        wait_until(lambda: running.alive, "it runs without a broker")
        own_kafka_server.start()
        wait_for(recorder, range(5), seconds=60)
        own_kafka_server.kill()
        own_kafka_server.restart()
        channel.write_events(range(5, 10))
        wait_for(recorder, range(10), seconds=60)
        assert running.error is None


@pytest.mark.parametrize("structured", [False, True])
def test_both_modes_of_cloudevents_are_read(channel: Channel, structured: bool) -> None:
    import orjson

    record = record_of(channel.event(7))
    if structured:
        attributes = {k[3:]: v.decode() for k, v in record.headers if k.startswith("ce_")}
        value = orjson.dumps({**attributes, "data": {"n": 7}})
        headers = (("content-type", b"application/cloudevents+json; charset=utf-8"),)
        record = Record(channel.topic, b"a7", value, headers)
    channel.write([record])
    recorder = Recorder()

    with consuming(channel, recorder):
        wait_for(recorder, [7])

    assert recorder.events[0].subject == "a7"
    assert SCHEMA["required"] == ["n"]
