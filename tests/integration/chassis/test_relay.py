"""The relay on a real broker and database: everything unpublished is published, in order, and removed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from chassis import tracing
from chassis.clock import utc_now
from chassis.events.outbox import LANES, lane_of, outbox_index, push_outbox
from chassis.events.relay import Relay, lanes_filter
from chassis.mongo.indexes import ensure
from chassis.mongo.leases import Leases
from chassis.producer import make_producer
from tests.support.messaging import Channel, aggregate, number_of, open_channel
from tests.support.processes import wait_until

Db = Database[dict[str, Any]]


@contextmanager
def relaying(
    db: Db,
    channel: Channel,
    *,
    owner: str = "relay-1",
    clock: Callable[[], datetime] = utc_now,
    factory: Callable[[], Any] | None = None,
    collections: Sequence[str] = ("things",),
) -> Iterator[Relay]:
    ensure(db, [outbox_index(name) for name in collections])
    make = factory or (lambda: make_producer(channel.settings))
    relay = Relay(db, collections, make, Leases(db["leases"], clock), owner, clock)
    try:
        yield relay
    finally:
        relay.close()


def insert(db: Db, channel: Channel, numbers: Sequence[int], collection: str = "things") -> None:
    db[collection].insert_many([aggregate([channel.event(n)]) for n in numbers])


def pending(db: Db, collection: str = "things") -> int:
    return db[collection].count_documents({"outbox_lane": {"$exists": True}})


def test_it_publishes_what_waits_and_removes_it(mongo_db: Db, channel: Channel) -> None:
    insert(mongo_db, channel, range(20))

    with relaying(mongo_db, channel) as relay:
        published = relay.publish_pending()

    assert published == 20
    assert sorted(map(number_of, channel.read(channel.topic, 20))) == list(range(20))
    document = mongo_db["things"].find_one({"_id": "a7"})
    assert document == {"_id": "a7", "version": 1}


def test_a_record_carries_key_headers_and_value_of_the_event(mongo_db: Db, channel: Channel) -> None:
    event = channel.event(1, subject="aggregate-1")
    mongo_db["things"].insert_one(aggregate([event]))

    with relaying(mongo_db, channel) as relay:
        relay.publish_pending()

    record = channel.read(channel.topic, 1)[0]
    assert (record.key, record.value) == (b"aggregate-1", event.value)
    assert tuple(record.headers) == event.headers


def test_events_of_one_aggregate_keep_their_order_over_topics(mongo_db: Db, kafka_server: Any) -> None:
    channel = open_channel(kafka_server.bootstrap, topics=2)
    events = [channel.event(n, subject="one", topic=channel.topics[n % 2]) for n in range(10)]
    mongo_db["things"].insert_one(aggregate(events))

    with relaying(mongo_db, channel) as relay:
        assert relay.publish_pending() == 10

    first, second = (channel.read(topic, 5) for topic in channel.topics)
    assert [number_of(record) for record in first] == [0, 2, 4, 6, 8]
    assert [number_of(record) for record in second] == [1, 3, 5, 7, 9]
    in_time = sorted([*first, *second], key=lambda record: (record.timestamp, number_of(record)))
    assert [number_of(record) for record in in_time] == list(range(10))


def test_a_later_event_waits_for_a_failed_earlier_one(mongo_db: Db, channel: Channel) -> None:
    missing = channel.event(1, subject="one")
    unsendable = type(missing)("id-0", "no-such-topic", "one", missing.headers, b"{}")
    mongo_db["things"].insert_one(aggregate([unsendable, missing]))
    insert(mongo_db, channel, [2])

    with relaying(mongo_db, channel) as relay:
        assert relay.publish_pending() == 1

    assert [number_of(record) for record in channel.read(channel.topic, 1)] == [2]
    document = mongo_db["things"].find_one({"_id": "one"})
    assert document is not None
    assert [event["id"] for event in document["outbox"]] == ["id-0", missing.id]


class LosesAcknowledgements:
    """A producer that sends and then reports a failure, as when the broker dies before its answer."""

    def __init__(self, producer: Any) -> None:
        self._producer = producer

    def send(self, *args: Any, **kwargs: Any) -> Any:
        from kafka.errors import OutOfOrderSequenceNumberError

        self._producer.send(*args, **kwargs).get(timeout=10)

        class Failed:
            @staticmethod
            def get(timeout: float) -> None:
                raise OutOfOrderSequenceNumberError

        return Failed()

    def close(self, timeout: float) -> None:
        self._producer.close(timeout=timeout)


def test_a_retry_sends_the_same_id_with_a_new_producer(mongo_db: Db, channel: Channel) -> None:
    made: list[Any] = []

    def factory() -> Any:
        producer = make_producer(channel.settings)
        made.append(producer if made else LosesAcknowledgements(producer))
        return made[-1]

    insert(mongo_db, channel, [1])
    with relaying(mongo_db, channel, factory=factory) as relay:
        assert relay.publish_pending() == 0
        assert pending(mongo_db) == 1
        assert relay.publish_pending() == 1

    ids = [dict(record.headers)["ce_id"] for record in channel.read(channel.topic, 2)]
    assert ids[0] == ids[1]
    assert len(made) == 2
    assert pending(mongo_db) == 0


def test_it_catches_up_after_the_broker_was_away(mongo_db: Db, own_kafka_server: Any) -> None:
    channel = open_channel(own_kafka_server.bootstrap)
    stop = threading.Event()

    with relaying(mongo_db, channel) as relay:
        insert(mongo_db, channel, [1])
        thread = threading.Thread(target=relay.run, args=(stop,))
        thread.start()
        wait_until(lambda: pending(mongo_db) == 0, "the first event is published")
        own_kafka_server.kill()
        insert(mongo_db, channel, range(2, 30))
        time_of_failure = time.monotonic()
        wait_until(lambda: time.monotonic() - time_of_failure > 1, "the relay meets the missing broker")
        own_kafka_server.restart()
        wait_until(lambda: pending(mongo_db) == 0, "everything is published", seconds=60)
        stop.set()
        thread.join(20)

    assert {number_of(record) for record in channel.read(channel.topic, 29)} == set(range(1, 30))


def test_an_event_added_between_reading_and_removal_is_kept(mongo_db: Db, channel: Channel) -> None:
    first, second = channel.event(1, subject="one"), channel.event(2, subject="one")
    mongo_db["things"].insert_one(aggregate([first]))

    class UpdatesMeanwhile:
        def __init__(self, producer: Any) -> None:
            self._producer = producer
            self._updated = False

        def send(self, *args: Any, **kwargs: Any) -> Any:
            if not self._updated:
                self._updated = True
                update = push_outbox({"$inc": {"version": 1}}, "one", [second])
                mongo_db["things"].update_one({"_id": "one"}, update)
            return self._producer.send(*args, **kwargs)

        def close(self, timeout: float) -> None:
            self._producer.close(timeout=timeout)

    factory = lambda: UpdatesMeanwhile(make_producer(channel.settings))  # noqa: E731
    with relaying(mongo_db, channel, factory=factory) as relay:
        assert relay.publish_pending() == 1
        document = mongo_db["things"].find_one({"_id": "one"})
        assert document is not None
        assert [event["id"] for event in document["outbox"]] == [second.id]
        assert document["outbox_lane"] == lane_of("one")
        assert relay.publish_pending() == 1

    assert [number_of(record) for record in channel.read(channel.topic, 2)] == [1, 2]
    assert mongo_db["things"].find_one({"_id": "one"}) == {"_id": "one", "version": 2}


class MovedClock:
    """UTC, moved by as much as a test says."""

    def __init__(self) -> None:
        self.moved = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.moved


def test_two_relays_share_the_lanes(mongo_db: Db, channel: Channel) -> None:
    clock = MovedClock()
    with (
        relaying(mongo_db, channel, owner="one", clock=clock) as one,
        relaying(mongo_db, channel, owner="two", clock=clock) as two,
    ):
        one.publish_pending()
        two.publish_pending()  # registers itself
        for _ in range(2):
            clock.moved += timedelta(seconds=4)
            one.publish_pending()
            two.publish_pending()
        insert(mongo_db, channel, range(200))
        by_one, by_two = one.publish_pending(), two.publish_pending()

    assert by_one + by_two == 200
    assert min(by_one, by_two) > 50
    assert len(channel.read(channel.topic, 200)) == 200


def test_a_dead_relays_lanes_pass_on_when_its_leases_end(mongo_db: Db, channel: Channel) -> None:
    clock = MovedClock()
    with relaying(mongo_db, channel, owner="one", clock=clock) as one:
        one.publish_pending()
        insert(mongo_db, channel, range(10))
        with relaying(mongo_db, channel, owner="two", clock=clock) as two:
            assert two.publish_pending() == 0
            clock.moved += timedelta(seconds=11)
            assert two.publish_pending() == 10


def test_a_relay_that_lost_its_leases_sends_nothing_more(mongo_db: Db, channel: Channel) -> None:
    behind, ahead = MovedClock(), MovedClock()
    with (
        relaying(mongo_db, channel, owner="frozen", clock=behind) as frozen,
        relaying(mongo_db, channel, owner="heir", clock=ahead) as heir,
    ):
        frozen.publish_pending()
        # The other process's clock says that the leases ended; the frozen one's does not.
        ahead.moved = timedelta(seconds=11)
        heir.publish_pending()
        insert(mongo_db, channel, range(50))

        assert frozen.publish_pending() == 0
        assert heir.publish_pending() == 50

    assert len(channel.read(channel.topic, 50)) == 50


def test_a_relay_whose_leases_ended_while_sending_removes_nothing(mongo_db: Db, channel: Channel) -> None:
    clock = MovedClock()

    class Freezes:
        def __init__(self, producer: Any) -> None:
            self._producer = producer

        def send(self, *args: Any, **kwargs: Any) -> Any:
            future = self._producer.send(*args, **kwargs)
            future.get(timeout=10)
            clock.moved = timedelta(seconds=11)
            return future

        def close(self, timeout: float) -> None:
            self._producer.close(timeout=timeout)

    insert(mongo_db, channel, [1])
    factory = lambda: Freezes(make_producer(channel.settings))  # noqa: E731
    with relaying(mongo_db, channel, clock=clock, factory=factory) as relay:
        relay.publish_pending()

    assert pending(mongo_db) == 1


def test_every_event_is_published_while_relays_come_and_go(mongo_db: Db, channel: Channel) -> None:
    stop = threading.Event()
    with relaying(mongo_db, channel, owner="one") as one, relaying(mongo_db, channel, owner="two") as two:
        threads = [threading.Thread(target=relay.run, args=(stop,)) for relay in (one, two)]
        for thread in threads:
            thread.start()
        for start in range(0, 300, 10):
            insert(mongo_db, channel, range(start, start + 10))
        wait_until(lambda: pending(mongo_db) == 0, "everything is published", seconds=30)
        stop.set()
        for thread in threads:
            thread.join(20)

    assert {number_of(record) for record in channel.read(channel.topic, 300)} == set(range(300))
    assert mongo_db["relays"].count_documents({}) == 0


def test_a_large_backlog_is_published_in_one_poll(mongo_db: Db, channel: Channel) -> None:
    for start in range(0, 1500, 500):
        insert(mongo_db, channel, range(start, start + 500))

    with relaying(mongo_db, channel) as relay:
        relay.publish_pending()
        insert(mongo_db, channel, range(1500, 2000))
        started = time.perf_counter()
        published = relay.publish_pending()
        rate = published / (time.perf_counter() - started)

    print(f"\nrelay: {rate:.0f} events/s")
    assert published == 500
    assert pending(mongo_db) == 0


def test_several_collections_are_published(mongo_db: Db, channel: Channel) -> None:
    insert(mongo_db, channel, [1], "things")
    insert(mongo_db, channel, [2], "others")

    with relaying(mongo_db, channel, collections=("things", "others")) as relay:
        assert relay.publish_pending() == 2

    assert pending(mongo_db, "others") == 0


def test_an_empty_outbox_left_behind_is_cleared(mongo_db: Db, channel: Channel) -> None:
    mongo_db["things"].insert_one({"_id": "a", "outbox": [], "outbox_lane": 3})

    with relaying(mongo_db, channel) as relay:
        assert relay.publish_pending() == 0

    assert mongo_db["things"].find_one({"_id": "a"}) == {"_id": "a"}


@pytest.mark.parametrize("lanes", [range(LANES), range(8), [1, 3, 4], [5]], ids=str)
def test_the_outbox_query_uses_its_index(mongo_db: Db, lanes: Sequence[int]) -> None:
    ensure(mongo_db, [outbox_index("things")])
    mongo_db["things"].insert_many([{"_id": n} for n in range(50)])
    mongo_db["things"].insert_many([{"_id": 100 + lane, "outbox_lane": lane} for lane in range(LANES)])

    query = {"find": "things", "filter": {"outbox_lane": lanes_filter(lanes)}}
    plan = mongo_db.command("explain", query, verbosity="queryPlanner")["queryPlanner"]["winningPlan"]

    assert "IXSCAN" in str(plan)
    assert "COLLSCAN" not in str(plan)
    found = mongo_db["things"].find(query["filter"])
    assert {thing["outbox_lane"] for thing in found} == set(lanes)


def test_the_request_s_trace_travels_to_the_record(mongo_db: Db, channel: Channel) -> None:
    trace = tracing.new()
    with tracing.use(trace):
        insert(mongo_db, channel, [1])

    with relaying(mongo_db, channel) as relay:
        relay.publish_pending()

    header = dict(channel.read(channel.topic, 1)[0].headers)["traceparent"].decode()
    assert header == tracing.header(trace)


@pytest.mark.tiers("embedded")
def test_it_survives_the_database_being_away(own_mongo_server: Any, kafka_server: Any) -> None:
    from chassis.mongo.client import connect
    from tests.support.mongo_servers import DatabaseSettings

    channel = open_channel(kafka_server.bootstrap)
    client = connect(DatabaseSettings(own_mongo_server.uri, "away"))
    db = client["away"]
    stop = threading.Event()
    with relaying(db, channel) as relay:
        thread = threading.Thread(target=relay.run, args=(stop,))
        thread.start()
        insert(db, channel, [1])
        wait_until(lambda: pending(db) == 0, "the first event is published")
        own_mongo_server.kill()
        own_mongo_server.restart()
        insert(db, channel, [2])
        wait_until(lambda: pending(db) == 0, "the second event is published", seconds=40)
        stop.set()
        thread.join(20)
    client.close()

    assert {number_of(record) for record in channel.read(channel.topic, 2)} == {1, 2}
