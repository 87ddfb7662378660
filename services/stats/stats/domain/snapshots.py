"""What statistics keep of an initiative: the part of its newest snapshot that decides what it counts for.

It must never hold titles, people or anything else that no counter needs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

# These may not occur in a name that becomes part of a counter's key or of a field's path.
_RESERVED = frozenset("|.$\0")


class Basis(StrEnum):
    """What a published count is a count of. Every count names its basis."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


# A snapshot has at most one ending: the one that its state names, whatever other milestones it carries.
ENDINGS = frozenset({Basis.APPROVED, Basis.REJECTED, Basis.WITHDRAWN})


class InvalidSnapshotError(Exception):
    """A snapshot that no rule can count; `code` is stable, the message is for operators."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One initiative as of `sequence`.

    sequence: "<revision>.<step>", zero-padded, compared as a string over both producers.
    unit_path: unit codes, root first, frozen at the first submission; campaigns: frozen likewise.
    ending, ended_on: both set or both None; days are local days of the milestones.
    benefit: declared VND, 0 when none was declared; at: the time of the event that reported it, UTC.
    quantified: whether an amount was declared; verified: the benefit that a reviewer verified, VND.
    """

    initiative: str
    sequence: str
    unit_path: tuple[str, ...]
    campaigns: tuple[str, ...]
    solution_type: str
    block: str | None
    submitted_on: date
    ending: Basis | None
    ended_on: date | None
    benefit: int
    authors: int
    at: datetime = field(compare=False)
    quantified: bool = False
    verified: int | None = None

    def __post_init__(self) -> None:
        if not self.unit_path or not self.campaigns:
            raise InvalidSnapshotError("nowhere-to-count", "a snapshot needs a unit path and a campaign")
        if (self.ending is None) != (self.ended_on is None):
            raise InvalidSnapshotError("ending-without-day", "the state's own milestone has no date")
        if self.ending is not None and self.ending not in ENDINGS:
            raise InvalidSnapshotError("not-an-ending", f"{self.ending} does not end an initiative")
        for name in (*self.unit_path, *self.campaigns, self.solution_type, self.block or ""):
            if not _RESERVED.isdisjoint(name):
                raise InvalidSnapshotError("reserved-character", "a code holds one of | . $ NUL")

    def newer_than(self, other: Snapshot | None) -> bool:
        return other is None or self.sequence > other.sequence
