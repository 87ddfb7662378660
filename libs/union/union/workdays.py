"""Working days in Vietnam, and deadlines counted in them. The tables are packaged data (data/README.md); for
years without a table only the fixed-date holidays of the Labour Code 2019, article 112, are known.
"""

from __future__ import annotations

import calendar
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Self

_SATURDAY = 5
_ONE_DAY = timedelta(days=1)
_FIXED_DATES = {
    (1, 1): "Tết Dương lịch",
    (4, 30): "Ngày Chiến thắng 30/4",
    (5, 1): "Ngày Quốc tế Lao động",
    (9, 2): "Quốc khánh",
}
_UNDECIDED = "undecided"


@dataclass(frozen=True)
class WorkCalendar:
    """Monday to Friday without holidays, plus make-up Saturdays. Days map to their names."""

    holidays: Mapping[date, str]
    makeup_days: Mapping[date, str]

    @classmethod
    def load(cls) -> Self:
        """The packaged tables, without holidays that are not law yet."""
        return cls(_table("holidays.csv"), _table("makeup_workdays.csv"))

    def covers(self, year: int) -> bool:
        """Whether the table has all holidays of the year, including those of the lunar calendar."""
        return any(day.year == year for day in self.holidays)

    def holiday(self, day: date) -> str | None:
        """The name of the holiday on this day."""
        name = self.holidays.get(day)
        if name is None and not self.covers(day.year):
            name = _FIXED_DATES.get((day.month, day.day))
        return name

    def is_working(self, day: date) -> bool:
        if day in self.makeup_days:
            return True
        return day.weekday() < _SATURDAY and self.holiday(day) is None

    def next_working(self, day: date) -> date:
        """`day` itself if it is a working day, else the next working day."""
        while not self.is_working(day):
            day += _ONE_DAY
        return day

    def add_working_days(self, day: date, n: int) -> date:
        """The n-th working day after `day`, not counting `day`; for 0, `next_working(day)`. Raises ValueError
        for a negative n."""
        if n < 0:
            raise ValueError("working days are counted forward only")
        if n == 0:
            return self.next_working(day)
        for _ in range(n):
            day = self.next_working(day + _ONE_DAY)
        return day

    def add_months(self, day: date, n: int) -> date:
        """The same day n months later, or the last day of that month if it is shorter."""
        months = day.year * 12 + day.month - 1 + n
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def _table(name: str) -> dict[date, str]:
    text = resources.files("union").joinpath("data", name).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {date.fromisoformat(row["date"]): row["name_vi"] for row in rows if row["status"] != _UNDECIDED}
