"""Consumed payloads to the domain. A payload that no rule can count is refused for good."""

from __future__ import annotations

import re

from chassis.clock import local_day, parse_rfc3339
from chassis.consumer.errors import Refused
from chassis.events.codec import Event
from stats.domain.campaigns import Campaign
from stats.domain.snapshots import ENDINGS, Basis, InvalidSnapshotError, Snapshot
from union.units import Unit, unit_of

INITIATIVE_TOPICS = (
    "initiative.submitted",
    "initiative.withdrawn",
    "initiative.revision_requested",
    "initiative.validated",
    "initiative.approved",
    "initiative.rejected",
)
UNIT_TOPIC = "unit.changed"
CAMPAIGN_TOPIC = "campaign.changed"
REFERENCE_TOPICS = (UNIT_TOPIC, CAMPAIGN_TOPIC)
CONSUMED_TOPICS = (*INITIATIVE_TOPICS, *REFERENCE_TOPICS)

# The contract bounds every amount of money, but not this number; the form of submission allows 100.
MOST_AUTHORS = 10_000

_SEQUENCE = re.compile(r"[0-9]{6}\.[0-9]{6}")
_ENDINGS = {ending.value: ending for ending in ENDINGS}


def snapshot_from(event: Event) -> Snapshot:
    """The snapshot in an `initiative.*` event. Refused if it cannot be counted."""
    if event.sequence is None or _SEQUENCE.fullmatch(event.sequence) is None:
        raise Refused("sequence-missing", "a snapshot event needs ce_sequence <revision>.<step>")
    data, milestones = event.data, event.data["milestones"]
    ending: Basis | None = _ENDINGS.get(data["state"])
    ended_at = milestones[ending.value] if ending else None
    try:
        return Snapshot(
            initiative=data["initiative_id"],
            sequence=event.sequence,
            unit_path=tuple(data["unit_path"]),
            campaigns=tuple(data["campaigns"]),
            solution_type=data["solution_type"],
            block=data["block"],
            submitted_on=local_day(parse_rfc3339(milestones["submitted"])),
            ending=ending,
            ended_on=local_day(parse_rfc3339(ended_at)) if ended_at else None,
            # An integer of JSON Schema may be written as 1e15, which is read as a float.
            benefit=int(data["benefit_declared"] or 0),
            authors=int(min(data["author_count"], MOST_AUTHORS)),
            at=event.time,
            quantified=data["benefit_declared"] is not None,
            verified=None if data["benefit_verified"] is None else int(data["benefit_verified"]),
        )
    except InvalidSnapshotError as refusal:
        raise Refused(refusal.code, str(refusal)) from refusal
    except ValueError as error:
        raise Refused("impossible-date", "a milestone is no moment of any calendar") from error


def unit_from(event: Event) -> Unit:
    try:
        return unit_of(event.data["code"], event.data)
    except ValueError as error:
        raise Refused("impossible-date", "valid_from or valid_to is no day of any calendar") from error


def campaign_from(event: Event) -> Campaign:
    data = event.data
    try:
        opens_at, closes_at = parse_rfc3339(data["opens_at"]), parse_rfc3339(data["closes_at"])
    except ValueError as error:
        raise Refused("impossible-date", "the window is no moment of any calendar") from error
    if opens_at >= closes_at:
        raise Refused("empty-window", "a campaign closes after it opens")
    return Campaign(
        id=data["id"],
        programme=data["programme"],
        name_vi=data["name_vi"],
        name_en=data["name_en"],
        opens_at=opens_at,
        closes_at=closes_at,
        version=data["version"],
    )
