"""Who may not decide, whatever the grants: rules on cases alone, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from review.application.permissions import may_decide
from review.domain.case import Assigned, Case, Happening
from review.domain.decisions import decide
from review.domain.errors import ConflictOfInterestError, OtherLevelDecidedError
from review.domain.intake import Told, newest, receive
from review.domain.interests import Bar, bar
from review.domain.workflow import State
from tests.support.review_cases import (
    ASK,
    AUTHOR,
    PATH,
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
    person,
    received,
)

COAUTHOR, DRAFTER, OTHER = "m-c0auth0r01", "m-drafter001", "m-0ther00001"
NOW = SUBMITTED_AT + timedelta(days=4)


def at_level_two() -> Case:
    return decided(opened(), VALIDATE).case


def asked_at_level_two() -> Case:
    return decided(at_level_two(), ASK).case


def resubmitted(case: Case, *authors: str) -> Case:
    return received(case, Submission(authors=authors).submit(2, level=case.level))


@pytest.mark.parametrize("member", [AUTHOR, SUBMITTER, DRAFTER])
def test_whoever_a_snapshot_names_as_involved_may_not_decide(member: str) -> None:
    case = opened(Submission(also_involved=(DRAFTER,)))

    assert bar(case, member) is Bar.INVOLVED
    with pytest.raises(ConflictOfInterestError):
        decided(case, VALIDATE, member=member)


def test_an_author_of_an_earlier_revision_stays_involved_when_a_later_one_leaves_him_out() -> None:
    case = decided(opened(Submission(authors=(AUTHOR, COAUTHOR))), ASK).case

    again = resubmitted(case, AUTHOR)

    assert again.initiative.author_ids == (AUTHOR,)
    assert bar(again, COAUTHOR) is Bar.INVOLVED


def test_a_withdrawal_forgets_nobody() -> None:
    case = received(opened(Submission(authors=(AUTHOR, COAUTHOR))), Submission().withdraw())

    assert COAUTHOR in case.involved


@pytest.mark.parametrize("together", [True, False])
def test_the_order_of_the_revisions_events_does_not_matter(together: bool) -> None:
    first = Submission(authors=(COAUTHOR,)).submit(1)
    second = Submission(authors=(AUTHOR,)).submit(2, level=1)

    late = newest([second, first]) if together else first
    case = received(received(None, second if not together else late), late)

    assert case.revision == 2
    assert {AUTHOR, COAUTHOR, SUBMITTER} <= case.involved


@given(st.permutations([1, 2, 3]), st.lists(st.sampled_from([1, 2, 3]), max_size=3))
def test_everybody_is_known_in_the_end_in_any_order_and_repeated(order: list[int], again: list[int]) -> None:
    told = {n: Submission(authors=(f"m-auth0r000{n}",)).submit(n, level=1) for n in (1, 2, 3)}
    case: Case | None = None
    for number in [*order, *again]:
        case = received(case, told[number])

    assert case is not None
    assert case.involved == {SUBMITTER, "m-auth0r0001", "m-auth0r0002", "m-auth0r0003"}
    assert case.revision == 3


def test_an_event_that_names_nobody_new_changes_nothing() -> None:
    assert receive(opened(), Submission().submit(), RULES) is None


@pytest.mark.parametrize("first", [VALIDATE, ASK])
def test_who_decided_one_level_decides_no_other(first: object) -> None:
    case = at_level_two() if first is VALIDATE else resubmitted(decided(opened(), ASK).case, AUTHOR)
    if first is ASK:
        assert bar(case, SUPPORTER) is None
        case = decided(case, VALIDATE, member=OTHER).case

    assert bar(case, SUPPORTER) is Bar.OTHER_LEVEL
    assert bar(case, REVIEWER) is None
    with pytest.raises(OtherLevelDecidedError):
        decided(case, VALIDATE, member=SUPPORTER)


def test_a_policy_may_allow_one_person_several_levels() -> None:
    case = at_level_two()
    allowed = replace(case, policy=replace(case.policy, several_levels_by_one_person=True))

    assert bar(allowed, SUPPORTER) is None
    assert decided(allowed, VALIDATE, member=SUPPORTER).case.state is State.APPROVED
    # Never who is involved.
    assert bar(allowed, AUTHOR) is Bar.INVOLVED


def test_the_same_level_may_be_decided_again_by_who_asked_for_the_revision() -> None:
    again = resubmitted(asked_at_level_two(), AUTHOR)

    assert decided(again, VALIDATE, member=REVIEWER).case.state is State.APPROVED


def test_a_new_author_who_passed_a_level_sends_the_case_back_to_it() -> None:
    again = resubmitted(asked_at_level_two(), AUTHOR, SUPPORTER)

    assert (again.state, again.level) == (State.IN_REVIEW, 1)
    assert again.milestones.validated == ()
    assert again.history[-1].what == Happening.RESUBMITTED
    assert again.due_on is not None
    with pytest.raises(ConflictOfInterestError):
        decided(again, VALIDATE, member=SUPPORTER)
    onwards = decided(decided(again, VALIDATE, member=OTHER).case, VALIDATE, member=REVIEWER)
    assert onwards.case.state is State.APPROVED
    assert [passed.level for passed in onwards.case.milestones.validated] == [1, 2]


def test_a_level_that_was_decided_again_by_another_stands() -> None:
    back = resubmitted(asked_at_level_two(), AUTHOR, SUPPORTER)
    asked = decided(decided(back, VALIDATE, member=OTHER).case, ASK).case

    again = received(asked, Submission(authors=(AUTHOR, SUPPORTER)).submit(3, level=2))

    assert again.level == 2


def test_a_new_author_who_decided_nothing_does_not_send_the_case_back() -> None:
    assert resubmitted(asked_at_level_two(), AUTHOR, COAUTHOR).level == 2


def test_an_old_event_that_names_who_passed_a_level_sends_the_case_back_while_it_is_in_review() -> None:
    second = received(None, Submission().submit(2, level=1))
    passed = decided(second, VALIDATE).case

    move = receive(passed, Submission(authors=(SUPPORTER,)).submit(1), RULES)

    assert move is not None
    assert move.case.level == 1
    assert move.case.history[-1].what == Happening.REOPENED
    assert [type(recorded.event) for recorded in move.events] == [Assigned]
    assert move.case.sequence > passed.sequence


def test_an_old_event_changes_no_case_that_has_ended_but_for_whom_it_names() -> None:
    approved = decided(decided(received(None, Submission().submit(2)), VALIDATE).case, VALIDATE).case

    move = receive(approved, Submission(authors=(SUPPORTER,)).submit(1), RULES)

    assert move is not None
    assert move.events == ()
    assert (move.case.state, move.case.level) == (State.APPROVED, 2)
    assert SUPPORTER in move.case.involved


def test_where_everybody_of_a_level_is_involved_the_holder_above_decides() -> None:
    case = opened(Submission(also_involved=(SUPPORTER,)))
    above = person(OTHER, ("support", PATH[1]))

    assert not may_decide(person(SUPPORTER, ("support", PATH[-1])), case)
    assert may_decide(above, case)


def _stories() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(["validate", "ask", "resubmit", "resubmit with both"]), max_size=6)


@given(_stories())
def test_what_is_offered_is_what_is_accepted_whatever_happened_before(story: list[str]) -> None:
    people = (AUTHOR, SUBMITTER, SUPPORTER, REVIEWER, OTHER, COAUTHOR)
    case = opened()
    for step in story:
        case = _next(case, step)
        if case.state is not State.IN_REVIEW:
            continue
        for member in people:
            anywhere = person(member, ("support", PATH[0]), ("reviewer", PATH[0]))
            try:
                decide(case, VALIDATE, actor(case, member), NOW, RULES)
                accepted = True
            except (ConflictOfInterestError, OtherLevelDecidedError):
                accepted = False
            assert may_decide(anywhere, case) == accepted == (bar(case, member) is None)


def _next(case: Case, step: str) -> Case:
    if step.startswith("resubmit"):
        if case.state is not State.REVISION_REQUESTED:
            return case
        authors = (AUTHOR, SUPPORTER, COAUTHOR) if "both" in step else (AUTHOR,)
        told: Told = Submission(authors=authors).submit(case.revision + 1, level=case.level)
        return received(case, told)
    decider = next((who for who in (SUPPORTER, REVIEWER, OTHER) if bar(case, who) is None), None)
    if case.state is not State.IN_REVIEW or decider is None:
        return case
    return decided(case, VALIDATE if step == "validate" else ASK, NOW, decider).case
