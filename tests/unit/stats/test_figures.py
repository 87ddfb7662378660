"""Percent, rank, sums up to a day and pace."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats.domain.counting import ALL, Amount, sum_of_postings
from stats.domain.figures import (
    STORED_BASES,
    Figures,
    Pace,
    month_of,
    pace,
    percent,
    ranks,
    total,
    up_to,
)
from stats.domain.snapshots import Basis
from tests.support.stats_histories import FIRST_DAY, choices, histories, newest

OPENS, LAST = date(2022, 1, 8), date(2022, 5, 31)


@pytest.mark.parametrize(
    ("count", "target", "expected"),
    [(696_948, 300_000, 232.3), (0, 10, 0.0), (1, 3, 33.3), (2, 3, 66.7), (1, 2000, 0.1), (5, None, None)],
)
def test_percent_is_rounded_half_up_to_one_decimal(
    count: int, target: int | None, expected: float | None
) -> None:
    assert percent(count, target) == expected


def test_ties_share_a_rank_and_leave_a_gap() -> None:
    assert ranks({"a": 5, "b": 9, "c": 5, "d": 0}) == {"b": 1, "a": 2, "c": 2, "d": 4}


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=3), st.integers(0, 5), min_size=1))
def test_a_rank_is_one_more_than_the_number_of_better_units(counts: dict[str, int]) -> None:
    for unit, rank in ranks(counts).items():
        assert rank == 1 + sum(count > counts[unit] for count in counts.values())


def test_in_review_is_what_was_submitted_and_has_not_ended() -> None:
    figures = Figures(Amount(10, 100, 20), Amount(4, 40, 8), Amount(1, 10, 2), Amount(2, 20, 4))

    assert figures.of(Basis.IN_REVIEW) == Amount(3, 30, 6)


@settings(deadline=None)
@given(choices, st.integers(1, 10), st.integers(-2, 60))
def test_figures_as_of_a_day_are_the_postings_up_to_it(
    pick: random.Random, initiatives: int, offset: int
) -> None:
    day = FIRST_DAY + timedelta(days=offset)
    tally = sum_of_postings(newest(histories(pick, initiatives)))
    months: defaultdict[str, Figures] = defaultdict(Figures)
    days: defaultdict[int, Figures] = defaultdict(Figures)
    expected: defaultdict[Basis, Amount] = defaultdict(Amount)
    for posting, amount in tally.items():
        if (posting.unit, posting.campaign, posting.dimension) != ("TLD", "phase-1", ALL):
            continue
        if posting.day <= day:
            expected[posting.basis] = expected[posting.basis].plus(amount)
        if posting.basis in STORED_BASES:
            part = Figures()._replace(**{posting.basis.value: amount})
            months[month_of(posting.day)] = months[month_of(posting.day)].plus(part)
            if month_of(posting.day) == month_of(day):
                days[posting.day.day] = days[posting.day.day].plus(part)

    figures = up_to(day, months, days)

    # In review is compared too: it is derived here, and posted there.
    assert {basis: figures.of(basis) for basis in Basis} == {basis: expected[basis] for basis in Basis}


def test_a_total_of_nothing_is_nothing() -> None:
    assert total([]) == Figures()


def test_the_pace_compares_with_an_even_spread_of_the_target() -> None:
    assert pace(100, 1440, OPENS, LAST, date(2022, 1, 27)) == Pace(
        days=144, elapsed=20, per_day=5.0, expected=200, needed_per_day=round(1340 / 124, 1)
    )


def test_before_a_campaign_opens_nothing_is_expected_of_it() -> None:
    assert pace(0, 1440, OPENS, LAST, date(2022, 1, 1)) == Pace(144, 0, 0.0, 0, 10.0)


def test_on_the_last_day_all_that_is_missing_is_needed_that_day() -> None:
    assert pace(1000, 1440, OPENS, LAST, LAST).needed_per_day == 440


def test_after_a_campaign_nothing_can_be_needed_any_more() -> None:
    assert pace(1000, 1440, OPENS, LAST, date(2022, 6, 9)) == Pace(144, 144, 6.9, 1440, None)


def test_a_reached_target_needs_nothing_more() -> None:
    assert pace(2000, 1440, OPENS, LAST, date(2022, 3, 1)).needed_per_day == 0


def test_without_a_target_only_the_average_is_known() -> None:
    assert pace(20, None, OPENS, LAST, date(2022, 1, 17)) == Pace(144, 10, 2.0, None, None)
