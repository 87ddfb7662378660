"""The union tree as statistics need it: who a unit's parent, children and peers are at a time.

The owner of units is the submission service; this is a copy and never changes one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as published. path: codes, root first, last is itself; valid_to: its last day or None; cluster:
    the emulation cluster, whose units are ranked against each other."""

    code: str
    name_vi: str
    name_en: str | None
    parent: str | None
    path: tuple[str, ...]
    level: str
    block: str | None
    cluster: str | None
    valid_from: date
    valid_to: date | None
    version: int

    def valid_within(self, first: date, last: date) -> bool:
        """Whether the unit stood on any day from `first` to `last`, both included."""
        return self.valid_from <= last and (self.valid_to is None or first <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign's window, [opens_at, closes_at) in UTC."""

    id: str
    programme: str
    name_vi: str
    name_en: str
    opens_at: datetime
    closes_at: datetime
    version: int


class UnitTree:
    """All known units, indexed; immutable."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._units = {unit.code: unit for unit in units}
        self._children: defaultdict[str | None, list[str]] = defaultdict(list)
        for unit in sorted(self._units.values(), key=lambda unit: unit.code):
            self._children[unit.parent].append(unit.code)

    def __len__(self) -> int:
        return len(self._units)

    def __contains__(self, code: str) -> bool:
        return code in self._units

    def get(self, code: str) -> Unit | None:
        return self._units.get(code)

    def children(self, code: str, first: date, last: date) -> tuple[Unit, ...]:
        """The units directly below `code` on any day from `first` to `last`, by code.

        A unit that was merged away in the middle of a campaign keeps what was counted for it until then, so
        it stays in the list beside the one that took over.
        """
        below = (self._units[child] for child in self._children.get(code, ()))
        return tuple(unit for unit in below if unit.valid_within(first, last))

    def peers(self, code: str, first: date, last: date) -> tuple[str, ...]:
        """The codes ranked against each other: the unit and its siblings of that time.

        A root stands alone. A unit that did not stand then is still ranked among those that did.
        """
        unit = self._units[code]
        if unit.parent is None:
            return (code,)
        siblings = {sibling.code for sibling in self.children(unit.parent, first, last)}
        return tuple(sorted(siblings | {code}))
