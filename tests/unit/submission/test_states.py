"""The state machine of an initiative, walked by every sequence of acts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submission.domain import initiative as acts
from submission.domain.completeness import Incomplete
from submission.domain.content import Author, Content, Source
from submission.domain.initiative import Initiative, Registration
from submission.domain.states import (
    DELETABLE,
    REVIEW_STATES,
    TRANSITIONS,
    Act,
    NotAllowedInState,
    State,
    acts_in,
    after,
    require_deletable,
)

NOW = datetime(2022, 5, 30, 8, 15, tzinfo=UTC)
CONTENT = Content(unit="U", campaign="phase-1", authors=(Author("m-lead000001", None, 100_00, True),))
REGISTRATION = Registration(
    code="U-2022-12345674",
    programme="p",
    campaigns=("phase-1",),
    unit_path=("TLD", "U"),
    block=None,
    expected_answer_on=date(2022, 8, 30),
    submitted_by="m-owner00001",
    source=Source.SELF,
)

TABLE = {
    # A deletion leads to no state: what is deleted is gone.
    State.DRAFT: {Act.EDIT: State.DRAFT, Act.SUBMIT: State.SUBMITTED, Act.DELETE: State.DRAFT},
    State.SUBMITTED: {Act.WITHDRAW: State.WITHDRAWN},
    State.IN_REVIEW: {Act.WITHDRAW: State.WITHDRAWN},
    State.REVISION_REQUESTED: {
        Act.EDIT: State.REVISION_REQUESTED,
        Act.SUBMIT: State.SUBMITTED,
        Act.WITHDRAW: State.WITHDRAWN,
    },
    State.APPROVED: {},
    State.REJECTED: {},
    State.WITHDRAWN: {},
}

OWNER = "m-owner00001"


def _draft() -> Initiative:
    return acts.draft("i", OWNER, CONTENT, NOW)


def _in(state: State) -> Initiative:
    if state is State.DRAFT:
        return _draft()
    return replace(acts.submit(_draft(), REGISTRATION, NOW), state=state)


def _apply(initiative: Initiative, act: Act, at: datetime) -> Initiative:
    match act:
        case Act.EDIT:
            return acts.edit(initiative, CONTENT, OWNER)
        case Act.WITHDRAW:
            return acts.withdraw(initiative, None, at)
        case Act.DELETE:
            require_deletable(initiative.state)
            return initiative
        case Act.SUBMIT if initiative.registration is not None:
            return acts.resubmit(initiative, CONTENT, OWNER, at)
        case Act.SUBMIT:
            return acts.submit(initiative, REGISTRATION, at)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_each_act_leads_where_the_table_says_or_is_refused(state: State, act: Act) -> None:
    expected = TABLE[state].get(act)

    if expected is None:
        with pytest.raises(NotAllowedInState) as refusal:
            _apply(_in(state), act, NOW)
        assert (refusal.value.act, refusal.value.state) == (act, state)
    else:
        assert _apply(_in(state), act, NOW).state is expected


def test_the_offered_acts_are_those_of_the_table() -> None:
    assert {state: set(acts_in(state)) for state in State} == {s: set(row) for s, row in TABLE.items()}
    assert len(TRANSITIONS) + len(DELETABLE) == sum(len(row) for row in TABLE.values())


def test_no_act_of_an_author_leads_to_a_decided_state() -> None:
    assert {after(*key) for key in TRANSITIONS} & {State.APPROVED, State.REJECTED, State.IN_REVIEW} == set()
    assert State.WITHDRAWN not in REVIEW_STATES


CHANGING = [act for act in Act if act is not Act.DELETE]


@given(st.lists(st.tuples(st.sampled_from(CHANGING), st.sampled_from(sorted(REVIEW_STATES))), max_size=12))
def test_version_and_sequence_only_grow_whatever_authors_and_reviewers_do(
    steps: list[tuple[Act, State]],
) -> None:
    initiative = _draft()
    for number, (act, review_state) in enumerate(steps):
        before = initiative
        try:
            initiative = _apply(initiative, act, NOW + timedelta(minutes=number))
        except NotAllowedInState:
            assert initiative is before
        else:
            assert initiative.version == before.version + 1
            assert (initiative.sequence > before.sequence) == (act is not Act.EDIT)
            assert initiative.sequence.step == 0
        if initiative.state in {State.SUBMITTED, State.IN_REVIEW}:
            initiative = replace(initiative, state=review_state)
        if before.registration is not None:
            assert initiative.registration is before.registration


def test_a_withdrawal_beats_every_decision_of_the_revision_it_ends() -> None:
    submitted = _in(State.SUBMITTED)
    late_decision = replace(submitted.sequence, step=999_999)

    assert acts.withdraw(submitted, "trùng", NOW).sequence > late_decision


def test_a_resubmission_keeps_the_first_date_and_what_was_fixed() -> None:
    asked = _in(State.REVISION_REQUESTED)
    later = NOW + timedelta(days=3)

    again = acts.resubmit(asked, CONTENT, OWNER, later)

    assert again.milestones is not None
    assert again.milestones.submitted == NOW
    assert again.milestones.resubmitted == later
    assert again.registration == REGISTRATION


@pytest.mark.parametrize(
    ("state", "changed", "frozen"),
    [
        (State.DRAFT, {"on_behalf_of": "m-other00001"}, {"#/on_behalf_of"}),
        (State.DRAFT, {"unit": "V", "campaign": "phase-2"}, set()),
        (
            State.REVISION_REQUESTED,
            {"unit": "V", "campaign": "phase-2", "title": "Khác"},
            {"#/unit", "#/campaign"},
        ),
    ],
)
def test_an_edit_cannot_touch_what_is_fixed(state: State, changed: dict[str, str], frozen: set[str]) -> None:
    content = replace(CONTENT, **changed)  # type: ignore[arg-type]

    if frozen:
        with pytest.raises(Incomplete) as refusal:
            acts.edit(_in(state), content, OWNER)
        assert {finding.pointer for finding in refusal.value.findings} == frozen
    else:
        assert acts.edit(_in(state), content, OWNER).content == content


def test_editors_are_the_maker_and_the_represented_member_and_readers_all_authors_too() -> None:
    content = replace(CONTENT, on_behalf_of="m-member0001")
    initiative = replace(_draft(), content=content)

    assert initiative.editors() == {"m-owner00001", "m-member0001"}
    assert initiative.readers() == {"m-owner00001", "m-member0001", "m-lead000001"}
