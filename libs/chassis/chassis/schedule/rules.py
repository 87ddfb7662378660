"""When a schedule is due: rules in the local time of Vietnam, which has no summer time. Pure; the time comes
in as an argument.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

from chassis.clock import LOCAL_ZONE


class Rule(Protocol):
    def next_after(self, ts: datetime) -> datetime:
        """The first occurrence later than `ts`, in UTC."""

    def __str__(self) -> str:
        """The rule as text; a schedule whose text has changed is planned again."""


@dataclass(frozen=True)
class Daily:
    """Every day at a local time, for example Daily(time(2, 0))."""

    at: time

    def __post_init__(self) -> None:
        if self.at.tzinfo is not None or self.at.second or self.at.microsecond:
            raise ValueError("give a local time of day in whole minutes")

    def next_after(self, ts: datetime) -> datetime:
        local = ts.astimezone(LOCAL_ZONE)
        today = datetime.combine(local.date(), self.at, LOCAL_ZONE)
        return (today if today > local else today + timedelta(days=1)).astimezone(UTC)

    def __str__(self) -> str:
        return f"daily at {self.at:%H:%M}"


@dataclass(frozen=True)
class Every:
    """Every so many minutes, counted from local midnight: Every(15) is due at :00, :15, :30 and :45.

    minutes: a divisor of the 1440 minutes of a day, so that each day has the same occurrences.
    """

    minutes: int

    def __post_init__(self) -> None:
        if not 1 <= self.minutes <= 1440 or 1440 % self.minutes:
            raise ValueError(f"{self.minutes} minutes do not divide a day")

    def next_after(self, ts: datetime) -> datetime:
        local = ts.astimezone(LOCAL_ZONE)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        step = timedelta(minutes=self.minutes)
        return (midnight + step * ((local - midnight) // step + 1)).astimezone(UTC)

    def __str__(self) -> str:
        return f"every {self.minutes} minutes"


@dataclass(frozen=True)
class Schedule:
    """Enqueues a job of `kind` with `args` at each occurrence. name: unique within the service; it begins the
    ids of the jobs. Schedules stand in one table per service, in its bootstrap."""

    name: str
    rule: Rule
    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)
