"""Owns what happened, in the terms that decide who is told: people, roles and the facts that the words
need. It must never carry a name or an address; people appear by opaque member id only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from notify.domain.contacts import Grant
from notify.domain.kinds import Kind, Rule
from notify.domain.names import Bearer, Mentions

Fact = str | int | bool | None


@dataclass(frozen=True)
class Initiative:
    """The initiative it is about; `people` are its submitter and those of its authors who are members."""

    id: str
    revision: int
    people: frozenset[str]


@dataclass(frozen=True)
class Occurrence:
    """One consumed event.

    event_id: the same on every delivery of the event; at: UTC; initiative: None when it is about a unit;
    told_role: who is addressed by role, for the audiences that are; facts: what the words may mention;
    mentions: facts that are ids, to be shown by name.
    """

    event_id: str
    rule: Rule
    at: datetime
    initiative: Initiative | None
    told_role: Grant | None
    facts: Mapping[str, Fact]
    mentions: Mentions = field(default_factory=dict)


def all_mentions(occurrences: Iterable[Occurrence]) -> Mentions:
    """Everything that any of `occurrences` mentions by id."""
    mentioned: dict[Bearer, frozenset[str]] = {}
    for occurrence in occurrences:
        for bearer, ids in occurrence.mentions.items():
            mentioned[bearer] = mentioned.get(bearer, frozenset()) | ids
    return mentioned


def withdrawn_revisions(occurrences: Iterable[Occurrence]) -> dict[str, int]:
    """The highest withdrawn revision of each initiative among `occurrences`."""
    revisions: dict[str, int] = {}
    for occurrence in occurrences:
        initiative = occurrence.initiative
        if initiative is not None and occurrence.rule.kind is Kind.WITHDRAWN:
            revisions[initiative.id] = max(initiative.revision, revisions.get(initiative.id, 0))
    return revisions


def is_silenced(occurrence: Occurrence, withdrawn: Mapping[str, int]) -> bool:
    """Whether a withdrawal has overtaken it: its revision is older than a withdrawn one of its initiative.

    Topics are not ordered among each other, so the approval of a revision may arrive after the withdrawal
    that beat it; nobody is to hear of it then.
    """
    initiative = occurrence.initiative
    return initiative is not None and initiative.revision < withdrawn.get(initiative.id, 0)
