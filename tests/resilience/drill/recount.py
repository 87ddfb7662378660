"""Computes the expected statistics from the initiatives as readers get them. It shares no code with the
statistics, so that both cannot be wrong in the same way.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.resilience.drill.observed import BASES, ENDED, Figures

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def recount(initiatives: Iterable[Mapping[str, Any]], campaign: str) -> dict[str, Figures]:
    """The expected figures of each unit in a campaign, without units that have no initiative."""
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    days: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    units = set()
    for one in initiatives:
        if one["state"] == "draft" or campaign not in one["campaigns"]:
            continue
        benefit = (one["content"]["benefit"] or {}).get("declared_vnd") or 0
        authors = len(one["content"]["authors"])
        for basis, day, sign in _movements(one):
            for unit in one["unit_path"]:
                units.add(unit)
                days[unit, basis][day] += sign
                for place, amount in enumerate((1, benefit, authors)):
                    sums[unit, basis][place] += sign * amount
    return {
        unit: Figures(
            {basis: (sums[unit, basis][0], sums[unit, basis][1], sums[unit, basis][2]) for basis in BASES},
            {basis: {day: n for day, n in days[unit, basis].items() if n} for basis in BASES},
        )
        for unit in units
    }


def _movements(initiative: Mapping[str, Any]) -> Iterable[tuple[str, str, int]]:
    milestones, state = initiative["milestones"], initiative["state"]
    submitted = local_day(milestones["submitted"])
    yield "submitted", submitted, 1
    if state not in ENDED:
        yield "in_review", submitted, 1
        return
    ended = local_day(milestones[state])
    yield state, ended, 1
    if ended != submitted:
        yield "in_review", submitted, 1
        yield "in_review", ended, -1


def local_day(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(LOCAL).date().isoformat()
