"""The consumer of review on a real database: batches, repetition, any order, races with decisions."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from pymongo.database import Database

from chassis.consumer.errors import Refused, Transient
from review.adapters.mongo_cases import MongoCases
from review.adapters.mongo_units import MongoUnits, UnitCopy
from review.application.follow_initiatives import ROUNDS
from review.domain.case import Move
from review.domain.intake import Told
from review.entrypoints.consumer import EventHandler
from review.migrations import m0002_unit_numbers
from tests.support.review_api import ReviewService, event_of, unit_event
from tests.support.review_cases import (
    INITIATIVE,
    PATH,
    RULES,
    SUPPORTER,
    VALIDATE,
    Submission,
    decided,
    initiative_id,
)

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def review(mongo_db: Database[dict[str, Any]]) -> ReviewService:
    service = ReviewService(mongo_db)
    service.person(SUPPORTER, ("support", PATH[-1]))
    return service


def outcome(review: ReviewService, case_id: str = INITIATIVE) -> tuple[str, int, int]:
    document = review.document(case_id)
    return document["state"], document["initiative"]["revision"], document["level"]


def test_hundreds_of_submissions_in_one_batch_open_as_many_cases(review: ReviewService) -> None:
    ids = [initiative_id(n) for n in range(300)]

    review.tell(*(Submission(id=one).submit() for one in ids))

    assert review.db["cases"].count_documents({"state": "in_review"}) == 300
    assert [topic for topic, _, _ in review.emitted(ids[299])] == ["review.assigned"]


def test_a_batch_in_which_some_are_known_opens_only_the_others(review: ReviewService) -> None:
    known = Submission(id=initiative_id(1))
    review.tell(known.submit())
    review.decide(known.id, SUPPORTER, {"decision": "validate"})
    before = review.document(known.id)

    review.tell(*(Submission(id=initiative_id(n)).submit() for n in range(5)))

    assert review.document(known.id) == before
    assert review.db["cases"].count_documents({}) == 5


HISTORIES: dict[str, tuple[list[Told], tuple[str, int, int]]] = {
    "submitted, withdrawn": (
        [Submission().submit(), Submission().withdraw(2)],
        ("withdrawn", 2, 1),
    ),
    "submitted, submitted again, withdrawn": (
        [Submission().submit(), Submission().submit(2, level=2), Submission().withdraw(3, level=2)],
        ("withdrawn", 3, 2),
    ),
    "submitted twice": (
        [Submission().submit(), Submission().submit(2, level=2)],
        ("in_review", 2, 2),
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_the_stored_case_ends_right_in_every_order_repeated_and_in_any_batches(
    mongo_db: Database[dict[str, Any]], name: str
) -> None:
    history, expected = HISTORIES[name]
    review = ReviewService(mongo_db)
    dice = random.Random(1)

    for order in itertools.permutations(history):
        review.db["cases"].delete_many({})
        delivered = [*order, *dice.sample(order, len(order))]
        while delivered:
            size = dice.randint(1, len(delivered))
            review.tell(*delivered[:size])
            delivered = delivered[size:]

        assert outcome(review) == expected
        sequences = [sequence for _, sequence, _ in review.emitted(INITIATIVE)]
        assert sequences == sorted(set(sequences))


def test_an_ended_case_waits_in_no_queue(review: ReviewService) -> None:
    review.tell(Submission().submit())
    assert "waiting_for" in review.document(INITIATIVE)

    review.tell(Submission().withdraw())

    document = review.document(INITIATIVE)
    assert "waiting_for" not in document
    assert "due_key" not in document


def test_what_is_emitted_stays_in_the_trace_of_the_submission(review: ReviewService) -> None:
    others = [event_of(Submission(id=initiative_id(n)).submit()) for n in range(2)]

    review.handler([*others, event_of(Submission().submit(), traceparent=TRACE)])

    (event,) = review.document(INITIATIVE)["outbox"]
    assert dict(event["headers"])["traceparent"].split("-")[1] == TRACE.split("-")[1]


def test_an_initiative_that_no_policy_covers_is_refused_and_costs_only_itself(review: ReviewService) -> None:
    before_any_pack = Submission(
        id=initiative_id(1), submitted_at=Submission().submitted_at.replace(year=2019)
    )

    with pytest.raises(Refused) as caught:
        review.tell(before_any_pack.submit())

    assert caught.value.code == "no-policy"
    review.tell(Submission().submit())
    assert review.db["cases"].count_documents({}) == 1


class Interrupted(MongoCases):
    """Another process gets in between the read and the write, `times` times."""

    def __init__(self, review: ReviewService, times: int, what: Any) -> None:
        super().__init__(review.db, review.cases._codec, review.clock)
        self._left = times
        self._what = what

    def store(self, moves: Any, traces: Any) -> frozenset[str]:
        if self._left:
            self._left -= 1
            self._what()
        return super().store(moves, traces)


def handler(review: ReviewService, times: int, what: Any) -> EventHandler:
    return EventHandler(Interrupted(review, times, what), MongoUnits(review.db), RULES)


def test_a_case_that_another_process_opens_meanwhile_is_not_opened_twice(review: ReviewService) -> None:
    racing = handler(review, 1, lambda: review.tell(Submission().submit()))

    racing([event_of(Submission().submit()), event_of(Submission(id=initiative_id(1)).submit())])

    assert len(review.emitted(INITIATIVE)) == 1
    assert len(review.emitted(initiative_id(1))) == 1


def test_a_decision_between_read_and_write_is_kept_and_the_withdrawal_still_counts(
    review: ReviewService,
) -> None:
    review.tell(Submission().submit())
    racing = handler(review, 1, lambda: review.decide(INITIATIVE, SUPPORTER, {"decision": "validate"}))

    racing([event_of(Submission().withdraw())])

    assert outcome(review) == ("withdrawn", 2, 2)
    assert [entry["what"] for entry in review.document(INITIATIVE)["history"]] == [
        "opened",
        "validate",
        "withdrawn",
    ]


def test_a_batch_that_others_keep_overtaking_is_tried_again_later(review: ReviewService) -> None:
    review.tell(Submission().submit())

    def touch() -> None:
        review.db["cases"].update_one({"_id": INITIATIVE}, {"$inc": {"version": 1}})

    with pytest.raises(Transient):
        handler(review, ROUNDS, touch)([event_of(Submission().withdraw())])


def test_a_decision_loses_against_a_withdrawal_that_was_written_first(review: ReviewService) -> None:
    review.tell(Submission().submit())

    class Late(MongoCases):
        def replace(self, move: Move, answers: Any) -> bool:
            review.tell(Submission().withdraw())
            return super().replace(move, answers)

    late = Late(review.db, review.cases._codec, review.clock)
    kept = review.cases.find(INITIATIVE)
    assert kept is not None
    assert late.replace(decided(kept.case, VALIDATE), []) is False
    assert outcome(review) == ("withdrawn", 2, 1)


def test_units_follow_their_newest_version_in_any_order(review: ReviewService) -> None:
    path = ("TLD", "LD-HA-NOI")
    events = [unit_event("LD-HA-NOI", path, version, name=f"Tên {version}") for version in (1, 2, 3)]

    for order in itertools.permutations(events):
        review.db["units"].delete_many({})
        for event in order:
            review.handler([event])
        review.handler(order)
        review.units.refresh()

        unit = review.units.find("LD-HA-NOI")
        assert unit is not None
        assert (unit.version, unit.facts.name_vi, unit.path) == (3, "Tên 3", path)


def test_the_copy_of_the_tree_is_read_again_only_after_a_change(review: ReviewService) -> None:
    review.tell_units(("TLD",))
    copy = review.units
    review.db["units"].update_one({"_id": "TLD"}, {"$set": {"version": 7}})
    copy.refresh()
    found = copy.find("TLD")
    assert found is not None
    assert found.version == 1, "read without a change"

    review.tell_units(("TLD", "LD-HA-NOI"))
    assert copy.find("LD-HA-NOI") is not None


def test_a_process_is_not_ready_before_it_has_a_copy_of_the_tree(review: ReviewService) -> None:
    fresh = UnitCopy(review.db, every=60)
    with pytest.raises(RuntimeError, match="not been read"):
        fresh.ensure_loaded()

    fresh.start()
    fresh.stop()

    fresh.ensure_loaded()


def test_units_from_before_there_were_numbers_stay_known_and_are_followed(review: ReviewService) -> None:
    old = {"name_vi": "Cũ", "name_en": None, "path": ["TLD"], "valid_from": "2022-01-01", "valid_to": None}
    review.db["units"].insert_one({"_id": "TLD", **old, "version": 1})

    m0002_unit_numbers.run(review.db)
    review.units.refresh()
    before = review.units.find("TLD")
    review.handler([unit_event("TLD", ("TLD",), version=2)])
    review.units.refresh()
    after = review.units.find("TLD")

    assert before is not None
    assert after is not None
    assert (before.facts.name_vi, before.version, after.version) == ("Cũ", 1, 2)
