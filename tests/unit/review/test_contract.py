"""Events of review fit the contract, carry the whole snapshot, and hold no free text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import bson
import orjson
import pytest

import contracts
from chassis.events.codec import EventCodec, PendingEvent
from review import bootstrap
from review.adapters import contract
from review.adapters.case_documents import from_document, to_document
from review.domain.case import Case, Move
from review.domain.intake import Told, receive
from tests.support.review_cases import (
    ASK,
    REJECT,
    RULES,
    SUBMITTED_AT,
    VALIDATE,
    Submission,
    decided,
    opened,
    received,
)

CODEC = EventCodec(contracts.topics(), "/services/review")
NOW = SUBMITTED_AT + timedelta(days=3)


def opening(confidential: bool = False) -> Move:
    move = receive(None, Submission(confidential=confidential).submit(), RULES)
    assert move is not None
    return move


MOVES = {
    "opened": opening(),
    "opened, confidential": opening(confidential=True),
    "passed on": decided(opened(), replace(VALIDATE, benefit_verified=7, text="Bà Lan xác nhận")),
    "approved": decided(decided(opened(), VALIDATE).case, VALIDATE),
    "asked": decided(opened(), ASK),
    "rejected": decided(opened(), REJECT),
    "resumed": receive(decided(opened(), ASK).case, Submission().submit(2, level=1), RULES),
}


def encoded(move: Move) -> list[tuple[PendingEvent, dict[str, Any]]]:
    return [(event, orjson.loads(event.value)) for event in contract.pending(CODEC, move, NOW)]


@pytest.mark.parametrize("name", MOVES)
def test_every_event_fits_its_schema_and_is_read_back_by_a_consumer(name: str) -> None:
    move = MOVES[name]
    assert move is not None

    for event, data in encoded(move):
        decoded = CODEC.decode(event.topic, event.key.encode(), event.value, event.headers)
        assert decoded.data == data
        assert decoded.subject == event.key == move.case.id


def test_one_decision_emits_its_events_in_order_with_growing_sequences() -> None:
    events = encoded(MOVES["passed on"])  # type: ignore[arg-type]

    assert [event.topic for event, _ in events] == ["initiative.validated", "review.assigned"]
    assert [dict(event.headers)["ce_sequence"] for event, _ in events] == [
        b"000001.000002",
        b"000001.000003",
    ]
    assert [data["level"] for _, data in events] == [1, 2]
    assert [data["benefit_verified"] for _, data in events] == [7, 7]


def test_the_snapshot_says_what_submission_said_and_what_review_changed() -> None:
    told = Submission().submit()
    ((_, data),) = encoded(MOVES["approved"])  # type: ignore[arg-type]

    facts = contract.write_initiative(told.initiative)
    assert {name: data[name] for name in facts} == facts
    assert (data["state"], data["level"], data["levels"]) == ("approved", 2, 2)
    assert [v["level"] for v in data["milestones"]["validated"]] == [1, 2]
    assert data["milestones"]["approved"] == "2022-05-12T02:00:00.000Z"


@pytest.mark.parametrize("name", MOVES)
def test_no_free_text_of_a_decision_enters_an_event(name: str) -> None:
    move = MOVES[name]
    assert move is not None

    for event in contract.pending(CODEC, move, NOW):
        text = event.value.decode()
        assert not any(
            words in text for words in ("Bà Lan", "Nêu rõ tình trạng", "Giải pháp đã có ở phân xưởng")
        )


def test_a_withdrawal_emits_nothing_because_submission_said_it() -> None:
    move = receive(opened(), Submission().withdraw(), RULES)

    assert move is not None
    assert encoded(move) == []


@pytest.mark.parametrize("topic", ["initiative.submitted", "initiative.withdrawn"])
def test_the_published_examples_of_submission_are_understood(topic: str) -> None:
    for data in contracts.examples(topic).valid.values():
        pending = CODEC.pending(topic, subject=data["initiative_id"], data=data, sequence=None, now=NOW)
        told = contract.told(CODEC.decode(topic, pending.key.encode(), pending.value, pending.headers))

        case = received(None, told)

        assert case.id == data["initiative_id"]
        assert case.policy.levels[0].unit == data["unit"]


@pytest.mark.parametrize("name", MOVES)
def test_a_case_is_the_same_after_it_was_stored(name: str) -> None:
    move = MOVES[name]
    assert move is not None

    assert from_document(to_document(move.case)) == move.case


def test_a_withdrawn_case_is_the_same_after_it_was_stored() -> None:
    case: Case = received(None, Submission().withdraw())

    assert from_document(to_document(case)) == case


def test_what_an_event_causes_goes_on_in_its_trace() -> None:
    data = contracts.examples("initiative.submitted").valid["first-submission"]
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    pending = CODEC.pending(
        "initiative.submitted",
        subject=data["initiative_id"],
        data=data,
        sequence=None,
        now=NOW,
        traceparent=trace,
    )
    event = CODEC.decode(pending.topic, None, pending.value, pending.headers)

    continued = contract.continued_trace(event)

    assert continued is not None
    assert continued[:36] == trace[:36]
    assert continued != trace
    assert contract.continued_trace(replace(event, traceparent=None)) is None


def _unknown_to_review() -> Told:
    """A submission as a later release of submission sends it."""
    data = contracts.examples("initiative.submitted").valid["first-submission"]
    later = data | {
        "attachment_count": 3,
        "evidence": {"files": ["a"]},
        "solution_type": "giai_phap_so",
        "block": "khu_pho",
        "source": "mobile",
        "milestones": data["milestones"] | {"recognised": "2022-05-30T08:00:00Z"},
    }
    pending = CODEC.pending("initiative.submitted", subject="i", data={}, over=later, sequence=None, now=NOW)
    return contract.told(CODEC.decode(pending.topic, b"i", pending.value, pending.headers))


def _stored(move: Move) -> Case:
    """The case as another process reads it."""
    options: bson.CodecOptions[Mapping[str, Any]] = bson.CodecOptions(tz_aware=True)
    return from_document(bson.decode(bson.encode(to_document(move.case)), options))


def test_what_review_does_not_know_survives_into_each_of_its_events() -> None:
    opened_move = receive(None, _unknown_to_review(), RULES)
    assert opened_move is not None
    validated = decided(_stored(opened_move), VALIDATE)
    approved = decided(_stored(validated), VALIDATE)
    asked = decided(_stored(opened_move), ASK)
    rejected = decided(_stored(opened_move), REJECT)

    sent = [item for move in (opened_move, validated, approved, asked, rejected) for item in encoded(move)]

    assert {event.topic for event, _ in sent} == set(contract.PRODUCED)
    for _, data in sent:
        assert data["attachment_count"] == 3
        assert data["evidence"] == {"files": ["a"]}
        assert data["milestones"]["recognised"] == "2022-05-30T08:00:00Z"
        assert (data["solution_type"], data["block"], data["source"]) == ("giai_phap_so", "khu_pho", "mobile")
        assert data["milestones"]["in_review"] is not None


def test_the_newest_submission_is_what_is_passed_on() -> None:
    first = receive(None, _unknown_to_review(), RULES)
    assert first is not None
    asked = decided(first.case, ASK).case
    again = receive(asked, Submission(id=asked.id).submit(2, level=1), RULES)
    assert again is not None

    ((_, data),) = encoded(again)

    assert "attachment_count" not in data


def test_an_event_of_version_1_0_names_whom_its_authors_and_submitter_are() -> None:
    data = contracts.examples("initiative.submitted", "1.0").valid["imported-without-member-authors"]

    read = contract.read_initiative(data)

    assert read.involved == {*data["author_ids"], data["submitted_by"]}
    assert read.imported is True


def test_review_says_who_is_involved_as_far_as_it_knows_and_never_fewer() -> None:
    case = decided(opened(Submission(authors=("m-f0rmer0001",))), ASK).case
    again = receive(case, Submission().submit(2, level=1), RULES)
    assert again is not None

    ((_, data),) = encoded(again)

    assert data["involved"] == sorted({"m-f0rmer0001", "m-auth0r0001", "m-subm1t0001"})


@pytest.mark.parametrize("name", MOVES)
def test_a_producer_names_the_minor_version_that_it_implements(name: str) -> None:
    move = MOVES[name]
    assert move is not None

    for event in contract.pending(bootstrap.codec(), move, NOW):
        version = contract.PRODUCED[event.topic]
        assert (
            dict(event.headers)["ce_dataschema"]
            == f"/contracts/schemas/{event.topic}/{version}.json".encode()
        )
