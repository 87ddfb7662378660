"""What the submitting side says about an initiative: facts, which review never changes and passes on as it
received them, and milestones, to which review adds its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime


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
    """The facts of one revision, as submitted. benefit_declared: VND in the first year.

    imported: entered from a paper record. involved: everybody who ever had a part in it, as far as the
    submitting side says. received: the facts word for word, with what this code does not know of them.
    """

    id: str
    code: str
    revision: int
    title: str | None
    confidential: bool
    source: str
    imported: bool
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
    involved: frozenset[str]
    benefit_declared: int | None
    expected_answer_on: date
    received: Mapping[str, object] = dataclasses.field(default_factory=dict, compare=False)

    @property
    def unit(self) -> str:
        return self.unit_path[-1]

    @property
    def owners(self) -> frozenset[str]:
        """Whose own initiative it is at present: its authors and who submitted it."""
        return frozenset((*self.author_ids, self.submitted_by))
