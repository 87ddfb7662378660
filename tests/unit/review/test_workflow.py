"""The state machine of a case."""

from __future__ import annotations

import pytest

from review.domain.workflow import OPEN, TRANSITIONS, Act, ImpossibleError, State, follow

DECISIONS = (Act.VALIDATE, Act.VALIDATE_LAST, Act.REQUEST_REVISION, Act.REJECT)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", DECISIONS)
def test_only_a_case_in_review_can_be_decided(state: State, act: Act) -> None:
    if state is State.IN_REVIEW:
        assert follow(state, act) in State
    else:
        with pytest.raises(ImpossibleError):
            follow(state, act)


@pytest.mark.parametrize("state", State)
def test_a_withdrawal_counts_in_every_state(state: State) -> None:
    assert follow(state, Act.WITHDRAW) is State.WITHDRAWN


def test_every_state_is_reached_and_left_by_some_row_of_the_table() -> None:
    assert set(TRANSITIONS.values()) == set(State)
    assert {state for state, _ in TRANSITIONS} == set(State)


def test_a_level_has_something_to_do_only_in_review_or_while_the_author_is_asked() -> None:
    assert {State.IN_REVIEW, State.REVISION_REQUESTED} == OPEN
