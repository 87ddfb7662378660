"""Deadlines in working days. They stop while the author is asked and go on when the author has answered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Protocol


class WorkingDays(Protocol):
    """The calendar of working days, holidays and make-up days included."""

    def is_working(self, day: date) -> bool: ...

    def add_working_days(self, day: date, n: int) -> date: ...


def due_after(calendar: WorkingDays, start: date, working_days: int) -> date:
    """The last day of a deadline that starts on `start`; the day of the start does not count."""
    return calendar.add_working_days(start, working_days)


def left_on(calendar: WorkingDays, today: date, due_on: date) -> int:
    """The working days after `today` up to and including `due_on`; 0 when it is over."""
    days = (due_on - today).days
    return sum(calendar.is_working(today + timedelta(days=n)) for n in range(1, days + 1))


def due_again(calendar: WorkingDays, today: date, left: int, at_least: int) -> date:
    """The new last day once the author has answered: what was left, and never less than `at_least`."""
    return due_after(calendar, today, max(left, at_least))
