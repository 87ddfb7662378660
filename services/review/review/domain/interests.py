"""Who may not decide on a case, whatever the grants (decision 0021): whoever was ever involved in the
initiative, and whoever decided another of its levels. What is offered to a reviewer and what is refused ask
the same function.
"""

from __future__ import annotations

from enum import StrEnum

from review.domain.case import DECISIONS, Case, Happening


class Bar(StrEnum):
    """Why a person may not decide."""

    INVOLVED = "involved"
    OTHER_LEVEL = "other-level"


def bar(case: Case, member: str) -> Bar | None:
    """Why this member may not decide at the current level; None for who may, as far as interests go."""
    if member in case.involved:
        return Bar.INVOLVED
    if not case.policy.several_levels_by_one_person and _decided_elsewhere(case, member):
        return Bar.OTHER_LEVEL
    return None


def _decided_elsewhere(case: Case, member: str) -> bool:
    return any(
        entry.by == member and entry.what in DECISIONS and entry.level != case.level for entry in case.history
    )


def level_to_repeat(case: Case) -> int | None:
    """The lowest level below the current one that was passed by somebody who is involved by now, because a
    later revision made them an author: its decision does not stand. None when all do."""
    passed_by = {
        entry.level: entry.by
        for entry in case.history
        if entry.what == Happening.VALIDATED and entry.level < case.level
    }
    return min((level for level, member in passed_by.items() if member in case.involved), default=None)
