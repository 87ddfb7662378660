"""What one initiative contributes to the counters, and how a batch of snapshots changes them.

Statistics are a pure function of the newest snapshots: a counter is the sum of `postings` over all
initiatives, so duplicates, reordering, replay and rebuild give the same figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from operator import add as add_numbers
from operator import sub as subtract_numbers
from typing import NamedTuple

from stats.domain.snapshots import Basis, Snapshot

ALL = "all"


class Amount(NamedTuple):
    """How much is counted; each number may be negative and of any size.

    benefit: declared, VND. quantified: initiatives that declared an amount. verified: initiatives whose
    benefit a reviewer verified; verified_benefit: as verified, VND.
    """

    initiatives: int = 0
    benefit: int = 0
    authors: int = 0
    quantified: int = 0
    verified: int = 0
    verified_benefit: int = 0

    def plus(self, other: Amount) -> Amount:
        return Amount(*map(add_numbers, self, other))

    def minus(self, other: Amount) -> Amount:
        return Amount(*map(subtract_numbers, self, other))

    def times(self, factor: int) -> Amount:
        return Amount(*[factor * number for number in self])


NOTHING = Amount()


class Posting(NamedTuple):
    """Where an amount is counted. dimension: "all", "type:<solution type>" or "block:<block>"."""

    unit: str
    campaign: str
    dimension: str
    basis: Basis
    day: date


Tally = dict[Posting, Amount]


def dimensions(snapshot: Snapshot) -> tuple[str, ...]:
    """The slices an initiative is counted in, beside the whole."""
    by_type = f"type:{snapshot.solution_type}"
    return (ALL, by_type) if snapshot.block is None else (ALL, by_type, f"block:{snapshot.block}")


def contribution(snapshot: Snapshot) -> Amount:
    """What the initiative adds wherever it is counted."""
    return Amount(
        initiatives=1,
        benefit=snapshot.benefit,
        authors=snapshot.authors,
        quantified=int(snapshot.quantified),
        verified=int(snapshot.verified is not None),
        verified_benefit=snapshot.verified or 0,
    )


def postings(snapshot: Snapshot) -> Tally:
    """Everything the initiative contributes, dated by its milestones.

    Submitted counts on the day of submission and for good. In review counts from then until the ending,
    which takes it back and counts on its own day. Hence submitted = in review + approved + rejected +
    withdrawn, for every unit, campaign, dimension and day.
    """
    signs: defaultdict[tuple[Basis, date], int] = defaultdict(int)
    for basis, day, sign in _dated(snapshot):
        signs[basis, day] += sign
    # Submitted and ended on one day leaves nothing in review on it.
    once = contribution(snapshot)
    dated = [(basis, day, once.times(sign)) for (basis, day), sign in signs.items() if sign]
    return {
        Posting(unit, campaign, dimension, basis, day): amount
        for unit in snapshot.unit_path
        for campaign in snapshot.campaigns
        for dimension in dimensions(snapshot)
        for basis, day, amount in dated
    }


def _dated(snapshot: Snapshot) -> Iterator[tuple[Basis, date, int]]:
    yield Basis.SUBMITTED, snapshot.submitted_on, 1
    yield Basis.IN_REVIEW, snapshot.submitted_on, 1
    if snapshot.ending is not None and snapshot.ended_on is not None:
        yield Basis.IN_REVIEW, snapshot.ended_on, -1
        yield snapshot.ending, snapshot.ended_on, 1


def add(tally: Tally, other: Tally, sign: int = 1) -> None:
    """Add `other`, `sign` times, to `tally` in place; what sums to nothing is dropped."""
    for posting, amount in other.items():
        total = tally.get(posting, NOTHING).plus(amount if sign == 1 else amount.times(sign))
        if total == NOTHING:
            tally.pop(posting, None)
        else:
            tally[posting] = total


def sum_of_postings(snapshots: Iterable[Snapshot]) -> Tally:
    """What the counters must say when these are the newest snapshots."""
    tally: Tally = {}
    for snapshot in snapshots:
        add(tally, postings(snapshot))
    return tally


@dataclass(frozen=True)
class Change:
    """What a batch does: `deltas` to add to the counters, `newest` to keep in place of the stored ones.

    ignored: how many snapshots of the batch were duplicates or overtaken.
    """

    deltas: Tally
    newest: dict[str, Snapshot]
    ignored: int


def fold(stored: Mapping[str, Snapshot], batch: Iterable[Snapshot]) -> Change:
    """The change that `batch`, in any order and with any repetition, makes to `stored` (by initiative id)."""
    newest: dict[str, Snapshot] = {}
    ignored = 0
    for snapshot in batch:
        known = newest.get(snapshot.initiative) or stored.get(snapshot.initiative)
        if not snapshot.newer_than(known):
            ignored += 1
            continue
        if snapshot.initiative in newest:
            ignored += 1
        newest[snapshot.initiative] = snapshot
    deltas: Tally = {}
    for initiative, snapshot in newest.items():
        add(deltas, postings(snapshot))
        if initiative in stored:
            add(deltas, postings(stored[initiative]), sign=-1)
    return Change(deltas, newest, ignored)
