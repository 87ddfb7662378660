"""What the submitting side told about an initiative: facts, which review never changes, and milestones, to
which review adds its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum


class Source(StrEnum):
    SELF = "self"
    ON_BEHALF = "on_behalf"
    IMPORT = "import"


@dataclass(frozen=True)
class ValidatedLevel:
    level: int
    unit: str
    at: datetime


@dataclass(frozen=True)
class Milestones:
    """When what happened, in UTC."""

    submitted: datetime
    resubmitted: datetime | None = None
    in_review: datetime | None = None
    revision_requested: datetime | None = None
    validated: tuple[ValidatedLevel, ...] = ()
    approved: datetime | None = None
    rejected: datetime | None = None
    withdrawn: datetime | None = None

    def completed_by(self, earlier: Milestones) -> Milestones:
        """These milestones, with review's own ones taken from `earlier` where these do not know them."""
        known = {passed.level for passed in self.validated}
        return replace(
            self,
            in_review=self.in_review or earlier.in_review,
            revision_requested=self.revision_requested or earlier.revision_requested,
            validated=tuple(
                sorted(
                    (*self.validated, *(p for p in earlier.validated if p.level not in known)),
                    key=lambda passed: passed.level,
                )
            ),
        )


@dataclass(frozen=True)
class Initiative:
    """The facts of one revision, as submitted. benefit_declared: VND in the first year."""

    id: str
    code: str
    revision: int
    title: str | None
    confidential: bool
    source: Source
    programme: str
    campaign: str
    campaigns: tuple[str, ...]
    unit_path: tuple[str, ...]
    block: str | None
    field: str
    solution_type: str
    author_count: int
    author_ids: tuple[str, ...]
    submitted_by: str
    benefit_declared: int | None
    expected_answer_on: date

    @property
    def unit(self) -> str:
        return self.unit_path[-1]

    @property
    def owners(self) -> frozenset[str]:
        """The people who may never decide on it: its authors and who submitted it."""
        return frozenset((*self.author_ids, self.submitted_by))
