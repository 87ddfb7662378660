"""Compares what must agree: the counters with the postings of the stored snapshots, and those snapshots with
what the owner of initiatives says. It never repairs anything; a rebuild does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from stats.application.ports import CounterAudit, Reading
from stats.domain.counting import NOTHING, Amount, Posting, Tally, add, postings
from stats.domain.figures import STORED_BASES
from stats.domain.snapshots import Basis, Snapshot

EVERY_DAY = date.min


@dataclass(frozen=True)
class CounterDifference:
    """posting.day is EVERY_DAY for a total."""

    posting: Posting
    counted: Amount
    expected: Amount


@dataclass(frozen=True)
class Expected:
    """What the owner says about an initiative, as far as counting goes."""

    unit_path: tuple[str, ...]
    campaigns: tuple[str, ...]
    submitted_on: date
    ending: Basis | None
    ended_on: date | None


@dataclass(frozen=True)
class InitiativeDifference:
    """None on either side: not known there."""

    initiative: str
    counted: Expected | None
    expected: Expected | None


@dataclass(frozen=True)
class Reconciliation:
    initiatives: int
    counters: tuple[CounterDifference, ...]
    against: tuple[InitiativeDifference, ...]

    @property
    def agrees(self) -> bool:
        return not self.counters and not self.against


def reconcile(audit: CounterAudit, against: Mapping[str, Expected] | None = None) -> Reconciliation:
    """All differences. against: what the owner says, by initiative id; None compares the counters only.

    Counting goes on meanwhile. Only if something differs that may come from that, it is paused for a second
    look. Raises RebuildRunningError when it is paused by somebody else just then.
    """
    with audit.reading(hold=False) as reading:
        result = _compare(reading, against)
        if result.agrees or reading.undisturbed():
            return result
    with audit.reading(hold=True) as reading:
        return _compare(reading, against)


def _compare(reading: Reading, against: Mapping[str, Expected] | None) -> Reconciliation:
    expected: Tally = {}
    snapshots: dict[str, Expected] = {}
    initiatives = 0
    for snapshot in reading.snapshots():
        initiatives += 1
        add(expected, postings(snapshot))
        if against is not None:
            snapshots[snapshot.initiative] = counted_as(snapshot)
    days, totals = reading.counters()
    stored = {posting: amount for posting, amount in expected.items() if posting.basis in STORED_BASES}
    differences = [*_differences(days, stored), *_differences(totals, _totals(stored))]
    differences.sort(key=lambda difference: difference.posting)
    return Reconciliation(
        initiatives,
        tuple(differences),
        () if against is None else tuple(_initiative_differences(snapshots, against)),
    )


def counted_as(snapshot: Snapshot) -> Expected:
    return Expected(
        snapshot.unit_path, snapshot.campaigns, snapshot.submitted_on, snapshot.ending, snapshot.ended_on
    )


def _totals(days: Tally) -> Tally:
    totals: Tally = {}
    for posting, amount in days.items():
        add(totals, {posting._replace(day=EVERY_DAY): amount})
    return totals


def _differences(counted: Tally, expected: Tally) -> Iterator[CounterDifference]:
    for posting in counted.keys() | expected.keys():
        difference = CounterDifference(posting, counted.get(posting, NOTHING), expected.get(posting, NOTHING))
        if difference.counted != difference.expected:
            yield difference


def _initiative_differences(
    counted: Mapping[str, Expected], expected: Mapping[str, Expected]
) -> Iterable[InitiativeDifference]:
    for initiative in sorted(counted.keys() | expected.keys()):
        difference = InitiativeDifference(initiative, counted.get(initiative), expected.get(initiative))
        if difference.counted != difference.expected:
            yield difference
