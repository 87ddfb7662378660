"""Owns what this service reads of an event: the only place that knows the contracts' field names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from chassis.clock import local_day
from chassis.events.codec import Event
from notify.application.ports import GivenName
from notify.domain.contacts import OFFICIAL, Grant
from notify.domain.kinds import TOLD, Kind, Locale
from notify.domain.names import Bearer, Mentions
from notify.domain.occurrences import Fact, Initiative, Occurrence
from union.units import unit_of, unit_values

TARGET_REACHED: Final = "target.reached"
# Topics that tell nobody but say how something is called: of what, and the field of its id.
NAMING: Final[Mapping[str, tuple[Bearer, str]]] = {
    "unit.changed": (Bearer.UNIT, "code"),
    "campaign.changed": (Bearer.CAMPAIGN, "id"),
}
TOPICS: Final = (*TOLD, *NAMING)
# The facts that are ids, to be shown by name.
NAMED_FACTS: Final[Mapping[Bearer, tuple[str, ...]]] = {
    Bearer.UNIT: ("unit", "assigned_unit", "validated_by"),
    Bearer.CAMPAIGN: ("campaign",),
}


def occurrence(event: Event) -> Occurrence:
    """What an event of a topic in the table TOLD says that people are told of."""
    if event.topic == TARGET_REACHED:
        return _target_reached(event)
    data, rule = event.data, TOLD[event.topic]
    detail: Mapping[str, Any] = data.get("detail", {})
    facts: dict[str, Fact] = {
        "initiative_id": data["initiative_id"],
        "code": data["code"],
        # Null in the event when confidential; the flag is asked all the same, for a slip would be mailed out.
        "title": None if data["confidential"] else data["title"],
        "unit": data["unit"],
        **_details(rule.kind, data, detail),
    }
    told_role = Grant(detail["role"], detail["unit"]) if rule.kind is Kind.ASSIGNED else None
    return Occurrence(
        event_id=event.id,
        rule=rule,
        at=event.time,
        initiative=Initiative(
            id=data["initiative_id"],
            revision=data["revision"],
            people=frozenset({*data["author_ids"], data["submitted_by"]}),
        ),
        told_role=told_role,
        facts=facts,
        mentions=_mentions(facts),
    )


def _details(kind: Kind, data: Mapping[str, Any], detail: Mapping[str, Any]) -> dict[str, Fact]:
    if kind is Kind.SUBMITTED:
        return {
            "resubmission": detail["resubmission"],
            "expected_answer_on": data["expected_answer_on"],
        }
    if kind is Kind.ASSIGNED:
        return {
            "level": detail["level"],
            "levels": detail["levels"],
            "role": detail["role"],
            "assigned_unit": detail["unit"],
            "due_on": detail["due_on"],
        }
    if kind is Kind.REVISION_REQUESTED:
        return {"items": len(detail["items"])}
    if kind is Kind.VALIDATED:
        return {"level": detail["level"], "levels": data["levels"], "validated_by": detail["unit"]}
    return {}


def _target_reached(event: Event) -> Occurrence:
    data = event.data
    reached = local_day(datetime.fromisoformat(data["reached_at"]))
    facts: dict[str, Fact] = {
        "campaign": data["campaign"],
        "unit": data["unit"],
        "target": data["target"],
        "count": data["count"],
        "reached_on": reached.isoformat(),
    }
    return Occurrence(
        event_id=event.id,
        rule=TOLD[event.topic],
        at=event.time,
        initiative=None,
        told_role=Grant(OFFICIAL, data["unit"]),
        facts=facts,
        mentions=_mentions(facts),
    )


def _mentions(facts: Mapping[str, Fact]) -> Mentions:
    return {
        bearer: ids
        for bearer, named in NAMED_FACTS.items()
        if (ids := frozenset(str(facts[name]) for name in named if name in facts))
    }


def given_name(event: Event) -> GivenName:
    """How an event of a topic in the table NAMING says that something is called."""
    data = event.data
    bearer, id_field = NAMING[event.topic]
    names = {Locale.VI.value: data["name_vi"]}
    if data["name_en"] is not None:
        names[Locale.EN.value] = data["name_en"]
    facts = unit_values(unit_of(data["code"], data)) if bearer is Bearer.UNIT else {}
    return GivenName(bearer, data[id_field], data["version"], names, facts)
