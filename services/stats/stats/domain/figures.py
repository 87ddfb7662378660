"""Arithmetic on what the counters hold: amounts by basis, sums up to a day, percent, rank and pace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from stats.domain.counting import NOTHING, Amount
from stats.domain.snapshots import ENDINGS, Basis

# In review is submitted less every ending (see counting.postings), so it is derived and never stored:
# that halves what an event changes, and the two can never disagree.
STORED_BASES = tuple(basis for basis in Basis if basis is not Basis.IN_REVIEW)


class Figures(NamedTuple):
    """One amount per stored basis."""

    submitted: Amount = NOTHING
    approved: Amount = NOTHING
    rejected: Amount = NOTHING
    withdrawn: Amount = NOTHING

    def of(self, basis: Basis) -> Amount:
        if basis is not Basis.IN_REVIEW:
            amount: Amount = getattr(self, basis.value)
            return amount
        left = self.submitted
        for ending in ENDINGS:
            left = left.minus(self.of(ending))
        return left

    def plus(self, other: Figures) -> Figures:
        return Figures(*(mine.plus(theirs) for mine, theirs in zip(self, other, strict=True)))


NO_FIGURES = Figures()


def total(parts: Iterable[Figures]) -> Figures:
    """The sum of figures, for instance of days."""
    result = NO_FIGURES
    for part in parts:
        result = result.plus(part)
    return result


def month_of(day: date) -> str:
    return day.strftime("%Y-%m")


def up_to(day: date, months: Mapping[str, Figures], days_of_month: Mapping[int, Figures]) -> Figures:
    """Figures as of the end of `day`.

    months: sums by "YYYY-MM"; days_of_month: the days of the month that `day` lies in, by number.
    """
    month = month_of(day)
    before = total(figures for name, figures in months.items() if name < month)
    return before.plus(total(figures for number, figures in days_of_month.items() if number <= day.day))


def percent(count: int, target: int | None) -> float | None:
    """Count as a percentage of the target to one decimal, half up; None without a target."""
    if not target:
        return None
    return (2000 * count + target) // (2 * target) / 10


def ranks(counts: Mapping[str, int]) -> dict[str, int]:
    """The rank of each unit among these, the highest count first; ties share a rank and leave a gap."""
    first_place: dict[int, int] = {}
    for place, count in enumerate(sorted(counts.values(), reverse=True), start=1):
        first_place.setdefault(count, place)
    return {unit: first_place[count] for unit, count in counts.items()}


@dataclass(frozen=True)
class Pace:
    """How a count stands against an even spread of the target over the campaign's days.

    days, elapsed: whole local days, the current one counted as elapsed; per_day: average so far;
    expected: what an even spread asks for by now; needed_per_day: to still reach the target, None once the
    campaign has ended or without a target, 0 when it is reached.
    """

    days: int
    elapsed: int
    per_day: float
    expected: int | None
    needed_per_day: float | None


def pace(count: int, target: int | None, opens_on: date, last_day: date, today: date) -> Pace:
    """The pace on `today` in a campaign from `opens_on` to `last_day`, both included."""
    days = max((last_day - opens_on).days + 1, 1)
    elapsed = min(max((today - opens_on).days + 1, 0), days)
    per_day = round(count / elapsed, 1) if elapsed else 0.0
    if target is None:
        return Pace(days, elapsed, per_day, None, None)
    missing = max(target - count, 0)
    expected = target * elapsed // days
    if today > last_day:
        return Pace(days, elapsed, per_day, expected, None)
    # On the last day, all that is missing is needed that day.
    return Pace(days, elapsed, per_day, expected, round(missing / max(days - elapsed, 1), 1))
