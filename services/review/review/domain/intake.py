"""How a case follows what the submitting side tells: submitted, resubmitted, withdrawn, in any order and any
number of times. The newest revision counts; review's own decisions are never undone within a revision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from review.domain.case import Assigned, Case, Entry, Happening, Move
from review.domain.deadlines import due_after, due_again
from review.domain.initiative import Initiative, Milestones
from review.domain.interests import level_to_repeat
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
    """The one of several events about one initiative that counts, with whom any of them names as involved."""
    latest = max(told, key=lambda one: one.initiative.revision)
    involved = frozenset[str]().union(*(one.initiative.involved for one in told))
    return replace(latest, initiative=replace(latest.initiative, involved=involved))


def receive(case: Case | None, told: Told, rules: Rulebook) -> Move | None:
    """What the event does to the case, None when it is known or old. Raises NoPolicyError for a new case.

    An old event may still name somebody who is not known as involved: an author of a revision that came late.
    """
    if case is not None and told.initiative.revision <= case.revision:
        return _learned(case, told, rules)
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


def _learned(case: Case, told: Told, rules: Rulebook) -> Move | None:
    """The case with whom the old event adds; a level that one of them passed is decided again."""
    if told.initiative.involved <= case.involved:
        return None
    learned = replace(case, version=case.version + 1, involved=case.involved | told.initiative.involved)
    if case.state is not State.IN_REVIEW or level_to_repeat(learned) is None:
        return Move(learned)
    return _assigned(_repeated(learned, rules, told.at), Happening.REOPENED, told.at, told)


def _repeated(case: Case, rules: Rulebook, at: datetime) -> Case:
    """The case back at the lowest level whose decision does not stand, with a full deadline."""
    level = level_to_repeat(case)
    if level is None:
        return case
    standing = tuple(passed for passed in case.milestones.validated if passed.level < level)
    days = case.policy.level(level).due_working_days
    return replace(
        case,
        level=level,
        milestones=replace(case.milestones, validated=standing),
        due_on=due_after(rules.calendar, rules.local_day(at), days),
        days_left=None,
    )


def _resubmitted(case: Case, told: Told, rules: Rulebook) -> Move:
    """The case goes on at the level that asked, with the days that it had left; or further down, where an
    author of this revision passed the level."""
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
        involved=case.involved | told.initiative.involved,
    )
    resumed = _repeated(resumed, rules, told.at)
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
            involved=case.involved | told.initiative.involved,
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
        involved=told.initiative.involved,
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
    if told.initiative.imported:
        return milestones.resubmitted or milestones.submitted
    return told.at
