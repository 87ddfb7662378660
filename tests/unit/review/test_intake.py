"""How a case follows what submission tells, in any order and any number of times."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from review.domain.case import Assigned, Case, Happening, Move
from review.domain.initiative import ValidatedLevel
from review.domain.intake import Told, newest, receive
from review.domain.workflow import State
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

SUBMISSION = Submission()


def essence(case: Case) -> tuple[Any, ...]:
    """What must be the same whatever the order. What was seen on the way is told by the history and, once
    withdrawn, by review's own milestones: submission may withdraw before it heard of them."""
    milestones = case.milestones
    if case.state is State.WITHDRAWN:
        milestones = replace(milestones, in_review=None, revision_requested=None, validated=())
    return (
        case.initiative,
        case.state,
        case.level,
        case.due_on,
        milestones,
        case.benefit_verified,
        case.policy,
    )


def test_a_submission_opens_a_case_at_the_first_level_and_assigns_it() -> None:
    move = receive(None, SUBMISSION.submit(), RULES)

    assert move is not None
    assert (move.case.state, move.case.level, move.case.version) == (State.IN_REVIEW, 1, 1)
    assert [r.event for r in move.events] == [
        Assigned(1, 2, "support", "HC-APATIT-VIET-NAM", move.case.due_on or SUBMITTED_AT.date())
    ]
    assert str(move.case.sequence) == "000001.000001"
    assert [entry.what for entry in move.case.history] == [Happening.OPENED]


@pytest.mark.parametrize("told", [SUBMISSION.submit(), SUBMISSION.withdraw()])
def test_a_repeated_event_changes_nothing(told: Told) -> None:
    case = received(None, told)

    assert receive(case, told, RULES) is None


def test_a_resubmission_goes_on_at_the_level_that_asked() -> None:
    case = decided(decided(opened(), VALIDATE).case, ASK).case

    move = receive(case, SUBMISSION.submit(2, level=2), RULES)

    assert move is not None
    assert (move.case.state, move.case.level, str(move.case.sequence)) == (
        State.IN_REVIEW,
        2,
        "000002.000001",
    )
    assert [v.level for v in move.case.milestones.validated] == [1]
    assert [r.event for r in move.events] == [
        Assigned(2, 2, "reviewer", "CT-HOA-CHAT", move.case.due_on or SUBMITTED_AT.date())
    ]


def test_a_resubmission_that_comes_before_the_first_submission_opens_where_it_stood() -> None:
    passed = ValidatedLevel(1, "HC-APATIT-VIET-NAM", SUBMITTED_AT + timedelta(hours=1))
    case = received(None, SUBMISSION.submit(2, level=2, validated=(passed,)))

    assert (case.state, case.level, case.revision) == (State.IN_REVIEW, 2, 2)
    assert case.milestones.validated == (passed,)
    assert receive(case, SUBMISSION.submit(1), RULES) is None


def test_a_withdrawal_that_comes_before_the_submission_keeps_the_case_closed() -> None:
    move = receive(None, SUBMISSION.withdraw(), RULES)

    assert move is not None
    assert (move.case.state, move.events) == (State.WITHDRAWN, ())
    assert receive(move.case, SUBMISSION.submit(), RULES) is None


@pytest.mark.parametrize("decisions", [[], [ASK], [REJECT], [VALIDATE, VALIDATE]])
def test_a_withdrawal_beats_whatever_was_decided(decisions: list[Any]) -> None:
    case = opened()
    for decision in decisions:
        case = decided(case, decision).case

    closed = received(case, SUBMISSION.withdraw())

    assert (closed.state, closed.due_on, closed.days_left) == (State.WITHDRAWN, None, None)
    assert len(closed.history) == len(decisions) + 2


def test_of_several_events_the_newest_revision_counts() -> None:
    told = [SUBMISSION.submit(1), SUBMISSION.withdraw(3), SUBMISSION.submit(2)]

    assert newest(told) == told[1]


def test_a_level_that_the_policy_does_not_have_is_taken_as_the_last_one() -> None:
    assert received(None, SUBMISSION.submit(2, level=7)).level == 2


@st.composite
def told_histories(draw: st.DrawFn) -> list[Told]:
    """What submission tells about one initiative over its life, as a causal history: submitted, any number of
    resubmissions at levels that never fall, withdrawn perhaps."""
    revisions = draw(st.integers(1, 4))
    levels = sorted(draw(st.lists(st.integers(1, 2), min_size=revisions - 1, max_size=revisions - 1)))
    passed = ValidatedLevel(1, "HC-APATIT-VIET-NAM", SUBMITTED_AT + timedelta(hours=1))
    history = [SUBMISSION.submit()]
    for revision, level in enumerate(levels, 2):
        history.append(SUBMISSION.submit(revision, level=level, validated=(passed,) if level == 2 else ()))
    if draw(st.booleans()):
        history.append(SUBMISSION.withdraw(revisions + 1, level=levels[-1] if levels else 0))
    return history


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[Told]]:
    """A history as Kafka may deliver it: every event at least once, in any order, cut into any batches."""
    history = draw(told_histories())
    repeated = history + draw(st.lists(st.sampled_from(history), max_size=6))
    shuffled = draw(st.permutations(repeated))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    edges = [0, *cuts, len(shuffled)]
    return [shuffled[a:b] for a, b in pairwise(edges) if a < b]


def deliver(batches: Sequence[Sequence[Told]]) -> Case:
    case: Case | None = None
    for batch in batches:
        case = received(case, newest(list(batch)))
    assert case is not None
    return case


@settings(deadline=None)
@given(deliveries())
def test_the_case_ends_the_same_in_every_order_with_any_repetition_and_batching(
    batches: list[list[Told]],
) -> None:
    everything = {id(told): told for batch in batches for told in batch}.values()
    last = newest(list(everything))

    case = deliver(batches)

    assert essence(case) == essence(deliver([[last]]))
    assert case.state is (State.WITHDRAWN if last.milestones.withdrawn else State.IN_REVIEW)


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_decisions_and_events_in_any_interleaving_keep_steps_and_versions_growing(
    seed: int, withdraws: bool
) -> None:
    dice = random.Random(seed)
    case = opened()
    told = [SUBMISSION.submit(1), *([SUBMISSION.withdraw(9)] if withdraws else [])]
    emitted = [case.sequence]
    for _ in range(12):
        before = case
        move = _any_move(case, told, dice)
        if move is None:
            continue
        case = move.case
        emitted += [recorded.case.sequence for recorded in move.events]
        assert case.version == before.version + 1
        assert (case.due_on is not None) == (case.state is State.IN_REVIEW)
        assert (case.days_left is not None) == (case.state is State.REVISION_REQUESTED)

    assert emitted == sorted(set(emitted))
    if case.revision == 9:
        assert case.state is State.WITHDRAWN


def _any_move(case: Case, told: list[Told], dice: random.Random) -> Move | None:
    if case.state is State.IN_REVIEW and dice.random() < 0.6:
        return decided(case, dice.choice([VALIDATE, ASK, ASK, REJECT]))
    if case.state is State.REVISION_REQUESTED and dice.random() < 0.6:
        told.append(SUBMISSION.submit(case.revision + 1, level=case.level))
        return receive(case, told[-1], RULES)
    return receive(case, dice.choice(told), RULES)
