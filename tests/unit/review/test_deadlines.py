"""Deadlines in working days, which stop while the author is asked."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from review.domain.deadlines import due_after, due_again, left_on
from tests.support.review_cases import ASK, SUBMITTED_AT, Submission, decided, opened, received
from union.workdays import WorkCalendar

CALENDAR = WorkCalendar.load()
DAYS = st.dates(date(2021, 6, 1), date(2023, 6, 1))


def monday(plus: int = 0) -> datetime:
    return SUBMITTED_AT + timedelta(days=plus)


@settings(deadline=None)
@given(start=DAYS, days=st.integers(1, 60))
def test_a_deadline_ends_on_a_working_day_with_exactly_its_days_left_at_the_start(
    start: date, days: int
) -> None:
    due_on = due_after(CALENDAR, start, days)

    assert CALENDAR.is_working(due_on)
    assert left_on(CALENDAR, start, due_on) == days


@settings(deadline=None)
@given(start=DAYS, days=st.integers(1, 40), decided_after=st.integers(0, 80), away=st.integers(0, 60))
def test_days_with_the_author_do_not_count(start: date, days: int, decided_after: int, away: int) -> None:
    due_on = due_after(CALENDAR, start, days)
    asked = start + timedelta(days=decided_after)
    answered = asked + timedelta(days=away)

    left = left_on(CALENDAR, asked, due_on)
    again = due_again(CALENDAR, answered, left, at_least=3)

    assert left_on(CALENDAR, answered, again) == max(left, 3)


def test_the_support_group_has_ten_working_days() -> None:
    case = opened()

    # Monday 9 May 2022 and ten working days, without any holiday in between.
    assert case.due_on == date(2022, 5, 23)


def test_the_deadline_stops_while_the_author_is_asked_and_goes_on_with_the_rest() -> None:
    case = decided(opened(), ASK, now=monday(plus=3)).case
    assert (case.due_on, case.days_left) == (None, 7)

    case = received(case, Submission().submit(2, level=1, at=monday(plus=30)))

    # Answered on Wednesday 8 June: seven working days more.
    assert (case.due_on, case.days_left) == (date(2022, 6, 17), None)


def test_a_level_that_asked_after_its_deadline_still_gets_some_days() -> None:
    case = decided(opened(), ASK, now=monday(plus=40)).case
    assert case.days_left == 0

    case = received(case, Submission().submit(2, level=1, at=monday(plus=42)))

    assert case.due_on == date(2022, 6, 23)
