"""Which days are worked in Vietnam, and deadlines counted in them. The tables of holidays are packaged data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self


@dataclass(frozen=True)
class WorkCalendar:
    """Monday to Friday, less the holidays, plus the Saturdays worked in exchange. Days map to their names."""

    holidays: Mapping[date, str]
    makeup_days: Mapping[date, str]

    @classmethod
    def load(cls) -> Self:
        """The packaged tables."""
        raise NotImplementedError

    def is_working(self, day: date) -> bool:
        raise NotImplementedError

    def next_working(self, day: date) -> date:
        """`day` itself when it is worked, else the first worked day after it."""
        raise NotImplementedError

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th worked day after `day`, which is not counted itself; for 0, `next_working(day)`."""
        raise NotImplementedError

    def add_months(self, day: date, n: int) -> date:
        """The same day n months later, or the last day of that month when it is shorter."""
        raise NotImplementedError
