"""The day by which an author is answered."""

from __future__ import annotations

from datetime import date
from typing import Protocol

MONTHS_TO_ANSWER = 3


class Calendar(Protocol):
    def add_months(self, day: date, n: int) -> date: ...
    def next_working(self, day: date) -> date: ...


def expected_answer_on(submitted_on: date, calendar: Calendar) -> date:
    """Three months after the acceptance of the request (Decree 13/2012/NĐ-CP, article 7), moved to the next
    working day. submitted_on: the local day."""
    return calendar.next_working(calendar.add_months(submitted_on, MONTHS_TO_ANSWER))
