"""How initiatives, units and campaigns look in answers. Texts of a confidential initiative are shown only
in full."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chassis.clock import local_day, rfc3339
from submission.adapters import content_json
from submission.application.answers import outcome
from submission.application.ports import Listed, Published
from submission.application.reading import Seen
from submission.domain.campaigns import Campaign
from submission.domain.content import Content
from submission.domain.initiative import Initiative, Milestones
from submission.domain.states import acts_in
from union.units import Unit

# What officials see of a confidential initiative: title, effect and evidence.
SHOWN_OF_CONFIDENTIAL = frozenset(
    {
        "unit",
        "title",
        "campaign",
        "field",
        "solution_type",
        "benefit",
        "recognition",
        "confidential",
        "first_applied_on",
    }
)


def initiative(seen: Seen) -> dict[str, Any]:
    one = seen.initiative
    registration = one.registration
    return {
        **outcome(200, one).body,
        "unit_path": [] if registration is None else list(registration.unit_path),
        "source": None if registration is None else str(registration.source),
        "level": one.progress.level,
        "levels": one.progress.levels,
        "benefit_verified": one.progress.benefit_verified,
        "milestones": None if one.milestones is None else _milestones(one.milestones),
        "created_at": rfc3339(one.created_at),
        "withdrawal_reason": one.withdrawal_reason if seen.in_full else None,
        "acts": [act.value for act in acts_in(one.state)],
        "content": _shown(one.content, seen.in_full),
    }


def listed(row: Listed) -> dict[str, Any]:
    return {
        "id": row.id,
        "version": row.version,
        "state": row.state,
        "title": row.title,
        "unit": row.unit,
        "campaign": row.campaign,
        "code": row.code,
        "level": row.level,
        "levels": row.levels,
        "created_at": rfc3339(row.created_at),
        "submitted_at": None if row.submitted_at is None else rfc3339(row.submitted_at),
    }


def published(row: Published) -> dict[str, Any]:
    return {
        "code": row.code,
        "title": row.title,
        "unit": row.unit,
        "field": row.field,
        "solution_type": row.solution_type,
        "campaign": row.campaign,
        "approved_on": local_day(row.approved_at).isoformat(),
        "benefit_declared": row.benefit_declared,
        "benefit_verified": row.benefit_verified,
        "author_count": row.author_count,
    }


def earlier(seen: Seen) -> list[dict[str, Any]]:
    """The contents that were submitted before the present one, oldest first."""
    return [
        {
            "revision": one.revision,
            "submitted_at": rfc3339(one.submitted_at),
            "content": _shown(one.content, seen.in_full),
        }
        for one in seen.initiative.earlier
    ]


def _shown(content: Content, in_full: bool) -> dict[str, Any]:
    shown = content_json.to_json(content)
    return shown if in_full else {k: v for k, v in shown.items() if k in SHOWN_OF_CONFIDENTIAL}


def receipt(one: Initiative, unit: Unit | None, campaign: Campaign | None) -> dict[str, Any]:
    """What anybody may know who has the code: no title and no person."""
    registration, milestones = one.registration, one.milestones
    if registration is None or milestones is None:
        raise ValueError("a draft has no receipt")
    return {
        "code": registration.code,
        "state": one.state.value,
        "unit": one.content.unit,
        "unit_name_vi": one.content.unit if unit is None else unit.facts.name_vi,
        "campaign": one.content.campaign,
        "campaign_name_vi": one.content.campaign if campaign is None else campaign.facts.name_vi,
        "campaign_name_en": one.content.campaign if campaign is None else campaign.facts.name_en,
        "submitted_on": local_day(milestones.submitted).isoformat(),
        "expected_answer_on": registration.expected_answer_on.isoformat(),
    }


def unit(one: Unit) -> dict[str, Any]:
    facts = one.facts
    return {
        "code": one.code,
        "name_vi": facts.name_vi,
        "name_en": facts.name_en,
        "parent": facts.parent,
        "path": list(one.path),
        "level": facts.level,
        "block": facts.block,
        "cluster": facts.cluster,
        "valid_from": facts.valid_from.isoformat(),
        "valid_to": None if facts.valid_to is None else facts.valid_to.isoformat(),
        "version": one.version,
    }


def campaign(one: Campaign) -> dict[str, Any]:
    facts = one.facts
    return {
        "id": one.id,
        "programme": facts.programme,
        "name_vi": facts.name_vi,
        "name_en": facts.name_en,
        "opens_at": rfc3339(facts.opens_at),
        "closes_at": rfc3339(facts.closes_at),
        "eligible_from": facts.eligible_from.isoformat(),
        "eligible_to": facts.eligible_to.isoformat(),
        "version": one.version,
    }


def _milestones(milestones: Milestones) -> dict[str, Any]:
    return {
        "submitted": rfc3339(milestones.submitted),
        "resubmitted": _moment(milestones.resubmitted),
        "in_review": _moment(milestones.in_review),
        "revision_requested": _moment(milestones.revision_requested),
        "validated": [
            {"level": passed.level, "unit": passed.unit, "at": rfc3339(passed.at)}
            for passed in milestones.validated
        ],
        "approved": _moment(milestones.approved),
        "rejected": _moment(milestones.rejected),
        "withdrawn": _moment(milestones.withdrawn),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
