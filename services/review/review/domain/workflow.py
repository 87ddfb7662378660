"""The state machine of a case, as a table: which act is possible in which state, and where it leads."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    IN_REVIEW = "in_review"
    REVISION_REQUESTED = "revision_requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Act(StrEnum):
    """What moves a case: decisions of its levels, and what the submitting side tells."""

    VALIDATE = "validate"
    VALIDATE_LAST = "validate_last"
    REQUEST_REVISION = "request_revision"
    REJECT = "reject"
    RESUBMIT = "resubmit"
    WITHDRAW = "withdraw"


# Submission owns revisions: a newer one always counts, also when it overtook review (decision 0002). That
# is why a resubmission may arrive in any state, and a withdrawal beats an approval.
TRANSITIONS: Mapping[tuple[State, Act], State] = {
    (State.IN_REVIEW, Act.VALIDATE): State.IN_REVIEW,
    (State.IN_REVIEW, Act.VALIDATE_LAST): State.APPROVED,
    (State.IN_REVIEW, Act.REQUEST_REVISION): State.REVISION_REQUESTED,
    (State.IN_REVIEW, Act.REJECT): State.REJECTED,
    **{(state, Act.RESUBMIT): State.IN_REVIEW for state in State},
    **{(state, Act.WITHDRAW): State.WITHDRAWN for state in State},
}

# States in which a level still has something to do or to wait for.
OPEN = frozenset({State.IN_REVIEW, State.REVISION_REQUESTED})


class ImpossibleError(Exception):
    """The act is not possible in the state."""

    def __init__(self, state: State, act: Act) -> None:
        super().__init__(f"{act} is not possible in state {state}")
        self.state = state
        self.act = act


def follow(state: State, act: Act) -> State:
    """The state after the act; raises ImpossibleError."""
    try:
        return TRANSITIONS[state, act]
    except KeyError:
        raise ImpossibleError(state, act) from None
