"""What an operator sees of a service and does: lag, outbox, dead letters and their replay, by the worker's
report and the endpoints that every service has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from chassis.clock import utc_now
from chassis.consumer.dlq import PREFIX
from chassis.operations.reporter import Reporter
from chassis.operations.store import Operations
from chassis.producer import Record
from chassis.web import create_app
from chassis.web.operations import PERMISSIONS, operations_blueprint
from tests.support import signed_tokens
from tests.support.messaging import NOON, Channel, aggregate, number_of
from tests.support.web_apps import SETTINGS

OPERATIONS = "/v1/operations"


@pytest.fixture
def reporter(channel: Channel, mongo_db: Database[dict[str, Any]]) -> Iterator[Reporter]:
    made = Reporter(
        channel.settings,
        group=channel.group,
        topics=channel.topics,
        db=mongo_db,
        outboxes=["things"],
        clock=utc_now,
    )
    yield made
    made._publisher.close()


@pytest.fixture
def http(mongo_db: Database[dict[str, Any]]) -> Iterator[FlaskClient]:
    def away() -> None:
        raise ConnectionError

    app = create_app(
        service="example",
        settings=SETTINGS,
        version="1",
        blueprints=[operations_blueprint("example", Operations(mongo_db, utc_now), "TLD")],
        verifier=signed_tokens.verifier(),
        readiness={"database": lambda: None, "reference": away},
        domain_errors=lambda error: None,
        title="Example",
    )
    with app.test_client() as client:
        yield client


def operator() -> dict[str, str]:
    """Made when it is needed: a token lives shorter than a long run of tests."""
    return signed_tokens.bearer("m-operator01", ("operator", "TLD"))


def dead_letter(channel: Channel, n: int, topic: str | None = None) -> Record:
    event = channel.event(n)
    reasons = {
        "topic": topic or channel.topic,
        "error_class": "refused",
        "error_code": "odd",
        "attempts": "1",
    }
    added = tuple((f"{PREFIX}{name}", value.encode()) for name, value in reasons.items())
    return Record(channel.dead_letters, event.key.encode(), event.value, (*event.headers, *added))


def seen(http: FlaskClient) -> dict[str, Any]:
    answer = http.get(OPERATIONS, headers=operator())
    assert answer.status_code == 200, answer.text
    return dict(answer.json or {})


def test_before_the_first_report_only_the_parts_are_known(http: FlaskClient) -> None:
    told = seen(http)

    assert told["measured_at"] is None
    assert told["ready"] is False
    assert told["parts"] == [
        {"name": "database", "result": "ok"},
        {"name": "reference", "result": "failed: ConnectionError"},
    ]


def test_the_engine_of_the_database_is_named_by_its_own_account(
    http: FlaskClient, mongo_db: Database[dict[str, Any]]
) -> None:
    engine = seen(http)["engine"]

    said = mongo_db.client.admin.command("buildInfo")
    assert engine["version"] == said.get("secantusVersion", said["version"])
    assert engine["name"] == ("SecantusDB" if "secantusVersion" in said else "MongoDB")


def test_lag_outbox_and_dead_letters_are_reported(
    channel: Channel, mongo_db: Database[dict[str, Any]], reporter: Reporter, http: FlaskClient
) -> None:
    channel.write_events(range(7))
    mongo_db["things"].insert_one(aggregate([channel.event(1), channel.event(2)]))
    channel.write([dead_letter(channel, 3), dead_letter(channel, 4)])

    reporter.turn()

    told = seen(http)
    assert told["lag"] == [{"topic": channel.topic, "records": 7}]
    (outbox,) = told["outbox"]
    assert (outbox["collection"], outbox["waiting"]) == ("things", 2)
    assert outbox["oldest_at"].startswith(NOON.strftime("%Y-%m-%dT%H:%M"))
    assert told["dead"] == 2
    assert [(one["offset"], one["topic"], one["error_code"]) for one in told["letters"]] == [
        (0, channel.topic, "odd"),
        (1, channel.topic, "odd"),
    ]


def test_a_letter_is_replayed_as_it_was_and_is_then_dealt_with(
    channel: Channel, reporter: Reporter, http: FlaskClient
) -> None:
    channel.write([dead_letter(channel, n) for n in range(3)])
    reporter.turn()

    asked = http.post(f"{OPERATIONS}/dead-letters/1/replay", headers=operator())
    again = http.post(f"{OPERATIONS}/dead-letters/1/replay", headers=operator())
    assert (asked.status_code, (asked.json or {})["state"]) == (202, "asked")
    assert again.json == asked.json
    reporter.turn()

    (record,) = channel.read(channel.topic, 1)
    assert number_of(record) == 1
    assert not [name for name, _ in record.headers if name.startswith(PREFIX)]
    told = seen(http)
    assert [one["offset"] for one in told["letters"]] == [0, 2]
    assert told["dead"] == 2
    assert [(one["offset"], one["state"]) for one in told["replays"]] == [(1, "done")]


def test_letters_replayed_at_the_front_are_dealt_with_for_every_tool(
    channel: Channel, reporter: Reporter, http: FlaskClient
) -> None:
    channel.write([dead_letter(channel, n) for n in range(3)])
    reporter.turn()
    for offset in (0, 1):
        http.post(f"{OPERATIONS}/dead-letters/{offset}/replay", headers=operator())

    reporter.turn()

    with reporter._reader() as reader:
        assert reader.committed(reporter._letters) == 2
    told = seen(http)
    assert (told["dead"], told["replays"]) == (1, [])


def test_a_letter_of_a_topic_that_the_service_does_not_read_is_not_replayed(
    channel: Channel, reporter: Reporter, http: FlaskClient
) -> None:
    channel.write([dead_letter(channel, 1, topic="elsewhere")])
    reporter.turn()
    http.post(f"{OPERATIONS}/dead-letters/0/replay", headers=operator())

    reporter.turn()

    (replay,) = seen(http)["replays"]
    assert (replay["state"], replay["error"]) == ("failed", "unknown-topic")
    assert seen(http)["dead"] == 1


def test_what_is_no_letter_cannot_be_replayed(
    channel: Channel, reporter: Reporter, http: FlaskClient
) -> None:
    reporter.turn()

    assert http.post(f"{OPERATIONS}/dead-letters/5/replay", headers=operator()).status_code == 404


def test_a_parked_consumer_is_shown_and_released_by_an_operator(
    http: FlaskClient, mongo_db: Database[dict[str, Any]]
) -> None:
    assert seen(http)["parked"] is None
    limit = Operations(mongo_db, utc_now).limit("example")
    limit.park("initiative.approved", 4, 17, "20 records in a row could not be handled")
    limit.park("initiative.approved", 5, 99, "later")

    shown = seen(http)["parked"]
    assert shown.pop("since").endswith("Z")
    assert shown == {
        "topic": "initiative.approved",
        "partition": 4,
        "offset": 17,
        "reason": "20 records in a row could not be handled",
    }
    release = f"{OPERATIONS}/consumer/release"
    assert http.post(release, headers=operator()).json == {"released": True}
    assert http.post(release, headers=operator()).json == {"released": False}
    assert seen(http)["parked"] is None


def test_only_operators_see_replay_and_release(http: FlaskClient) -> None:
    others = [
        ("admin", "TLD"),
        ("official", "TLD"),
        ("reviewer", "TLD"),
        ("support", "TLD"),
        ("member", "TLD"),
        ("operator", "LD-HA-NOI"),
    ]
    assert PERMISSIONS.actions == ("operations.read", "operations.replay", "operations.release")
    for method, path in (
        ("GET", OPERATIONS),
        ("POST", f"{OPERATIONS}/dead-letters/0/replay"),
        ("POST", f"{OPERATIONS}/consumer/release"),
    ):
        assert http.open(path, method=method).status_code == 401
        refused = http.open(path, method=method, headers=signed_tokens.bearer("m-0000000001", *others))
        assert refused.status_code == 403


def test_a_replay_that_failed_can_be_asked_for_again(mongo_db: Database[dict[str, Any]]) -> None:
    now = utc_now()
    operations = Operations(mongo_db, lambda: now)
    first = operations.ask(4, "m-operator01")
    operations.settle(4, "KafkaTimeoutError")
    now += timedelta(minutes=1)

    assert operations.ask(4, "m-operator01").asked_at > first.asked_at
    (replay,) = operations.replays()
    assert (replay.state, replay.error) == ("asked", None)
