"""What a case looks like from outside, to one reader in one language. It selects and names, never decides."""

from __future__ import annotations

from typing import Any

from chassis.problems import Language
from chassis.tokens import Principal
from review.application.permissions import may_decide
from review.application.ports import Units
from review.domain.case import Case, Entry
from review.domain.decisions import Choice
from review.domain.interests import Bar, bar
from review.domain.policy import PolicyShelf
from review.domain.workflow import State


def summary(case: Case, principal: Principal) -> dict[str, Any]:
    """A case in a list."""
    waits = case.state is State.IN_REVIEW
    reason = bar(case, principal.subject)
    return {
        "initiative_id": case.id,
        "code": case.initiative.code,
        "title": case.initiative.title,
        "state": str(case.state),
        "unit": case.initiative.unit,
        "revision": case.revision,
        "level": case.level,
        "levels": case.levels,
        "waiting_for": {"role": case.assigned.role, "unit": case.assigned.unit} if waits else None,
        "due_on": case.due_on,
        "submitted_at": case.milestones.submitted,
        "own": reason is Bar.INVOLVED,
        "barred": None if reason is None else str(reason),
    }


def full(
    case: Case, principal: Principal, units: Units, policies: PolicyShelf, language: Language
) -> dict[str, Any]:
    """A case with its history, levels and next step."""
    passed = {validated.level: validated.at for validated in case.milestones.validated}
    reasons = policies.reject_reasons(case.policy)
    return {
        **summary(case, principal),
        "source": str(case.initiative.source),
        "confidential": case.initiative.confidential,
        "unit_path": case.initiative.unit_path,
        "opened_at": case.opened_at,
        "expected_answer_on": case.initiative.expected_answer_on,
        "benefit_declared_vnd": case.initiative.benefit_declared,
        "benefit_verified_vnd": case.benefit_verified,
        "policy": f"{case.policy.pack}.{case.policy.version}",
        "path_of_levels": [
            {
                "level": number,
                "role": level.role,
                "unit": level.unit,
                "unit_name": _name(level.unit, units, language),
                "due_working_days": level.due_working_days,
                "validated_at": passed.get(number),
            }
            for number, level in enumerate(case.policy.levels, 1)
        ],
        "next_step": _next_step(case, principal, units, language),
        "acts": [str(choice) for choice in Choice] if _may_act(case, principal) else [],
        "reject_reasons": [
            {"code": reason.code, "text": reason.en if language == "en" else reason.vi} for reason in reasons
        ],
        "history": [_entry(entry) for entry in case.history],
        "version": case.version,
    }


def _may_act(case: Case, principal: Principal) -> bool:
    return case.state is State.IN_REVIEW and may_decide(principal, case)


def _next_step(case: Case, principal: Principal, units: Units, language: Language) -> dict[str, Any]:
    nothing = {"step": "none", "role": None, "unit": None, "unit_name": None, "due_on": None, "mine": False}
    if case.state is State.REVISION_REQUESTED:
        return {**nothing, "step": "revision", "mine": principal.subject in case.initiative.owners}
    if case.state is not State.IN_REVIEW:
        return nothing
    return {
        "step": "decision",
        "role": case.assigned.role,
        "unit": case.assigned.unit,
        "unit_name": _name(case.assigned.unit, units, language),
        "due_on": case.due_on,
        "mine": _may_act(case, principal),
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "what": str(entry.what),
        "at": entry.at,
        "recorded_at": entry.recorded_at,
        "revision": entry.revision,
        "level": entry.level,
        "by": entry.by,
        "role": entry.role,
        "unit": entry.unit,
        "items": [{"pointer": item.pointer, "code": item.code, "text": item.text} for item in entry.items],
        "reason_code": entry.reason_code,
        "text": entry.text,
        "verified_benefit_vnd": entry.benefit_verified,
    }


def _name(code: str, units: Units, language: Language) -> str | None:
    """A unit's name, in English where it has one; None while this service has not heard of it."""
    unit = units.find(code)
    if unit is None:
        return None
    return unit.facts.name_en if language == "en" and unit.facts.name_en else unit.facts.name_vi
