"""How a case follows what the submitting side tells: submitted, resubmitted, withdrawn, in any order and any
number of times. The newest revision counts; review's own decisions are never undone within a revision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from review.domain.case import Assigned, Case, Entry, Happening, Move
from review.domain.deadlines import due_after, due_again
from review.domain.initiative import Initiative, Milestones, Source
from review.domain.policy import FrozenPolicy
from review.domain.rulebook import Rulebook
from review.domain.workflow import Act, State, follow


class Kind(StrEnum):
    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True)
class Told:
    """One event of the submitting side. at: when it was told (UTC).

    level: the level that the submitting side knew of (0: none), which is the level that asked for a revision
    when this is a resubmission. benefit_verified: VND, what it knew to be verified.
    """

    kind: Kind
    initiative: Initiative
    milestones: Milestones
    level: int
    benefit_verified: int | None
    at: datetime


def newest(told: list[Told]) -> Told:
    """The one of several events about one initiative that counts."""
    return max(told, key=lambda one: one.initiative.revision)


def receive(case: Case | None, told: Told, rules: Rulebook) -> Move | None:
    """What the event does to the case, None when it is known or old. Raises NoPolicyError for a new case."""
    if case is not None and told.initiative.revision <= case.revision:
        return None
    if told.kind is Kind.WITHDRAWN:
        return Move(_withdrawn(case, told, rules))
    return _opened(told, rules) if case is None else _resubmitted(case, told, rules)


def _opened(told: Told, rules: Rulebook) -> Move:
    """A first submission opens at level 1, a later one where it stood: review never saw the first."""
    policy = _policy(told, rules)
    level = _level_told(told, policy)
    fresh = _fresh(told, policy, State.IN_REVIEW, level)
    days = policy.level(level).due_working_days
    due_on = due_after(rules.calendar, rules.local_day(told.at), days)
    return _assigned(replace(fresh, due_on=due_on), Happening.OPENED, _in_review_since(told), told)


def _resubmitted(case: Case, told: Told, rules: Rulebook) -> Move:
    """The case goes on at the level that asked, with the days that it had left."""
    today = rules.local_day(told.at)
    level = case.level
    if case.state is not State.REVISION_REQUESTED and told.level:
        # Review has not seen its own request, as after a restore from a backup: the snapshot knows better.
        level = _level_told(told, case.policy)
    if case.days_left is None:
        due_on = due_after(rules.calendar, today, case.policy.level(level).due_working_days)
    else:
        due_on = due_again(rules.calendar, today, case.days_left, case.policy.after_revision_at_least)
    milestones = told.milestones.completed_by(case.milestones)
    resumed = replace(
        case,
        initiative=told.initiative,
        state=follow(case.state, Act.RESUBMIT),
        level=level,
        step=0,
        version=case.version + 1,
        milestones=replace(milestones, approved=None, rejected=None),
        due_on=due_on,
        days_left=None,
    )
    return _assigned(resumed, Happening.RESUBMITTED, _in_review_since(told), told)


def _assigned(case: Case, what: Happening, since: datetime, told: Told) -> Move:
    assignee = case.assigned
    due_on = case.due_on
    assert due_on is not None  # noqa: S101 – both callers set it
    case = replace(
        case, milestones=replace(case.milestones, in_review=case.milestones.in_review or since)
    ).with_entry(Entry(what, since, told.at, case.revision, case.level, case.version))
    return Move(case).then(case, Assigned(case.level, case.levels, assignee.role, assignee.unit, due_on))


def _withdrawn(case: Case | None, told: Told, rules: Rulebook) -> Case:
    """The case ends. Where it is the first that review hears of, it stays as a tombstone."""
    if case is None:
        policy = _policy(told, rules)
        closed = _fresh(told, policy, State.WITHDRAWN, _level_told(told, policy))
    else:
        closed = replace(
            case,
            initiative=told.initiative,
            state=follow(case.state, Act.WITHDRAW),
            level=max(case.level, _level_told(told, case.policy)),
            step=0,
            version=case.version + 1,
            milestones=told.milestones.completed_by(case.milestones),
            due_on=None,
            days_left=None,
        )
    at = told.milestones.withdrawn or told.at
    return closed.with_entry(
        Entry(Happening.WITHDRAWN, at, told.at, closed.revision, closed.level, closed.version)
    )


def _fresh(told: Told, policy: FrozenPolicy, state: State, level: int) -> Case:
    return Case(
        initiative=told.initiative,
        policy=policy,
        state=state,
        level=level,
        step=0,
        version=1,
        milestones=told.milestones,
        benefit_verified=told.benefit_verified,
        opened_at=told.at,
    )


def _level_told(told: Told, policy: FrozenPolicy) -> int:
    """The level that the submitting side knew of, within those of the policy."""
    return min(max(told.level, 1), len(policy.levels))


def _policy(told: Told, rules: Rulebook) -> FrozenPolicy:
    """The pack in force on the local day of the first submission, applied to the frozen path."""
    initiative = told.initiative
    day = rules.local_day(told.milestones.submitted)
    pack = rules.policies.in_force(initiative.programme, initiative.unit_path, day)
    return pack.freeze(initiative.unit_path)


def _in_review_since(told: Told) -> datetime:
    """When the review began. An import keeps the dates of the paper record (decision 0012)."""
    milestones = told.milestones
    if told.initiative.source is Source.IMPORT:
        return milestones.resubmitted or milestones.submitted
    return told.at
