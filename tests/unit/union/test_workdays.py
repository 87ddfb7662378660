"""Working days of Vietnam, on the packaged tables."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.workdays import WorkCalendar

CALENDAR = WorkCalendar.load()
days = st.dates(min_value=date(2021, 1, 1), max_value=date(2028, 12, 31))
counts = st.integers(min_value=0, max_value=60)


@pytest.mark.parametrize(
    ("day", "working"),
    [
        (date(2022, 5, 31), True),  # a Tuesday
        (date(2022, 5, 28), False),  # a Saturday
        (date(2022, 2, 1), False),  # Tết
        (date(2022, 5, 3), False),  # in lieu of 1 May
        (date(2026, 1, 2), False),  # swapped
        (date(2026, 1, 10), True),  # the Saturday worked for it
        (date(2026, 11, 24), True),  # not law yet
        (date(2024, 9, 2), False),  # a fixed date in a year without a table
        (date(2024, 9, 3), True),
        (date(2022, 9, 5), True),
    ],
)
def test_the_tables_tell_working_days(day: date, working: bool) -> None:
    assert CALENDAR.is_working(day) is working


def test_a_holiday_has_its_name() -> None:
    assert CALENDAR.holiday(date(2022, 9, 2)) == "Quốc khánh"
    assert CALENDAR.holiday(date(2022, 9, 6)) is None


def test_the_calendar_says_which_years_it_knows() -> None:
    assert [year for year in range(2020, 2029) if CALENDAR.covers(year)] == [2021, 2022, 2023, 2026, 2027]


def test_ten_working_days_skip_the_holidays_of_april_and_may() -> None:
    assert CALENDAR.add_working_days(date(2022, 4, 25), 10) == date(2022, 5, 11)


def test_zero_working_days_after_a_holiday_is_the_next_worked_day() -> None:
    assert CALENDAR.add_working_days(date(2022, 1, 31), 0) == date(2022, 2, 7)


def test_working_days_are_not_counted_backward() -> None:
    with pytest.raises(ValueError, match="forward"):
        CALENDAR.add_working_days(date(2022, 5, 4), -1)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2022, 5, 31), 3, date(2022, 8, 31)),
        (date(2022, 11, 30), 3, date(2023, 2, 28)),
        (date(2023, 11, 30), 3, date(2024, 2, 29)),
        (date(2022, 1, 31), -1, date(2021, 12, 31)),
        (date(2022, 12, 1), 1, date(2023, 1, 1)),
    ],
)
def test_months_are_added_and_cut_to_the_end_of_the_month(day: date, months: int, expected: date) -> None:
    assert CALENDAR.add_months(day, months) == expected


@given(days)
def test_the_next_working_day_is_worked_and_nothing_before_it_is(day: date) -> None:
    following = CALENDAR.next_working(day)

    assert CALENDAR.is_working(following)
    between = [day + timedelta(n) for n in range((following - day).days)]
    assert not any(CALENDAR.is_working(each) for each in between)


@given(days, counts)
def test_as_many_working_days_as_asked_lie_up_to_the_deadline(day: date, count: int) -> None:
    deadline = CALENDAR.add_working_days(day, count)

    passed = [day + timedelta(n) for n in range(1, (deadline - day).days + 1)]
    assert CALENDAR.is_working(deadline)
    if count:
        assert sum(map(CALENDAR.is_working, passed)) == count


@given(days, counts, counts)
def test_deadlines_add_up(day: date, first: int, second: int) -> None:
    start = CALENDAR.next_working(day)

    stepwise = CALENDAR.add_working_days(CALENDAR.add_working_days(start, first), second)
    assert stepwise == CALENDAR.add_working_days(start, first + second)
