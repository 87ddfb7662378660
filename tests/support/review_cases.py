"""Builders for tests of review: submission's events, people with grants, and cases at a chosen point."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from chassis.clock import local_day
from chassis.tokens import Grant, Principal
from review.adapters.policy_files import load_policies
from review.domain.case import Case, Move, RequestedItem
from review.domain.decisions import Actor, Choice, Decision, decide
from review.domain.initiative import Initiative, Milestones, ValidatedLevel
from review.domain.intake import Kind, Told, receive
from review.domain.rulebook import Rulebook
from union.workdays import WorkCalendar

PATH = ("TLD", "CD-CONG-THUONG", "CT-HOA-CHAT", "HC-APATIT-VIET-NAM")
AUTHOR, SUBMITTER = "m-auth0r0001", "m-subm1t0001"
SUPPORTER, REVIEWER = "m-supp0rt001", "m-rev1ewer01"
# A Monday morning in Hà Nội.
SUBMITTED_AT = datetime(2022, 5, 9, 2, 0, tzinfo=UTC)
INITIATIVE = "6f1c2a34-5b7d-4e8f-9a01-23456789abcd"

RULES = Rulebook(load_policies(), WorkCalendar.load(), local_day)


def initiative_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@dataclass(frozen=True)
class Submission:
    """One initiative at submission, as a source of events."""

    id: str = INITIATIVE
    path: tuple[str, ...] = PATH
    source: str = "self"
    authors: tuple[str, ...] = (AUTHOR,)
    submitted_by: str = SUBMITTER
    also_involved: tuple[str, ...] = ()
    submitted_at: datetime = SUBMITTED_AT
    programme: str = "1-trieu-sang-kien"
    confidential: bool = False

    def submit(
        self,
        revision: int = 1,
        *,
        level: int = 0,
        validated: tuple[ValidatedLevel, ...] = (),
        at: datetime | None = None,
    ) -> Told:
        again = revision > 1
        at = at or self.submitted_at + timedelta(days=revision - 1)
        milestones = Milestones(
            submitted=self.submitted_at,
            resubmitted=at if again else None,
            in_review=self.submitted_at if again else None,
            revision_requested=at - timedelta(hours=1) if again else None,
            validated=validated,
        )
        return Told(Kind.SUBMITTED, self._facts(revision), milestones, level, None, at)

    def withdraw(self, revision: int = 2, *, level: int = 0, at: datetime | None = None) -> Told:
        at = at or self.submitted_at + timedelta(days=revision - 1)
        milestones = Milestones(submitted=self.submitted_at, withdrawn=at)
        return Told(Kind.WITHDRAWN, self._facts(revision), milestones, level, None, at)

    def _facts(self, revision: int) -> Initiative:
        return Initiative(
            id=self.id,
            code=f"{self.path[-1]}-2022-48210379",
            revision=revision,
            title=None if self.confidential else "Cải tiến gầu xúc để giảm rơi vãi quặng",
            confidential=self.confidential,
            source=self.source,
            imported=self.source == "import",
            programme=self.programme,
            campaign="phase-1",
            campaigns=("phase-1",),
            unit_path=self.path,
            block="enterprise",
            field="khai-thac-mo",
            solution_type="ky_thuat",
            author_count=2,
            author_ids=self.authors,
            submitted_by=self.submitted_by,
            involved=frozenset((*self.authors, self.submitted_by, *self.also_involved)),
            benefit_declared=185_000_000,
            expected_answer_on=date(2022, 8, 9),
        )


def opened(submission: Submission = Submission()) -> Case:
    move = receive(None, submission.submit(), RULES)
    assert move is not None
    return move.case


def received(case: Case | None, told: Told) -> Case:
    """The case after the event; unchanged if the event is old."""
    move = receive(case, told, RULES)
    if move is None:
        assert case is not None
        return case
    return move.case


def actor(case: Case, member: str | None = None) -> Actor:
    """Someone who holds the role of the case's current level; by default another person at each level."""
    of_level = SUPPORTER if case.level == 1 else REVIEWER
    return Actor(member or of_level, case.assigned.role, case.assigned.unit)


VALIDATE = Decision(Choice.VALIDATE)
ITEM = RequestedItem("#/problem", "too-vague", "Nêu rõ tình trạng trước khi cải tiến.")
ASK = Decision(Choice.REQUEST_REVISION, items=(ITEM,))
REJECT = Decision(Choice.REJECT, reason_code="not-new", text="Giải pháp đã có ở phân xưởng khác.")


def decided(case: Case, decision: Decision, now: datetime | None = None, member: str | None = None) -> Move:
    return decide(case, decision, actor(case, member), now or SUBMITTED_AT + timedelta(days=3), RULES)


def person(subject: str, *grants: tuple[str, str]) -> Principal:
    return Principal(
        subject=subject, grants=tuple(Grant(role, unit) for role, unit in grants), name=None, client=None
    )


@dataclass
class Ticking:
    """A clock that advances by one second at each reading."""

    now: datetime = SUBMITTED_AT + timedelta(days=1)
    seconds: Any = field(default_factory=lambda: itertools.count(1))

    def __call__(self) -> datetime:
        return self.now + timedelta(seconds=next(self.seconds))
