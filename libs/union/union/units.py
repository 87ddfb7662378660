"""Units of the union tree: what an administrator says about one, when it exists, and what it is called. Which
place a unit may have is decided by the tree's owner, the submission service, and not here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Any

from union.folding import fold


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


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What an administrator says about a unit.

    level, block: texts, because a reader must not refuse a value that a newer owner has added; the owner
    itself accepts those of UnitLevel and Block only. valid_from, valid_to: the first and the last local day,
    None without an end.
    """

    name_vi: str
    name_en: str | None
    parent: str | None
    level: str
    block: str | None
    cluster: str | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Unit:
    """`path` is root first and ends in the unit's own code; `version` grows with each change."""

    code: str
    path: tuple[str, ...]
    facts: UnitFacts
    version: int

    def exists_on(self, day: date) -> bool:
        """Whether the unit exists on that local day, `valid_to` included."""
        return self.exists_within(day, day)

    def exists_within(self, first: date, last: date) -> bool:
        """Whether the unit exists on any day from `first` to `last`, both included."""
        return self.facts.valid_from <= last and not_over(self.facts, first)

    def overlaps(self, facts: UnitFacts) -> bool:
        """Whether there is a day on which both exist."""
        return not_over(self.facts, facts.valid_from) and not_over(facts, self.facts.valid_from)

    def is_within(self, code: str) -> bool:
        """Whether the unit is in the subtree of `code`, that unit included."""
        return code in self.path


def not_over(facts: UnitFacts, day: date) -> bool:
    """Whether the last day is not before `day`."""
    return facts.valid_to is None or day <= facts.valid_to


def known_as(code: str, facts: UnitFacts) -> tuple[str, ...]:
    """The keys under which look-alikes of a unit meet: its folded names, and its code with the digits that
    look like letters read as these."""
    names = {fold(name) for name in (facts.name_vi, facts.name_en) if name}
    return (*sorted(names), "code:" + code.translate(_LIKE_LETTERS))


_LIKE_LETTERS = str.maketrans("01", "OI")


def unit_of(code: str, values: Mapping[str, Any]) -> Unit:
    """The unit that a stored document or an event describes with plain values; days are YYYY-MM-DD.

    Unknown values are ignored and absent ones read as unknown, because the writer may be newer or older.
    """
    # A hundred thousand units name the same few thousand superiors: one copy of each text is enough.
    path = tuple(map(sys.intern, values["path"]))
    valid_to = values.get("valid_to")
    facts = UnitFacts(
        name_vi=values["name_vi"],
        name_en=values.get("name_en"),
        parent=_shared(values.get("parent", path[-2] if len(path) > 1 else None)),
        level=sys.intern(values.get("level", "")),
        block=_shared(values.get("block")),
        cluster=_shared(values.get("cluster")),
        valid_from=_day(values["valid_from"]),
        valid_to=None if valid_to is None else _day(valid_to),
    )
    return Unit(sys.intern(code), path, facts, values["version"])


def _shared(text: str | None) -> str | None:
    return None if text is None else sys.intern(text)


_day = lru_cache(maxsize=4096)(date.fromisoformat)


def unit_values(unit: Unit) -> dict[str, Any]:
    """The unit as plain values, without its code; the reverse of `unit_of`."""
    facts = unit.facts
    return {
        "path": list(unit.path),
        "name_vi": facts.name_vi,
        "name_en": facts.name_en,
        "parent": facts.parent,
        "level": str(facts.level),
        "block": None if facts.block is None else str(facts.block),
        "cluster": facts.cluster,
        "valid_from": facts.valid_from.isoformat(),
        "valid_to": None if facts.valid_to is None else facts.valid_to.isoformat(),
        "version": unit.version,
    }
