"""The shape of the stored documents and their translation; no database access.

snapshots_<generation>  {_id: initiative, sequence, unit_path, campaigns, solution_type, block, submitted_on,
                         ending, ended_on, benefit, authors, at, quantified, verified}
counters_<generation>   {_id: "<unit>|<campaign>|total", c: {dimension: {basis: numbers}},
                         m: {"2022-05": {basis: numbers}}, at}          m: of the dimension "all" only
                        {_id: "<unit>|<campaign>|2022-05", d: {dimension: {"31": {basis: numbers}}}}
numbers: {n: initiatives, b: declared VND, a: authors, q: initiatives with a declared amount, w: initiatives
with a verified amount, v: verified VND}. A number that is zero is absent. Sums of VND that 64 bits might not
hold have a high part as well, bh and vh; see domain.sums. What was stored before q, w and v existed lacks
them, and counts as zero for them until a rebuild.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from stats.domain import sums
from stats.domain.campaigns import Campaign
from stats.domain.counting import ALL, NOTHING, Amount, Posting, Tally
from stats.domain.figures import STORED_BASES, Figures, month_of
from stats.domain.snapshots import Basis, Snapshot
from stats.domain.targets import Place, Target

Document = dict[str, Any]

TOTAL = "total"
# By the fields of Amount: the name of the number and, for a sum of money, of its high part.
NUMBERS = (("n", None), ("b", "bh"), ("a", None), ("q", None), ("w", None), ("v", "vh"))


def total_id(unit: str, campaign: str) -> str:
    return f"{unit}|{campaign}|{TOTAL}"


def month_id(unit: str, campaign: str, month: str) -> str:
    return f"{unit}|{campaign}|{month}"


def snapshot_document(snapshot: Snapshot) -> Document:
    return {
        "_id": snapshot.initiative,
        "sequence": snapshot.sequence,
        "unit_path": list(snapshot.unit_path),
        "campaigns": list(snapshot.campaigns),
        "solution_type": snapshot.solution_type,
        "block": snapshot.block,
        "submitted_on": snapshot.submitted_on.isoformat(),
        "ending": snapshot.ending.value if snapshot.ending else None,
        "ended_on": snapshot.ended_on.isoformat() if snapshot.ended_on else None,
        "benefit": snapshot.benefit,
        "authors": snapshot.authors,
        "at": snapshot.at,
        "quantified": snapshot.quantified,
        "verified": snapshot.verified,
    }


def snapshot_of(document: Mapping[str, Any]) -> Snapshot:
    return Snapshot(
        initiative=document["_id"],
        sequence=document["sequence"],
        unit_path=tuple(document["unit_path"]),
        campaigns=tuple(document["campaigns"]),
        solution_type=document["solution_type"],
        block=document["block"],
        submitted_on=date.fromisoformat(document["submitted_on"]),
        ending=Basis(document["ending"]) if document["ending"] else None,
        ended_on=date.fromisoformat(document["ended_on"]) if document["ended_on"] else None,
        benefit=document["benefit"],
        authors=document["authors"],
        at=document["at"],
        quantified=document.get("quantified", False),
        verified=document.get("verified"),
    )


@dataclass
class CounterChange:
    """What is added to one counter: amounts by path. at: the time of the last event behind it."""

    amounts: dict[tuple[str, ...], Amount] = field(default_factory=dict)
    at: datetime | None = None


def counter_changes(deltas: Tally, snapshots: Mapping[str, Snapshot]) -> dict[str, CounterChange]:
    """The change of each touched counter, by the counter's id.

    snapshots: those that made the deltas; their times become the counters' `at`.
    """
    changes: defaultdict[str, CounterChange] = defaultdict(CounterChange)
    for posting, amount in deltas.items():
        if posting.basis not in STORED_BASES:
            continue
        for counter, path in _paths(posting):
            amounts = changes[counter].amounts
            amounts[path] = amounts.get(path, NOTHING).plus(amount)
    for counter, at in _told_at(snapshots).items():
        if counter in changes:
            changes[counter].at = at
    return dict(changes)


def changed_counter(id: str, stored: Document | None, change: CounterChange) -> Document:
    """The counter with the change added; `stored` is used up."""
    document: Document = {"_id": id} if stored is None else stored
    for path, amount in change.amounts.items():
        numbers = document
        for name in path:
            numbers = numbers.setdefault(name, {})
        for (name, high_name), number in zip(NUMBERS, amount, strict=True):
            if number:
                _add(numbers, name, high_name, number)
    if change.at is not None:
        document["at"] = max(document.get("at", change.at), change.at)
    return document


def _add(numbers: Document, name: str, high_name: str | None, number: int) -> None:
    low = numbers.get(name, 0)
    if high_name is None:
        _put(numbers, name, low + number)
        return
    low, high = sums.stored(sums.joined(low, numbers.get(high_name, 0)) + number)
    _put(numbers, name, low)
    _put(numbers, high_name, high)


def _put(numbers: Document, name: str, number: int) -> None:
    if number:
        numbers[name] = number
    else:
        numbers.pop(name, None)


def _paths(posting: Posting) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The counters that a posting changes, each with the path of its numbers."""
    unit, campaign, dimension, basis, day = posting
    month = month_of(day)
    total = total_id(unit, campaign)
    yield total, ("c", dimension, basis.value)
    if dimension == ALL:
        yield total, ("m", month, basis.value)
    yield month_id(unit, campaign, month), ("d", dimension, f"{day.day:02d}", basis.value)


def _told_at(snapshots: Mapping[str, Snapshot]) -> dict[str, datetime]:
    latest: dict[str, datetime] = {}
    for snapshot in snapshots.values():
        for unit in snapshot.unit_path:
            for campaign in snapshot.campaigns:
                counter = total_id(unit, campaign)
                latest[counter] = max(latest.get(counter, snapshot.at), snapshot.at)
    return latest


def amount_of(numbers: Mapping[str, int]) -> Amount:
    get = numbers.get
    return Amount(
        *(
            get(name, 0) if high_name is None else sums.joined(get(name, 0), get(high_name, 0))
            for name, high_name in NUMBERS
        )
    )


def figures_of(by_basis: Mapping[str, Mapping[str, int]]) -> Figures:
    return Figures(*(amount_of(by_basis.get(basis.value, {})) for basis in STORED_BASES))


def day_postings(document: Mapping[str, Any]) -> Iterator[tuple[Posting, Amount]]:
    """What a month's counter holds, day by day."""
    unit, campaign, month = document["_id"].split("|")
    for dimension, days in document.get("d", {}).items():
        for number, by_basis in days.items():
            day = date.fromisoformat(f"{month}-{number}")
            for basis, numbers in by_basis.items():
                amount = amount_of(numbers)
                if amount != NOTHING:
                    yield Posting(unit, campaign, dimension, Basis(basis), day), amount


def total_postings(document: Mapping[str, Any], day: date) -> Iterator[tuple[Posting, Amount]]:
    """What a total holds, dated `day`."""
    unit, campaign, _ = document["_id"].split("|")
    for dimension, by_basis in document.get("c", {}).items():
        for basis, numbers in by_basis.items():
            amount = amount_of(numbers)
            if amount != NOTHING:
                yield Posting(unit, campaign, dimension, Basis(basis), day), amount


def target_id(place: Place) -> str:
    return f"{place.campaign}|{place.unit}"


def target_fields(target: Target) -> Document:
    """Everything of a stored target but its id and what the outbox and the change number add."""
    return {
        "campaign": target.place.campaign,
        "unit": target.place.unit,
        "unit_path": list(target.unit_path),
        "target": target.target,
        "version": target.version,
        "reached": list(target.reached),
        "open": target.open,
        "set_by": target.set_by,
        "set_at": target.set_at,
    }


def target_of(document: Mapping[str, Any]) -> Target:
    return Target(
        place=Place(document["campaign"], document["unit"]),
        unit_path=tuple(document["unit_path"]),
        target=document["target"],
        version=document["version"],
        reached=tuple(document["reached"]),
        set_by=document["set_by"],
        set_at=document["set_at"],
    )


def campaign_fields(campaign: Campaign) -> Document:
    return {
        "programme": campaign.programme,
        "name_vi": campaign.name_vi,
        "name_en": campaign.name_en,
        "opens_at": campaign.opens_at,
        "closes_at": campaign.closes_at,
        "version": campaign.version,
    }


def campaign_of(document: Mapping[str, Any]) -> Campaign:
    return Campaign(
        id=document["_id"],
        programme=document["programme"],
        name_vi=document["name_vi"],
        name_en=document["name_en"],
        opens_at=document["opens_at"],
        closes_at=document["closes_at"],
        version=document["version"],
    )
