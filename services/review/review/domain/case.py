"""The case: the aggregate of review, one per initiative, with its history. It never changes in place: every
move yields a new case, and each event that a move emits is recorded with the case as it then stood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from review.domain.initiative import Initiative, Milestones
from review.domain.policy import FrozenPolicy, Level
from review.domain.sequence import Sequence
from review.domain.workflow import OPEN, State


class Happening(StrEnum):
    """The kinds of entries in a case's history."""

    OPENED = "opened"
    RESUBMITTED = "resubmitted"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    VALIDATED = "validate"
    REVISION_REQUESTED = "request_revision"
    REJECTED = "reject"


DECISIONS = frozenset({Happening.VALIDATED, Happening.REVISION_REQUESTED, Happening.REJECTED})


@dataclass(frozen=True)
class RequestedItem:
    """One thing that the author is asked to change. pointer: JSON pointer (`#/...`) into the content."""

    pointer: str
    code: str
    text: str


@dataclass(frozen=True)
class Entry:
    """One entry of the history. what: one of Happening, or of a later release's.

    by, role, unit: who, by opaque id and with which grant; None for what the submitting side told.
    at: when it holds (UTC); recorded_at: when it was entered; version: the case's after it.
    """

    what: str
    at: datetime
    recorded_at: datetime
    revision: int
    level: int
    version: int
    by: str | None = None
    role: str | None = None
    unit: str | None = None
    items: tuple[RequestedItem, ...] = ()
    reason_code: str | None = None
    text: str | None = None
    benefit_verified: int | None = None


@dataclass(frozen=True)
class Case:
    """version: raised by one with every write; level: current or last one, from 1.

    due_on: last local day for the level's decision, None while nobody is to decide.
    days_left: the working days that are kept while the author is asked.
    involved: everybody who was ever involved in the initiative, as any snapshot of it says; only ever grows.
    """

    initiative: Initiative
    policy: FrozenPolicy
    state: State
    level: int
    step: int
    version: int
    milestones: Milestones
    benefit_verified: int | None
    opened_at: datetime
    due_on: date | None = None
    days_left: int | None = None
    history: tuple[Entry, ...] = ()
    involved: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        return self.initiative.id

    @property
    def revision(self) -> int:
        return self.initiative.revision

    @property
    def sequence(self) -> Sequence:
        return Sequence(self.revision, self.step)

    @property
    def levels(self) -> int:
        return len(self.policy.levels)

    @property
    def assigned(self) -> Level:
        """The current level, or the last one when the case has ended."""
        return self.policy.level(self.level)

    @property
    def assigned_path(self) -> tuple[str, ...]:
        """The frozen path down to the unit of the current level: whose grants cover the decision."""
        path = self.initiative.unit_path
        return path[: path.index(self.assigned.unit) + 1]

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def last_decision(self) -> Entry | None:
        return next((entry for entry in reversed(self.history) if entry.what in DECISIONS), None)

    def with_entry(self, entry: Entry) -> Case:
        return replace(self, history=(*self.history, entry))


@dataclass(frozen=True)
class Assigned:
    level: int
    levels: int
    role: str
    unit: str
    due_on: date


@dataclass(frozen=True)
class RevisionRequested:
    items: tuple[RequestedItem, ...]


@dataclass(frozen=True)
class Validated:
    level: int
    unit: str


@dataclass(frozen=True)
class Approved:
    pass


@dataclass(frozen=True)
class Rejected:
    reason_code: str


CaseEvent = Assigned | RevisionRequested | Validated | Approved | Rejected


@dataclass(frozen=True)
class Recorded:
    """An event with the case as it stood right after it."""

    event: CaseEvent
    case: Case


@dataclass(frozen=True)
class Move:
    """The outcome of one decision or one consumed event: the new case and what it emits, in order."""

    case: Case
    events: tuple[Recorded, ...] = ()

    def then(self, case: Case, event: CaseEvent) -> Move:
        """Go on to `case` and emit the event, one step later."""
        stepped = replace(case, step=self.case.step + 1)
        return Move(stepped, (*self.events, Recorded(event, stepped)))
