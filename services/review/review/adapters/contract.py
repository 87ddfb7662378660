"""Events of the contract <-> the domain: reads what submission says, and writes the full snapshot of a case:
the facts as they were received, with review's own laid over them. Nothing else knows the shape of the
payloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

from chassis import tracing
from chassis.events.codec import Event, EventCodec, PendingEvent, format_time
from chassis.events.overlay import laid_over, without
from review.domain.case import (
    Approved,
    Assigned,
    Case,
    CaseEvent,
    Move,
    Recorded,
    Rejected,
    RevisionRequested,
    Validated,
)
from review.domain.initiative import Initiative, Milestones, ValidatedLevel
from review.domain.intake import Kind, Told
from union.units import Unit, unit_of

SUBMITTED = "initiative.submitted"
WITHDRAWN = "initiative.withdrawn"
UNIT_CHANGED = "unit.changed"
CONSUMED = (SUBMITTED, WITHDRAWN, UNIT_CHANGED)
RELEARNT = (UNIT_CHANGED, SUBMITTED)

KINDS: Mapping[str, Kind] = {SUBMITTED: Kind.SUBMITTED, WITHDRAWN: Kind.WITHDRAWN}
TOPICS: Mapping[type[CaseEvent], str] = {
    Assigned: "review.assigned",
    RevisionRequested: "initiative.revision_requested",
    Validated: "initiative.validated",
    Approved: "initiative.approved",
    Rejected: "initiative.rejected",
}
# The minor version that this code implements, whatever newer one is installed.
PRODUCED: Mapping[str, str] = {
    "review.assigned": "1.1",
    "initiative.revision_requested": "1.1",
    "initiative.validated": "1.1",
    "initiative.approved": "1.1",
    "initiative.rejected": "1.1",
}
# What review decides and so never takes over from a snapshot that it received.
OWN = frozenset({"state", "level", "levels", "benefit_verified", "detail"})
IMPORT = "import"


def told(event: Event) -> Told:
    """What an event of submission tells."""
    data = event.data
    return Told(
        kind=KINDS[event.topic],
        initiative=read_initiative(data),
        milestones=read_milestones(data["milestones"]),
        level=data["level"],
        benefit_verified=data["benefit_verified"],
        at=event.time,
    )


def unit(event: Event) -> Unit:
    """The unit that a `unit.changed` event describes."""
    return unit_of(event.data["code"], event.data)


def continued_trace(event: Event) -> str | None:
    """The `traceparent` of what an event causes: the same trace, a new span."""
    context = None if event.traceparent is None else tracing.parse(event.traceparent)
    return None if context is None else tracing.header(tracing.child(context))


def pending(
    codec: EventCodec, move: Move, now: datetime, traceparent: str | None = None
) -> list[PendingEvent]:
    """The events of a move, encoded. now: UTC; traceparent: of what caused it, the current trace if None.

    Raises ContractViolation, which is a bug.
    """
    return [
        codec.pending(
            TOPICS[type(recorded.event)],
            subject=recorded.case.id,
            data=own_facts(recorded),
            over=write_initiative(recorded.case.initiative),
            sequence=str(recorded.case.sequence),
            now=now,
            traceparent=traceparent,
        )
        for recorded in move.events
    ]


def own_facts(recorded: Recorded) -> dict[str, Any]:
    """What review says of the case as it stood after the event, with the event's own detail."""
    case = recorded.case
    return {
        "state": str(case.state),
        "involved": sorted(case.involved),
        "benefit_verified": case.benefit_verified,
        "level": case.level,
        "levels": case.levels,
        "milestones": write_milestones(case.milestones),
        "detail": _detail(recorded.event, case),
    }


def _detail(event: CaseEvent, case: Case) -> dict[str, Any]:
    """The free text of decisions stays out: it may name people."""
    match event:
        case Assigned(level, levels, role, unit_code, due_on):
            return {
                "level": level,
                "levels": levels,
                "unit": unit_code,
                "role": role,
                "due_on": due_on.isoformat(),
            }
        case RevisionRequested(items):
            return {"items": [{"pointer": item.pointer, "code": item.code} for item in items]}
        case Validated(level, unit_code):
            return {"level": level, "unit": unit_code}
        case Rejected(reason_code):
            return {"reason_code": reason_code}
        case Approved():
            return {}


def read_initiative(data: Mapping[str, Any]) -> Initiative:
    """The facts of a snapshot, or of a stored case. Version 1.0 has no `involved` and no `imported`."""
    authors, submitter = data["author_ids"], data["submitted_by"]
    return Initiative(
        id=data["initiative_id"],
        code=data["code"],
        revision=data["revision"],
        title=data["title"],
        confidential=data["confidential"],
        source=data["source"],
        imported=data.get("imported", data["source"] == IMPORT),
        programme=data["programme"],
        campaign=data["campaign"],
        campaigns=tuple(data["campaigns"]),
        unit_path=tuple(data["unit_path"]),
        block=data["block"],
        field=data["field"],
        solution_type=data["solution_type"],
        author_count=data["author_count"],
        author_ids=tuple(authors),
        submitted_by=submitter,
        involved=frozenset((*data.get("involved", ()), *authors, submitter)),
        benefit_declared=data["benefit_declared"],
        expected_answer_on=date.fromisoformat(data["expected_answer_on"]),
        received=_received(data),
    )


def _received(data: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot without what review decides; of its milestones those that this code does not know."""
    facts = without(data, {*OWN, "milestones"})
    later = without(data.get("milestones", {}), _MILESTONES)
    return {**facts, "milestones": later} if later else facts


def write_initiative(initiative: Initiative) -> dict[str, Any]:
    """The facts as they were received; of those that this code knows, the values that it read."""
    return laid_over(initiative.received, _known_facts(initiative))


def _known_facts(initiative: Initiative) -> dict[str, Any]:
    return {
        "initiative_id": initiative.id,
        "code": initiative.code,
        "revision": initiative.revision,
        "title": initiative.title,
        "confidential": initiative.confidential,
        "source": initiative.source,
        "imported": initiative.imported,
        "programme": initiative.programme,
        "campaign": initiative.campaign,
        "campaigns": list(initiative.campaigns),
        "unit": initiative.unit,
        "unit_path": list(initiative.unit_path),
        "block": initiative.block,
        "field": initiative.field,
        "solution_type": initiative.solution_type,
        "author_count": initiative.author_count,
        "author_ids": list(initiative.author_ids),
        "submitted_by": initiative.submitted_by,
        "involved": sorted(initiative.involved),
        "benefit_declared": initiative.benefit_declared,
        "expected_answer_on": initiative.expected_answer_on.isoformat(),
    }


_MILESTONES = frozenset(field.name for field in fields(Milestones))


def read_milestones(data: Mapping[str, Any]) -> Milestones:
    return Milestones(
        submitted=_moment(data["submitted"]),
        resubmitted=_moment_or_none(data["resubmitted"]),
        in_review=_moment_or_none(data["in_review"]),
        revision_requested=_moment_or_none(data["revision_requested"]),
        validated=tuple(ValidatedLevel(v["level"], v["unit"], _moment(v["at"])) for v in data["validated"]),
        approved=_moment_or_none(data["approved"]),
        rejected=_moment_or_none(data["rejected"]),
        withdrawn=_moment_or_none(data["withdrawn"]),
    )


def write_milestones(milestones: Milestones) -> dict[str, Any]:
    return {
        "submitted": format_time(milestones.submitted),
        "resubmitted": _text_or_none(milestones.resubmitted),
        "in_review": _text_or_none(milestones.in_review),
        "revision_requested": _text_or_none(milestones.revision_requested),
        "validated": [
            {"level": passed.level, "unit": passed.unit, "at": format_time(passed.at)}
            for passed in milestones.validated
        ],
        "approved": _text_or_none(milestones.approved),
        "rejected": _text_or_none(milestones.rejected),
        "withdrawn": _text_or_none(milestones.withdrawn),
    }


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _moment_or_none(text: str | None) -> datetime | None:
    return None if text is None else _moment(text)


def _text_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
