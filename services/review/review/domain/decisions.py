"""How a level decides: validate, request a revision, reject. Nobody decides on an initiative that they
had a part in, nor at two levels; one level decides once; who comes late gets the reason why the decision does
not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from review.domain.case import (
    DECISIONS,
    Approved,
    Assigned,
    Case,
    Entry,
    Happening,
    Move,
    Rejected,
    RequestedItem,
    RevisionRequested,
    Validated,
)
from review.domain.deadlines import due_after, left_on
from review.domain.errors import (
    AlreadyDecidedError,
    CaseClosedError,
    ConflictOfInterestError,
    FaultyDecision,
    FaultyDecisionError,
    OtherLevelDecidedError,
    StaleVersionError,
    WithAuthorError,
)
from review.domain.initiative import ValidatedLevel
from review.domain.interests import Bar, bar
from review.domain.rulebook import Rulebook
from review.domain.workflow import Act, State, follow


class Choice(StrEnum):
    VALIDATE = "validate"
    REQUEST_REVISION = "request_revision"
    REJECT = "reject"


@dataclass(frozen=True)
class Decision:
    """What is decided. text: words for the author. benefit_verified: VND in the first year. decided_at: the
    date of the paper record, for imported initiatives only. expected_level: the level that was looked at.
    """

    choice: Choice
    items: tuple[RequestedItem, ...] = ()
    reason_code: str | None = None
    text: str | None = None
    benefit_verified: int | None = None
    decided_at: datetime | None = None
    expected_level: int | None = None


@dataclass(frozen=True)
class Actor:
    """Who decides, with the grant that allows it."""

    member: str
    role: str
    unit: str


def ensure_disinterested(case: Case, member: str) -> None:
    """Raises ConflictOfInterestError for who was ever involved (Circular 18/2013, art. 8)."""
    if bar(case, member) is Bar.INVOLVED:
        raise ConflictOfInterestError


def ensure_may_decide(case: Case, member: str) -> None:
    """Raises ConflictOfInterestError, or OtherLevelDecidedError."""
    ensure_disinterested(case, member)
    if bar(case, member) is Bar.OTHER_LEVEL:
        raise OtherLevelDecidedError


def ensure_current(case: Case, seen_version: int, decision: Decision) -> None:
    """Raises what tells a late decider best why the decision does not count; nothing when it is in time."""
    if case.state is State.WITHDRAWN:
        raise CaseClosedError(case.state, None)
    faster = next(
        (e for e in reversed(case.history) if e.what in DECISIONS and e.version > seen_version), None
    )
    if faster is not None:
        raise AlreadyDecidedError(faster)
    if not case.is_open:
        raise CaseClosedError(case.state, case.last_decision)
    if decision.expected_level is not None and decision.expected_level < case.level:
        passed = _decision_at(case, decision.expected_level)
        if passed is not None:
            raise AlreadyDecidedError(passed)
    if seen_version != case.version or decision.expected_level not in (None, case.level):
        raise StaleVersionError(case.version)
    if case.state is State.REVISION_REQUESTED:
        raise WithAuthorError


def decide(case: Case, decision: Decision, actor: Actor, now: datetime, rules: Rulebook) -> Move:
    """The case after the decision, with the events of that one decision.

    Raises ConflictOfInterestError, OtherLevelDecidedError, FaultyDecisionError (every fault at once),
    ImpossibleError.
    """
    ensure_may_decide(case, actor.member)
    faults = faults_of(case, decision, now)
    if faults:
        raise FaultyDecisionError(faults)
    at = decision.decided_at or now
    case = replace(case, version=case.version + 1)
    case = case.with_entry(
        Entry(
            what=Happening(decision.choice),
            at=at,
            recorded_at=now,
            revision=case.revision,
            level=case.level,
            version=case.version,
            by=actor.member,
            role=actor.role,
            unit=actor.unit,
            items=decision.items,
            reason_code=decision.reason_code,
            text=decision.text,
            benefit_verified=decision.benefit_verified,
        )
    )
    if decision.choice is Choice.VALIDATE:
        return _validate(case, decision, at, now, rules)
    if decision.choice is Choice.REQUEST_REVISION:
        return _request_revision(case, decision, at, now, rules)
    return _reject(case, decision, at)


def faults_of(case: Case, decision: Decision, now: datetime) -> tuple[FaultyDecision, ...]:
    """Everything that is wrong with the decision itself, whoever makes it."""
    asks = decision.choice is Choice.REQUEST_REVISION
    rejects = decision.choice is Choice.REJECT
    validates = decision.choice is Choice.VALIDATE
    dated = decision.decided_at
    imported = case.initiative.imported
    checks = {
        FaultyDecision.ITEMS_MISSING: asks and not decision.items,
        FaultyDecision.ITEMS_UNEXPECTED: not asks and bool(decision.items),
        FaultyDecision.REASON_UNKNOWN: rejects and decision.reason_code not in case.policy.reject_reasons,
        FaultyDecision.REASON_UNEXPECTED: not rejects and decision.reason_code is not None,
        FaultyDecision.TEXT_MISSING: rejects and not decision.text,
        FaultyDecision.BENEFIT_UNEXPECTED: not validates and decision.benefit_verified is not None,
        FaultyDecision.DATE_NOT_ALLOWED: dated is not None and not imported,
        FaultyDecision.DATE_OUT_OF_RANGE: dated is not None
        and imported
        and not _follows_from(case) <= dated <= now,
    }
    return tuple(fault for fault, wrong in checks.items() if wrong)


def _follows_from(case: Case) -> datetime:
    """The moment of what the decision follows; it cannot be older."""
    return max((e.at for e in case.history), default=case.milestones.submitted)


def _validate(case: Case, decision: Decision, at: datetime, now: datetime, rules: Rulebook) -> Move:
    unit = case.assigned.unit
    passed = (
        *(v for v in case.milestones.validated if v.level != case.level),
        ValidatedLevel(case.level, unit, at),
    )
    case = replace(case, milestones=replace(case.milestones, validated=passed))
    if decision.benefit_verified is not None:
        case = replace(case, benefit_verified=decision.benefit_verified)
    if case.level == case.levels:
        approved = replace(
            case,
            state=follow(case.state, Act.VALIDATE_LAST),
            milestones=replace(case.milestones, approved=at),
            due_on=None,
        )
        return Move(case).then(approved, Approved())
    validated = replace(case, state=follow(case.state, Act.VALIDATE))
    following = case.policy.level(case.level + 1)
    due_on = due_after(rules.calendar, rules.local_day(now), following.due_working_days)
    move = Move(case).then(validated, Validated(case.level, unit))
    return move.then(
        replace(validated, level=case.level + 1, due_on=due_on),
        Assigned(case.level + 1, case.levels, following.role, following.unit, due_on),
    )


def _request_revision(case: Case, decision: Decision, at: datetime, now: datetime, rules: Rulebook) -> Move:
    left = 0 if case.due_on is None else left_on(rules.calendar, rules.local_day(now), case.due_on)
    stopped = replace(
        case,
        state=follow(case.state, Act.REQUEST_REVISION),
        milestones=replace(case.milestones, revision_requested=at),
        due_on=None,
        days_left=left,
    )
    return Move(case).then(stopped, RevisionRequested(decision.items))


def _reject(case: Case, decision: Decision, at: datetime) -> Move:
    rejected = replace(
        case,
        state=follow(case.state, Act.REJECT),
        milestones=replace(case.milestones, rejected=at),
        due_on=None,
    )
    return Move(case).then(rejected, Rejected(decision.reason_code or ""))


def _decision_at(case: Case, level: int) -> Entry | None:
    entries = (e for e in reversed(case.history) if e.what in DECISIONS and e.level == level)
    return next(entries, None)
