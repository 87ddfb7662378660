"""What the rules need from outside of a case, handed in as values: packs, calendar, the local day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from review.domain.deadlines import WorkingDays
from review.domain.policy import PolicyShelf


@dataclass(frozen=True)
class Rulebook:
    policies: PolicyShelf
    calendar: WorkingDays
    local_day: Callable[[datetime], date]
