"""Units of the union tree: what an administrator says about one, and what it is called. The rules of the tree
as a whole are in `tree`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from submission.domain.folding import fold


class UnitLevel(StrEnum):
    """Those that may be entered. An open list: what is stored may be of a later one; so are blocks."""

    NATIONAL = "national"
    FEDERATION = "federation"
    SUPERIOR = "superior"
    GRASSROOTS = "grassroots"


class Block(StrEnum):
    ADMINISTRATIVE = "administrative"
    ENTERPRISE = "enterprise"
    SCHOOL = "school"
    COMMUNE = "commune"


@dataclass(frozen=True)
class UnitFacts:
    """What an administrator says about a unit."""

    name_vi: str
    name_en: str | None
    parent: str | None
    level: str
    block: str | None
    cluster: str | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Unit:
    """`path` is root first and ends in the unit's own code; `version` grows with each change."""

    code: str
    path: tuple[str, ...]
    facts: UnitFacts
    version: int

    def stands_on(self, day: date) -> bool:
        """Whether the unit exists on that local day, `valid_to` included."""
        return self.facts.valid_from <= day and (self.facts.valid_to is None or day <= self.facts.valid_to)

    def overlaps(self, facts: UnitFacts) -> bool:
        """Whether there is a day on which both exist."""
        return _not_over(self.facts, facts.valid_from) and _not_over(facts, self.facts.valid_from)


def known_as(code: str, facts: UnitFacts) -> tuple[str, ...]:
    """The keys under which look-alikes of a unit meet: its folded names, and its code with the digits that
    look like letters read as these."""
    names = {fold(name) for name in (facts.name_vi, facts.name_en) if name}
    return (*sorted(names), "code:" + code.translate(_LIKE_LETTERS))


_LIKE_LETTERS = str.maketrans("01", "OI")


def _not_over(facts: UnitFacts, day: date) -> bool:
    return facts.valid_to is None or day <= facts.valid_to
