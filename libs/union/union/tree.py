"""The union tree as a read model: every unit by its code, and the units below each. Immutable; a changed tree
shares what did not change. It never says whether a change is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from union.blocks import Block, Key, SortedBlocks
from union.units import Unit


class UnitTree:
    """All known units, ended ones included: what was counted for one before its end remains its own."""

    __slots__ = ("_below", "_by_code", "_count")

    def __init__(self, units: Iterable[Unit] = ()) -> None:
        self._by_code: SortedBlocks[Block[Unit]] = SortedBlocks(Block[Unit])
        self._below: SortedBlocks[Block[Unit]] = SortedBlocks(Block[Unit])
        self._count = 0
        grown = self.with_units(units)
        self._by_code, self._below, self._count = grown._by_code, grown._below, grown._count

    def with_units(self, units: Iterable[Unit]) -> UnitTree:
        """With these in the place of older versions of them; the cost is that of the units given."""
        return self.with_replaced(self.newer(units))

    def newer(self, units: Iterable[Unit]) -> Sequence[tuple[Unit | None, Unit]]:
        """Of these units those that change the tree, each after the unit that it replaces: newer versions,
        and the same version with facts that a reader ignored so far."""
        newest: dict[str, tuple[Unit | None, Unit]] = {}
        for unit in units:
            old, latest = newest.get(unit.code, (None, None))
            if latest is None:
                old = latest = self.get(unit.code)
            if latest is None or (latest.version <= unit.version and latest != unit):
                newest[unit.code] = old, unit
        return list(newest.values())

    def with_replaced(self, pairs: Iterable[tuple[Unit | None, Unit]]) -> UnitTree:
        """`with_units` for what `newer` gave."""
        pairs = list(pairs)
        if not pairs:
            return self
        grown = object.__new__(UnitTree)
        grown._by_code = self._by_code.changed((), [((new.code,), new) for _, new in pairs])
        moved = [_below(old) for old, new in pairs if old is not None and _below(old) != _below(new)]
        grown._below = self._below.changed(moved, [(_below(new), new) for _, new in pairs])
        grown._count = self._count + sum(old is None for old, _ in pairs)
        return grown

    def __len__(self) -> int:
        return self._count

    def __contains__(self, code: str) -> bool:
        return self.get(code) is not None

    def get(self, code: str) -> Unit | None:
        found: Unit | None = self._by_code.get((code,))
        return found

    def root(self) -> Unit | None:
        """The unit without a superior."""
        return next(self._children(None), None)

    def children(self, code: str, first: date, last: date) -> tuple[Unit, ...]:
        """The units directly below `code` on any day from `first` to `last`, by code.

        A unit that was merged away in the middle of a campaign keeps what was counted for it until then, so
        it stays in the list next to the one that took over.
        """
        return tuple(unit for unit in self._children(code) if unit.exists_within(first, last))

    def peers(self, code: str, first: date, last: date) -> tuple[str, ...]:
        """The codes ranked against each other: the unit and its siblings of that time. KeyError for an
        unknown code.

        A root is alone. A unit that did not exist then is still ranked among those that did.
        """
        unit = self.get(code)
        if unit is None:
            raise KeyError(code)
        if unit.facts.parent is None:
            return (code,)
        siblings = {sibling.code for sibling in self.children(unit.facts.parent, first, last)}
        return tuple(sorted(siblings | {code}))

    def _children(self, code: str | None) -> Iterator[Unit]:
        start = (code or "", "")
        for key, unit in self._below.from_key(start):
            if key[0] != start[0]:
                return
            yield unit


def _below(unit: Unit) -> Key:
    # A root has no superior; no code is empty.
    return unit.facts.parent or "", unit.code
