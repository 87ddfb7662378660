"""Consumed payloads: what is taken from the contract's own examples, and what is refused for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import bson
import pytest

import contracts
from chassis.consumer.errors import Refused
from chassis.events.codec import Event
from stats.adapters.documents import snapshot_document
from stats.adapters.payloads import (
    CONSUMED_TOPICS,
    MOST_AUTHORS,
    campaign_from,
    snapshot_from,
    unit_from,
)
from stats.domain.snapshots import Basis

AT = datetime(2022, 6, 1, tzinfo=UTC)
EXAMPLES = [
    (topic, name)
    for topic in CONSUMED_TOPICS
    if topic.startswith("initiative.")
    for name in contracts.examples(topic).valid
]


def event(topic: str, data: dict[str, Any], sequence: str | None = "000001.000003") -> Event:
    return Event("id", "type", topic, "/services/x", "subject", AT, "", sequence, data, None)


def example(topic: str, name: str | None = None) -> dict[str, Any]:
    valid = contracts.examples(topic).valid
    return dict(valid[name] if name else next(iter(valid.values())))


def test_the_consumed_topics_are_those_that_the_contracts_give_to_stats() -> None:
    declared = {name for name, topic in contracts.topics().items() if "stats" in topic.consumers}

    assert set(CONSUMED_TOPICS) == declared


@pytest.mark.parametrize(("topic", "name"), EXAMPLES)
def test_every_example_of_the_contract_can_be_counted(topic: str, name: str) -> None:
    data = example(topic, name)

    snapshot = snapshot_from(event(topic, data))

    ending = data["state"] if data["state"] in ("approved", "rejected", "withdrawn") else None
    assert snapshot.ending == (Basis(ending) if ending else None)
    assert (snapshot.initiative, snapshot.sequence) == (data["initiative_id"], "000001.000003")
    assert snapshot.unit_path == tuple(data["unit_path"])
    assert snapshot.benefit == (data["benefit_declared"] or 0)
    assert snapshot.at == AT


@pytest.mark.parametrize("amount", [0, 1, 10**15, 1e15, 5.0, None])
@pytest.mark.parametrize("authors", [1, 100, 2.0, 2**63, 1e30])
def test_every_amount_that_the_contract_allows_can_be_counted(amount: float | None, authors: float) -> None:
    data = example("initiative.submitted")
    data |= {"benefit_declared": amount, "benefit_verified": amount, "author_count": authors}

    snapshot = snapshot_from(event("initiative.submitted", data))
    stored = bson.decode(bson.encode(snapshot_document(snapshot)))

    assert (snapshot.benefit, snapshot.verified) == (amount or 0, amount)
    assert snapshot.quantified == (amount is not None)
    assert snapshot.authors == min(authors, MOST_AUTHORS)
    assert all(isinstance(stored[name], int) for name in ("benefit", "authors"))
    assert isinstance(stored["verified"], int | None)


def test_a_milestone_is_counted_on_its_local_day() -> None:
    data = example("initiative.submitted")
    data["milestones"] = {**data["milestones"], "submitted": "2022-05-31T17:00:00Z"}

    assert snapshot_from(event("initiative.submitted", data)).submitted_on == date(2022, 6, 1)


def test_only_the_ending_that_the_state_names_counts() -> None:
    """A withdrawal that overtook an approval may carry both dates."""
    data = example("initiative.withdrawn")
    milestones = {"approved": "2022-05-01T00:00:00Z", "withdrawn": "2022-05-02T00:00:00Z"}
    data["milestones"] = {**data["milestones"], **milestones}

    snapshot = snapshot_from(event("initiative.withdrawn", data))

    assert (snapshot.ending, snapshot.ended_on) == (Basis.WITHDRAWN, date(2022, 5, 2))


@pytest.mark.parametrize("sequence", [None, "", "1.2", "000001.000003 ", "000001-000003"])
def test_without_a_comparable_sequence_an_event_is_refused(sequence: str | None) -> None:
    with pytest.raises(Refused) as refusal:
        snapshot_from(event("initiative.submitted", example("initiative.submitted"), sequence))

    assert refusal.value.code == "sequence-missing"


def test_an_ending_without_its_date_is_refused() -> None:
    data = example("initiative.approved")
    data["milestones"] = {**data["milestones"], "approved": None}

    with pytest.raises(Refused) as refusal:
        snapshot_from(event("initiative.approved", data))

    assert refusal.value.code == "ending-without-day"


def test_a_date_that_no_calendar_has_is_refused() -> None:
    data = example("initiative.submitted")
    data["milestones"] = {**data["milestones"], "submitted": "2022-02-30T00:00:00Z"}

    with pytest.raises(Refused) as refusal:
        snapshot_from(event("initiative.submitted", data))

    assert refusal.value.code == "impossible-date"


def test_units_and_campaigns_of_the_contract_are_understood() -> None:
    for data in contracts.examples("unit.changed").valid.values():
        assert unit_from(event("unit.changed", data)).path[-1] == data["code"]
    for data in contracts.examples("campaign.changed").valid.values():
        campaign = campaign_from(event("campaign.changed", data))
        assert campaign.opens_at < campaign.closes_at


def test_a_unit_or_campaign_that_cannot_be_is_refused() -> None:
    unit = event("unit.changed", example("unit.changed") | {"valid_from": "2022-13-01"})
    campaign = event("campaign.changed", example("campaign.changed"))
    empty = replace(campaign, data=campaign.data | {"closes_at": campaign.data["opens_at"]})
    impossible = replace(campaign, data=campaign.data | {"closes_at": "2022-02-30T00:00:00Z"})

    for broken, read, code in (
        (unit, unit_from, "impossible-date"),
        (empty, campaign_from, "empty-window"),
        (impossible, campaign_from, "impossible-date"),
    ):
        with pytest.raises(Refused) as refusal:
            read(broken)
        assert refusal.value.code == code
