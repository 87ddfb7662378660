"""Owns who is told of what: one table from event to audience, words and mail queue. It must never know
how an event travels or how a message is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a message says. Each kind has one title and one body per language."""

    SUBMITTED = "submitted"
    ASSIGNED = "assigned"
    REVISION_REQUESTED = "revision_requested"
    VALIDATED = "validated"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    TARGET_REACHED = "target_reached"


class Channel(StrEnum):
    INBOX = "inbox"
    EMAIL = "email"


class Locale(StrEnum):
    VI = "vi"
    EN = "en"


class Audience(StrEnum):
    """Whom an occurrence concerns."""

    AUTHORS = "authors"  # the submitter and the authors who are members
    ASSIGNEES = "assignees"  # who holds exactly the role at exactly the unit, authors and submitter excepted
    OFFICIALS = "officials"  # the officials of exactly that unit


class Queue(StrEnum):
    """Mail waits in one of three queues, so that neither a fan-out to a group nor the retries of a slow
    address hold up the answer that one person waits for."""

    PERSONAL = "personal"
    GROUP = "group"
    RETRY = "retry"


@dataclass(frozen=True)
class Rule:
    """One row of the table: the kind is also the name of the words to use."""

    kind: Kind
    audience: Audience
    queue: Queue


TOLD: Mapping[str, Rule] = {
    "initiative.submitted": Rule(Kind.SUBMITTED, Audience.AUTHORS, Queue.PERSONAL),
    "initiative.withdrawn": Rule(Kind.WITHDRAWN, Audience.AUTHORS, Queue.PERSONAL),
    "initiative.revision_requested": Rule(Kind.REVISION_REQUESTED, Audience.AUTHORS, Queue.PERSONAL),
    "initiative.validated": Rule(Kind.VALIDATED, Audience.AUTHORS, Queue.PERSONAL),
    "initiative.approved": Rule(Kind.APPROVED, Audience.AUTHORS, Queue.PERSONAL),
    "initiative.rejected": Rule(Kind.REJECTED, Audience.AUTHORS, Queue.PERSONAL),
    "review.assigned": Rule(Kind.ASSIGNED, Audience.ASSIGNEES, Queue.GROUP),
    "target.reached": Rule(Kind.TARGET_REACHED, Audience.OFFICIALS, Queue.GROUP),
}
