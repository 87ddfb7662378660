"""What the events of the review service mean here. Loaded by the worker only: it knows the consumer's error
classes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chassis.clock import parse_rfc3339
from chassis.consumer.errors import Refused
from chassis.events.codec import Event
from chassis.events.overlay import without
from submission.adapters.contract import MILESTONES, SNAPSHOT
from submission.application.ports import ReviewChange
from submission.domain.initiative import Milestones, Progress, Validated
from submission.domain.sequence import Sequence
from submission.domain.states import REVIEW_STATES, State

CONSUMED = (
    "review.assigned",
    "initiative.revision_requested",
    "initiative.validated",
    "initiative.approved",
    "initiative.rejected",
)


def review_change(event: Event) -> ReviewChange:
    """What an event of the review service says. Raises Refused for one that it cannot have meant."""
    data = event.data
    try:
        state = State(data["state"])
        sequence = Sequence.parse(event.sequence or "")
    except ValueError:
        raise Refused("no-sequence", "the sequence or the state cannot be read") from None
    if state not in REVIEW_STATES:
        raise Refused("foreign-state", f"{state} is not the review service's to decide")
    if data["initiative_id"] != event.subject or data["revision"] != sequence.revision:
        raise Refused("contradiction", "subject or sequence contradict the data")
    return ReviewChange(
        initiative_id=event.subject,
        sequence=sequence,
        state=state,
        progress=Progress(data["level"], data["levels"], data["benefit_verified"]),
        milestones=_milestones(data["milestones"]),
        passed=_unknown(data),
    )


def _unknown(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a later release of the review service says and this code does not know."""
    passed = without(data, {*SNAPSHOT, "detail"})
    milestones = without(data["milestones"], MILESTONES)
    return {**passed, "milestones": milestones} if milestones else passed


def _milestones(data: Mapping[str, Any]) -> Milestones:
    moments = {name: _moment(data[name]) for name in _MOMENTS}
    validated = tuple(
        Validated(passed["level"], passed["unit"], parse_rfc3339(passed["at"]))
        for passed in data["validated"]
    )
    return Milestones(submitted=parse_rfc3339(data["submitted"]), validated=validated, **moments)


_MOMENTS = ("resubmitted", "in_review", "revision_requested", "approved", "rejected", "withdrawn")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_rfc3339(text)
