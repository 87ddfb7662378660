"""The payloads of this service's events, from the domain to the contract. Nothing else knows their shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from chassis.clock import rfc3339
from chassis.events.codec import EventCodec, PendingEvent
from submission.domain.campaigns import Campaign
from submission.domain.content import Recognition, SolutionType, Source
from submission.domain.initiative import Initiative, Milestones
from union.units import Block, Unit, UnitLevel, unit_values

SUBMITTED = "initiative.submitted"
WITHDRAWN = "initiative.withdrawn"
UNIT_CHANGED = "unit.changed"
CAMPAIGN_CHANGED = "campaign.changed"
# The minor version that this code implements, whatever newer one is installed.
PRODUCED: Mapping[str, str] = {
    SUBMITTED: "1.1",
    WITHDRAWN: "1.1",
    UNIT_CHANGED: "1.1",
    CAMPAIGN_CHANGED: "1.0",
}
# The properties of a snapshot, and of its milestones, that this code writes itself.
SNAPSHOT = frozenset(
    (
        *("initiative_id", "code", "revision", "state", "title", "confidential", "source", "imported"),
        *("programme", "campaign", "campaigns", "unit", "unit_path", "block", "field", "solution_type"),
        *("author_count", "author_ids", "submitted_by", "entered_by", "involved", "benefit_declared"),
        *("benefit_verified", "level", "levels", "expected_answer_on", "recognition", "milestones"),
    )
)
MILESTONES = frozenset(field.name for field in fields(Milestones))


@dataclass(frozen=True)
class ContractAnnouncements:
    codec: EventCodec

    def submitted(self, initiative: Initiative, *, resubmission: bool, now: datetime) -> PendingEvent:
        return self._snapshot(SUBMITTED, initiative, {"resubmission": resubmission}, now)

    def withdrawn(self, initiative: Initiative, *, now: datetime) -> PendingEvent:
        return self._snapshot(WITHDRAWN, initiative, {}, now)

    def unit_changed(self, unit: Unit, *, now: datetime) -> PendingEvent:
        data, later = _of_later_lists(unit_payload(unit))
        return self.codec.pending(
            UNIT_CHANGED, subject=unit.code, data=data, sequence=None, now=now, over=later or None
        )

    def campaign_changed(self, campaign: Campaign, *, now: datetime) -> PendingEvent:
        data = campaign_payload(campaign)
        return self.codec.pending(CAMPAIGN_CHANGED, subject=campaign.id, data=data, sequence=None, now=now)

    def _snapshot(
        self, topic: str, initiative: Initiative, detail: dict[str, Any], now: datetime
    ) -> PendingEvent:
        data, later = _of_later_lists(snapshot(initiative))
        data["detail"] = detail
        return self.codec.pending(
            topic,
            subject=initiative.id,
            data=data,
            sequence=str(initiative.sequence),
            now=now,
            over={**initiative.passed, **later} or None,
        )


# What this code lets in of each open list.
_LISTS: Mapping[str, type[StrEnum]] = {
    "solution_type": SolutionType,
    "source": Source,
    "block": Block,
    "level": UnitLevel,
}


def _of_later_lists(payload: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The payload, and apart from it the values of open lists that a later release has stored: they are
    passed on, not vouched for."""
    later = {
        name: payload[name]
        for name, values in _LISTS.items()
        if isinstance(payload.get(name), str) and payload[name] not in frozenset(values)
    }
    return {name: value for name, value in payload.items() if name not in later}, later


def snapshot(initiative: Initiative) -> dict[str, Any]:
    """The whole state that other services need. Nothing personal but opaque ids, no words of a confidential
    one."""
    registration, milestones = initiative.registration, initiative.milestones
    if registration is None or milestones is None:
        raise ValueError("a draft has no snapshot: nobody else hears of it")
    content = initiative.content
    return {
        "initiative_id": initiative.id,
        "code": registration.code,
        "revision": initiative.sequence.revision,
        "state": initiative.state.value,
        "title": None if content.confidential else content.title,
        "confidential": content.confidential,
        "source": str(registration.source),
        "imported": registration.source == Source.IMPORT,
        "programme": registration.programme,
        "campaign": content.campaign,
        "campaigns": list(registration.campaigns),
        "unit": content.unit,
        "unit_path": list(registration.unit_path),
        "block": registration.block,
        "field": content.field,
        "solution_type": content.solution_type,
        "author_count": len(content.authors),
        "author_ids": list(content.author_ids()),
        "submitted_by": registration.submitted_by,
        "entered_by": initiative.entered_by or registration.submitted_by,
        "involved": sorted(initiative.ever_involved()),
        "benefit_declared": None if content.benefit is None else content.benefit.declared_vnd,
        "benefit_verified": initiative.progress.benefit_verified,
        "level": initiative.progress.level,
        "levels": initiative.progress.levels,
        "expected_answer_on": registration.expected_answer_on.isoformat(),
        # Its issuer and number are words that people wrote.
        "recognition": None if content.confidential else recognition_payload(content.recognition),
        "milestones": milestones_payload(milestones),
    }


def recognition_payload(recognition: Recognition | None) -> dict[str, Any] | None:
    if recognition is None or recognition.decided_on is None:
        return None
    return {
        "number": recognition.decision_no,
        "date": recognition.decided_on.isoformat(),
        "issuer": recognition.issuer,
        "level": recognition.level,
    }


def milestones_payload(milestones: Milestones) -> dict[str, Any]:
    return {
        "submitted": rfc3339(milestones.submitted),
        "resubmitted": _text(milestones.resubmitted),
        "in_review": _text(milestones.in_review),
        "revision_requested": _text(milestones.revision_requested),
        "validated": [
            {"level": passed.level, "unit": passed.unit, "at": rfc3339(passed.at)}
            for passed in milestones.validated
        ],
        "approved": _text(milestones.approved),
        "rejected": _text(milestones.rejected),
        "withdrawn": _text(milestones.withdrawn),
    }


def unit_payload(unit: Unit) -> dict[str, Any]:
    return {"code": unit.code, **unit_values(unit)}


def campaign_payload(campaign: Campaign) -> dict[str, Any]:
    facts = campaign.facts
    return {
        "id": campaign.id,
        "programme": facts.programme,
        "name_vi": facts.name_vi,
        "name_en": facts.name_en,
        "opens_at": rfc3339(facts.opens_at),
        "closes_at": rfc3339(facts.closes_at),
        "eligible_from": facts.eligible_from.isoformat(),
        "eligible_to": facts.eligible_to.isoformat(),
        "version": campaign.version,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
