"""Why a decision does not count: few, typed errors, mapped to problem types in one place of the HTTP API."""

from __future__ import annotations

from enum import StrEnum

from review.domain.case import Entry
from review.domain.workflow import State


class ReviewError(Exception):
    """The base of what the domain refuses."""


class UnknownCaseError(ReviewError):
    """There is no case of this initiative (yet)."""


class UnknownUnitError(ReviewError):
    """There is no unit with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no unit {code}")
        self.code = code


class ConflictOfInterestError(ReviewError):
    """The decider is or was involved in the initiative: an author, or who drafted, edited or submitted it."""


class OtherLevelDecidedError(ReviewError):
    """The decider decided another level of the same initiative."""


class AlreadyDecidedError(ReviewError):
    """Another one decided after the decider last looked."""

    def __init__(self, faster: Entry) -> None:
        super().__init__(f"level {faster.level} has decided: {faster.what}")
        self.faster = faster


class CaseClosedError(ReviewError):
    """The case has ended: by its last decision, or (decision None) because it was withdrawn."""

    def __init__(self, state: State, decision: Entry | None) -> None:
        super().__init__(f"the case has ended: {state}")
        self.state = state
        self.decision = decision


class WithAuthorError(ReviewError):
    """The author was asked for a revision and has not answered yet."""


class StaleVersionError(ReviewError):
    """The case changed since the decider last looked, other than by a decision."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the case is at version {version}")
        self.version = version


class FaultyDecision(StrEnum):
    """What can be wrong with a decision itself."""

    ITEMS_MISSING = "items-missing"
    ITEMS_UNEXPECTED = "items-unexpected"
    REASON_UNKNOWN = "reason-unknown"
    REASON_UNEXPECTED = "reason-unexpected"
    TEXT_MISSING = "text-missing"
    BENEFIT_UNEXPECTED = "benefit-unexpected"
    DATE_NOT_ALLOWED = "date-not-allowed"
    DATE_OUT_OF_RANGE = "date-out-of-range"


class FaultyDecisionError(ReviewError):
    """Every fault of the decision at once."""

    def __init__(self, faults: tuple[FaultyDecision, ...]) -> None:
        super().__init__(", ".join(faults))
        self.faults = faults
