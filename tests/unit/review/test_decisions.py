"""Decisions: what each leads to and emits, who may not, and what is told to who comes late."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from review.domain.case import (
    Approved,
    Assigned,
    Case,
    Happening,
    Rejected,
    RequestedItem,
    RevisionRequested,
    Validated,
)
from review.domain.decisions import Choice, Decision, decide, ensure_current, ensure_disinterested
from review.domain.errors import (
    AlreadyDecidedError,
    CaseClosedError,
    ConflictOfInterestError,
    FaultyDecision,
    FaultyDecisionError,
    StaleVersionError,
    WithAuthorError,
)
from review.domain.workflow import ImpossibleError, State
from tests.support.review_cases import (
    ASK,
    AUTHOR,
    REJECT,
    REVIEWER,
    RULES,
    SUBMITTED_AT,
    SUBMITTER,
    SUPPORTER,
    VALIDATE,
    Submission,
    actor,
    decided,
    opened,
    received,
)

NOW = SUBMITTED_AT + timedelta(days=3)
IMPORT = Submission(source="import")


def at_last_level() -> Case:
    return decided(opened(), VALIDATE).case


def faults(case: Case, decision: Decision) -> set[FaultyDecision]:
    with pytest.raises(FaultyDecisionError) as caught:
        decide(case, decision, actor(case), NOW, RULES)
    return set(caught.value.faults)


def test_a_validation_passes_the_case_to_the_next_level_in_the_same_move() -> None:
    move = decided(opened(), VALIDATE, now=NOW)

    validated, assigned = (recorded.event for recorded in move.events)
    assert validated == Validated(level=1, unit="HC-APATIT-VIET-NAM")
    # Thursday 12 May 2022 and twenty working days.
    assert assigned == Assigned(2, 2, "reviewer", "CT-HOA-CHAT", date(2022, 6, 9))
    assert (move.case.state, move.case.level, move.case.due_on) == (State.IN_REVIEW, 2, date(2022, 6, 9))


def test_each_event_carries_the_case_as_it_stood_and_the_next_step() -> None:
    move = decided(opened(), VALIDATE)

    validated, assigned = move.events
    assert [str(validated.case.sequence), str(assigned.case.sequence)] == ["000001.000002", "000001.000003"]
    assert (validated.case.level, assigned.case.level) == (1, 2)
    assert validated.case.milestones.validated == assigned.case.milestones.validated


def test_a_validation_at_the_last_level_approves() -> None:
    move = decided(at_last_level(), VALIDATE, now=NOW, member=REVIEWER)

    assert [recorded.event for recorded in move.events] == [Approved()]
    assert (move.case.state, move.case.due_on, move.case.milestones.approved) == (State.APPROVED, None, NOW)
    assert [v.level for v in move.case.milestones.validated] == [1, 2]


def test_a_verified_benefit_is_kept_and_a_later_one_replaces_it() -> None:
    case = decided(opened(), replace(VALIDATE, benefit_verified=100)).case
    assert case.benefit_verified == 100

    assert decided(case, VALIDATE).case.benefit_verified == 100
    assert decided(case, replace(VALIDATE, benefit_verified=0)).case.benefit_verified == 0


def test_a_requested_revision_waits_for_the_author_at_the_same_level() -> None:
    move = decided(at_last_level(), ASK, now=NOW)

    assert [recorded.event for recorded in move.events] == [RevisionRequested(ASK.items)]
    assert (move.case.state, move.case.level, move.case.due_on) == (State.REVISION_REQUESTED, 2, None)
    assert move.case.milestones.revision_requested == NOW


def test_a_rejection_ends_the_case_with_its_reason() -> None:
    move = decided(opened(), REJECT, now=NOW)

    assert [recorded.event for recorded in move.events] == [Rejected("not-new")]
    assert (move.case.state, move.case.due_on, move.case.milestones.rejected) == (State.REJECTED, None, NOW)


def test_the_history_says_who_decided_what_when_with_which_words() -> None:
    case = decided(opened(), REJECT, now=NOW).case

    entry = case.history[-1]
    assert (entry.what, entry.by, entry.role, entry.unit) == (
        Happening.REJECTED,
        SUPPORTER,
        "support",
        "HC-APATIT-VIET-NAM",
    )
    assert (entry.at, entry.recorded_at, entry.reason_code, entry.text) == (NOW, NOW, "not-new", REJECT.text)


@pytest.mark.parametrize("member", [AUTHOR, SUBMITTER])
@pytest.mark.parametrize("decision", [VALIDATE, ASK, REJECT])
def test_nobody_decides_on_an_own_initiative(member: str, decision: Decision) -> None:
    case = opened()

    with pytest.raises(ConflictOfInterestError):
        ensure_disinterested(case, member)
    with pytest.raises(ConflictOfInterestError):
        decided(case, decision, member=member)


def test_every_fault_of_a_decision_is_told_at_once() -> None:
    case = opened()
    item = RequestedItem("#/title", "unclear", "Rõ hơn")

    assert faults(case, Decision(Choice.REQUEST_REVISION, reason_code="not-new", benefit_verified=1)) == {
        FaultyDecision.ITEMS_MISSING,
        FaultyDecision.REASON_UNEXPECTED,
        FaultyDecision.BENEFIT_UNEXPECTED,
    }
    assert faults(case, Decision(Choice.REJECT, items=(item,), reason_code="dislike")) == {
        FaultyDecision.ITEMS_UNEXPECTED,
        FaultyDecision.REASON_UNKNOWN,
        FaultyDecision.TEXT_MISSING,
    }


def test_only_an_import_may_carry_the_date_of_its_decision() -> None:
    dated = replace(VALIDATE, decided_at=NOW)

    assert faults(opened(), dated) == {FaultyDecision.DATE_NOT_ALLOWED}


@pytest.mark.parametrize("at", [SUBMITTED_AT - timedelta(seconds=1), NOW + timedelta(seconds=1)])
def test_the_date_of_an_imported_decision_lies_between_submission_and_now(at: object) -> None:
    dated = Decision(Choice.VALIDATE, decided_at=at)  # type: ignore[arg-type]

    assert faults(opened(IMPORT), dated) == {FaultyDecision.DATE_OUT_OF_RANGE}


def test_an_imported_decision_is_not_older_than_the_one_before_it() -> None:
    first = SUBMITTED_AT + timedelta(days=2)
    case = decided(opened(IMPORT), replace(VALIDATE, decided_at=first), now=NOW).case

    assert faults(case, replace(VALIDATE, decided_at=first - timedelta(hours=1))) == {
        FaultyDecision.DATE_OUT_OF_RANGE
    }


def test_an_import_keeps_the_dates_of_the_paper_record() -> None:
    told = replace(IMPORT.submit(), at=SUBMITTED_AT + timedelta(days=900))
    recorded = told.at + timedelta(days=1)
    case = received(None, told)
    day = SUBMITTED_AT + timedelta(days=8)

    case = decided(case, replace(VALIDATE, decided_at=day), now=recorded).case

    assert case.milestones.in_review == SUBMITTED_AT
    assert [v.at for v in case.milestones.validated] == [day]
    assert (case.history[-1].at, case.history[-1].recorded_at) == (day, recorded)


def test_who_saw_the_case_before_another_decided_is_told_who_was_faster() -> None:
    seen = opened()
    case = decided(seen, VALIDATE).case

    with pytest.raises(AlreadyDecidedError) as caught:
        ensure_current(case, seen.version, REJECT)

    faster = caught.value.faster
    assert (faster.role, faster.unit, faster.level) == ("support", "HC-APATIT-VIET-NAM", 1)


def test_the_second_of_two_that_ended_the_case_is_told_who_was_faster_too() -> None:
    seen = at_last_level()
    case = decided(seen, VALIDATE).case

    with pytest.raises(AlreadyDecidedError):
        ensure_current(case, seen.version, VALIDATE)


def test_a_decision_meant_for_a_level_that_has_decided_does_not_hit_the_next_one() -> None:
    case = at_last_level()

    with pytest.raises(AlreadyDecidedError):
        ensure_current(case, case.version, replace(VALIDATE, expected_level=1))


def test_a_decision_meant_for_a_later_level_is_refused() -> None:
    case = opened()

    with pytest.raises(StaleVersionError):
        ensure_current(case, case.version, replace(VALIDATE, expected_level=2))


def test_a_withdrawal_overtakes_every_decision() -> None:
    seen = decided(opened(), VALIDATE).case
    case = received(seen, Submission().withdraw())

    for version in (seen.version, case.version):
        with pytest.raises(CaseClosedError) as caught:
            ensure_current(case, version, VALIDATE)
        assert caught.value.state is State.WITHDRAWN


def test_an_ended_case_takes_no_further_decision() -> None:
    case = decided(opened(), REJECT).case

    with pytest.raises(CaseClosedError) as caught:
        ensure_current(case, case.version, VALIDATE)

    assert caught.value.decision == case.history[-1]


def test_while_the_author_is_asked_nobody_decides() -> None:
    case = decided(opened(), ASK).case

    with pytest.raises(WithAuthorError):
        ensure_current(case, case.version, VALIDATE)


def test_a_resubmission_that_the_decider_has_not_read_makes_the_decision_stale() -> None:
    asked = decided(opened(), ASK).case
    case = received(asked, Submission().submit(2, level=1))

    with pytest.raises(StaleVersionError):
        ensure_current(case, asked.version, VALIDATE)
    ensure_current(case, case.version, VALIDATE)


def test_a_decision_on_a_case_that_is_not_in_review_is_impossible() -> None:
    case = decided(opened(), REJECT).case

    with pytest.raises(ImpossibleError):
        decided(case, VALIDATE)
