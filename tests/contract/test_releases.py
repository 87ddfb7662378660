"""No flag day: readers of today read what every release wrote and what a later one may write, and readers of
every release read what is written today. The documents are in tests/integration/releases.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import contracts
import review.adapters.contract as review
import stats.adapters.payloads as stats
import submission.adapters.contract as submission
from chassis.events.codec import Event
from chassis.events.validation import InvalidPayload, tolerant_validator
from contracts.tooling.compatibility import incompatibilities
from notify.adapters import events as notify
from stats.adapters import target_events
from submission.adapters import review_events
from tests.support.releases import LATER, RELEASES, event, records, with_later_fields

EVENTS = {name: topic for name, topic in contracts.topics().items() if topic.kind == "event"}
RECORDS = [
    pytest.param(record, id=f"{release}-{number}-{record['topic']}")
    for release in RELEASES
    for number, record in enumerate(records(release))
]
INITIATIVES = [param for param in RECORDS if "initiative." in str(param.id) or "review." in str(param.id)]
PRODUCED: Mapping[str, Mapping[str, str]] = {
    "submission": submission.PRODUCED,
    "review": review.PRODUCED,
    "stats": target_events.PRODUCED,
}


def _read_by_review(event: Event) -> object:
    return review.unit(event) if event.topic == review.UNIT_CHANGED else review.told(event)


def _read_by_stats(event: Event) -> object:
    readers = {stats.UNIT_TOPIC: stats.unit_from, stats.CAMPAIGN_TOPIC: stats.campaign_from}
    return readers.get(event.topic, stats.snapshot_from)(event)


def _read_by_notify(event: Event) -> object:
    return notify.given_name(event) if event.topic in notify.NAMING else notify.occurrence(event)


READERS: Mapping[str, Callable[[Event], object]] = {
    "submission": review_events.review_change,
    "review": _read_by_review,
    "stats": _read_by_stats,
    "notify": _read_by_notify,
}


def _read(event: Event) -> dict[str, object]:
    """What each consumer of the topic makes of an event."""
    return {service: READERS[service](event) for service in EVENTS[event.topic].consumers}


def test_each_release_has_a_corpus_of_every_topic() -> None:
    versions = {version for topic in EVENTS.values() for version in topic.versions}

    assert set(RELEASES) == versions
    for release in RELEASES:
        assert {record["topic"] for record in records(release)} == set(EVENTS)


@pytest.mark.parametrize("record", RECORDS)
def test_every_consumer_of_today_reads_what_a_release_wrote(record: dict[str, Any]) -> None:
    assert set(_read(event(record))) == set(EVENTS[record["topic"]].consumers)


@pytest.mark.parametrize("record", RECORDS)
def test_what_a_later_release_adds_to_an_event_changes_nothing_for_its_reader(record: dict[str, Any]) -> None:
    read, later = _read(event(record)), _read(event(record, with_later_fields(record["value"])))

    # Submission keeps what it does not know, to pass it on.
    later.pop("submission", None)
    assert later == {service: made for service, made in read.items() if service != "submission"}


@pytest.mark.parametrize("record", RECORDS)
def test_a_consumer_of_any_earlier_release_reads_an_event_of_a_later_one(record: dict[str, Any]) -> None:
    for version in EVENTS[record["topic"]].versions:
        tolerant_validator(contracts.schema(record["topic"], version))(record["value"])


@pytest.mark.parametrize("name", ["solution_type", "source", "block"])
@pytest.mark.parametrize("record", INITIATIVES)
def test_a_later_value_of_an_open_list_is_read_by_every_consumer(record: dict[str, Any], name: str) -> None:
    _read(event(record, record["value"] | {name: "mot-gia-tri-moi"}))


@pytest.mark.parametrize("service", PRODUCED)
def test_a_producer_names_the_version_that_it_implements_for_each_of_its_topics(service: str) -> None:
    own = {name for name, topic in EVENTS.items() if topic.producer == service}

    assert set(PRODUCED[service]) == own
    for name, topic in contracts.implementing(PRODUCED[service]).items():
        assert topic.schema == contracts.schema(name, PRODUCED[service][name])


def test_a_newer_version_that_is_installed_changes_nothing_for_a_producer() -> None:
    unchanged = contracts.implementing({"initiative.approved": "1.0"})["initiative.approved"]

    assert unchanged.version == "1.0"
    assert "involved" not in (unchanged.schema or {})["properties"]
    with pytest.raises(contracts.ContractFileError):
        contracts.implementing({"initiative.approved": "1.9"})


def test_the_properties_that_submission_calls_its_own_are_those_of_the_version_that_it_implements() -> None:
    schema = contracts.schema(submission.SUBMITTED, submission.PRODUCED[submission.SUBMITTED])

    assert schema["properties"].keys() - {"detail"} == submission.SNAPSHOT
    assert schema["properties"]["milestones"]["properties"].keys() == submission.MILESTONES


# Planted faults: what these tests and `bin/contracts check` are there for.


@pytest.fixture
def schema() -> dict[str, Any]:
    return copy.deepcopy(contracts.schema("initiative.submitted", "1.1"))


def _refused(schema: dict[str, Any]) -> bool:
    validate = tolerant_validator(schema)
    for record in records("1.0"):
        if record["topic"] == "initiative.submitted":
            try:
                validate(record["value"])
            except InvalidPayload:
                return True
    return False


@pytest.mark.parametrize("name", ["involved", LATER])
def test_a_required_property_more_would_be_found(schema: dict[str, Any], name: str) -> None:
    released = copy.deepcopy(schema)
    schema["properties"].setdefault(name, {"type": "string"})
    schema["required"].append(name)

    assert incompatibilities(released, schema) == [
        f"#/{name} became required: data of the old version lacks it"
    ]
    assert _refused(schema)


def test_a_closed_list_would_be_found(schema: dict[str, Any]) -> None:
    released = copy.deepcopy(schema)
    values = schema["properties"]["solution_type"].pop("x-extensible-enum")
    schema["properties"]["solution_type"]["enum"] = [values[1]]

    assert any("an open list was closed" in problem for problem in incompatibilities(released, schema))
    assert _refused(schema)


def test_a_value_added_to_a_list_that_the_release_before_had_closed_would_be_found() -> None:
    closed = contracts.schema("initiative.submitted", "1.0")
    opened = copy.deepcopy(contracts.schema("initiative.submitted", "1.1"))
    opened["properties"]["solution_type"]["x-extensible-enum"].append("giai_phap_so")

    assert len(incompatibilities(closed, opened)) == 1
    later = contracts.examples("initiative.submitted", "1.1").valid["first-submission"]
    with pytest.raises(InvalidPayload):
        tolerant_validator(closed)(later | {"solution_type": "giai_phap_so"})
    tolerant_validator(contracts.schema("initiative.submitted", "1.1"))(
        later | {"solution_type": "giai_phap_so"}
    )
