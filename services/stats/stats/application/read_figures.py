"""Answers questions about the counters: progress, the units below, days. One database round trip each; the
union tree, campaigns and targets come from the process's copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

from chassis.clock import local_day
from stats.application.errors import UnknownCampaignError, UnknownUnitError
from stats.application.ports import Counted, FiguresReader, Reference
from stats.domain.campaigns import Campaign
from stats.domain.figures import NO_FIGURES, Figures, Pace, month_of, pace, percent, ranks, total
from stats.domain.snapshots import Basis
from stats.domain.targets import Place
from union.units import Unit

NOT_COUNTED = Counted()
MICROSECOND = timedelta(microseconds=1)
ANSWERS_DUE = timedelta(days=92)  # three months, Decree 13/2012 art. 7


@dataclass(frozen=True)
class Question:
    """as_of: the end of that local day, None for now; today: the current local day."""

    unit: str
    campaign: str
    basis: Basis
    as_of: date | None
    today: date


@dataclass(frozen=True)
class Standing:
    """A unit's count on a basis, against its target and among its peers; `of` is the number of peers."""

    unit: Unit
    figures: Figures
    count: int
    target: int | None
    percent: float | None
    rank: int
    of: int


@dataclass(frozen=True)
class Progress:
    standing: Standing
    pace: Pace
    counted_at: datetime | None


@dataclass(frozen=True)
class Children:
    """The units below in the order of their rank, ties by code."""

    parent: Unit
    items: tuple[Standing, ...]
    counted_at: datetime | None


@dataclass(frozen=True)
class DayCount:
    """count: of that day, negative if more left the basis than entered it; cumulative: at the day's end."""

    day: date
    count: int
    cumulative: int


@dataclass(frozen=True)
class Timeline:
    unit: Unit
    first: date
    last: date
    days: tuple[DayCount, ...]
    counted_at: datetime | None


def progress(reader: FiguresReader, reference: Reference, question: Question) -> Progress:
    """How a unit stands. Raises UnknownUnitError or UnknownCampaignError."""
    unit, campaign = known(reference, question.unit, question.campaign)
    opens_on, last_day = window(campaign)
    peers = reference.tree.peers(unit.code, opens_on, _seen_on(question, last_day))
    counted = _counted(reader, reference, question, peers)
    counts = {code: _count(counted, code, question.basis) for code in peers}
    standing = _standing(unit, counted, counts, ranks(counts), reference, question)
    return Progress(
        standing,
        pace(standing.count, standing.target, opens_on, last_day, question.as_of or question.today),
        counted.get(unit.code, NOT_COUNTED).at,
    )


def children(reader: FiguresReader, reference: Reference, question: Question) -> Children:
    """The units directly below one. Raises UnknownUnitError or UnknownCampaignError."""
    parent, campaign = known(reference, question.unit, question.campaign)
    opens_on, last_day = window(campaign)
    below = reference.tree.children(parent.code, opens_on, _seen_on(question, last_day))
    counted = _counted(reader, reference, question, [unit.code for unit in below]) if below else {}
    counts = {unit.code: _count(counted, unit.code, question.basis) for unit in below}
    places = ranks(counts)
    items = [_standing(unit, counted, counts, places, reference, question) for unit in below]
    items.sort(key=lambda item: (item.rank, item.unit.code))
    moments = [entry.at for entry in counted.values() if entry.at is not None]
    return Children(parent, tuple(items), max(moments, default=None))


def timeline(
    reader: FiguresReader,
    reference: Reference,
    question: Question,
    first: date | None = None,
    last: date | None = None,
    most_days: int = 800,
) -> Timeline | None:
    """Every day from `first` to `last`; by default from the campaign's first day until the answers to its
    last submissions are due, at most today. None if that is more than `most_days`.

    Raises UnknownUnitError or UnknownCampaignError.
    """
    unit, campaign = known(reference, question.unit, question.campaign)
    opens_on, last_day = window(campaign)
    first = first or opens_on
    last = last or min(last_day + ANSWERS_DUE, question.today)
    last = max(first, last)
    if (last - first).days >= most_days:
        return None
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    months = list(dict.fromkeys(month_of(day) for day in days))
    series = reader.series(reference.generation, campaign.id, unit.code, months)

    def count(figures: Figures) -> int:
        return figures.of(question.basis).initiatives

    before = count(total(figures for month, figures in series.months.items() if month < months[0]))
    before += sum(
        count(figures) for day, figures in series.days.items() if day < first and month_of(day) == months[0]
    )
    counts = [count(series.days.get(day, NO_FIGURES)) for day in days]
    sums = list(accumulate(counts, initial=before))[1:]
    entries = tuple(map(DayCount, days, counts, sums))
    return Timeline(unit, first, last, entries, series.at)


def known(reference: Reference, unit: str, campaign: str) -> tuple[Unit, Campaign]:
    """Both by their codes. Raises UnknownUnitError or UnknownCampaignError."""
    found = reference.tree.get(unit)
    if found is None:
        raise UnknownUnitError(unit)
    if campaign not in reference.campaigns:
        raise UnknownCampaignError(campaign)
    return found, reference.campaigns[campaign]


def window(campaign: Campaign) -> tuple[date, date]:
    """The first and the last local day of a campaign."""
    return local_day(campaign.opens_at), local_day(campaign.closes_at.astimezone(UTC) - MICROSECOND)


def _seen_on(question: Question, last_day: date) -> date:
    """The last day whose units are compared: later changes of the tree do not change old ranks."""
    return min(question.as_of or question.today, last_day)


def _counted(
    reader: FiguresReader, reference: Reference, question: Question, units: list[str] | tuple[str, ...]
) -> dict[str, Counted]:
    if question.as_of is None:
        return reader.totals(reference.generation, question.campaign, units)
    return reader.as_of(reference.generation, question.campaign, units, question.as_of)


def _count(counted: dict[str, Counted], unit: str, basis: Basis) -> int:
    return counted.get(unit, NOT_COUNTED).figures.of(basis).initiatives


def _standing(
    unit: Unit,
    counted: dict[str, Counted],
    counts: dict[str, int],
    places: dict[str, int],
    reference: Reference,
    question: Question,
) -> Standing:
    target = reference.targets.get(Place(question.campaign, unit.code))
    count = counts[unit.code]
    return Standing(
        unit=unit,
        figures=counted.get(unit.code, NOT_COUNTED).figures,
        count=count,
        target=target,
        percent=percent(count, target),
        rank=places[unit.code],
        of=len(counts),
    )
