"""The states of an initiative and what may be done in each, as one table. Rules live in the table, not in
branches."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class State(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    REVISION_REQUESTED = "revision_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What a person at this service may do to an initiative."""

    EDIT = "edit"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    DELETE = "delete"


class NotAllowedInState(Exception):
    """The act does not fit the state."""

    def __init__(self, act: Act, state: State) -> None:
        super().__init__(f"{act} in {state}")
        self.act = act
        self.state = state


TRANSITIONS: Mapping[tuple[State, Act], State] = MappingProxyType(
    {
        (State.DRAFT, Act.EDIT): State.DRAFT,
        (State.REVISION_REQUESTED, Act.EDIT): State.REVISION_REQUESTED,
        (State.DRAFT, Act.SUBMIT): State.SUBMITTED,
        (State.REVISION_REQUESTED, Act.SUBMIT): State.SUBMITTED,
        (State.SUBMITTED, Act.WITHDRAW): State.WITHDRAWN,
        (State.IN_REVIEW, Act.WITHDRAW): State.WITHDRAWN,
        (State.REVISION_REQUESTED, Act.WITHDRAW): State.WITHDRAWN,
    }
)

# What was submitted once is kept, whatever becomes of it; a draft nobody but its owners has seen.
DELETABLE = frozenset({State.DRAFT})

# The states that the review service decides. Its events may arrive in any order, so no transition is
# demanded of them: the sequence alone says whether one is news.
REVIEW_STATES = frozenset({State.IN_REVIEW, State.REVISION_REQUESTED, State.APPROVED, State.REJECTED})


def after(state: State, act: Act) -> State:
    """The state that `act` leads to. Raises NotAllowedInState."""
    try:
        return TRANSITIONS[state, act]
    except KeyError:
        raise NotAllowedInState(act, state) from None


def require_deletable(state: State) -> None:
    """Raises NotAllowedInState."""
    if state not in DELETABLE:
        raise NotAllowedInState(Act.DELETE, state)


def acts_in(state: State) -> tuple[Act, ...]:
    """What may be done in `state`, in the order of the table; deletion, which leads to no state, last."""
    acts = tuple(act for (source, act) in TRANSITIONS if source is state)
    return (*acts, Act.DELETE) if state in DELETABLE else acts
