"""The union tree in memory, ready to be searched: immutable, replaced as a whole when a unit changes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from submission.domain.folding import fold, words
from submission.domain.units import Unit


class UnitIndex:
    """Units ordered by their folded names. The search parts are made on first use: most processes of a
    request path never search."""

    def __init__(self, units: Iterable[Unit] = ()) -> None:
        self.by_code: Mapping[str, Unit] = {unit.code: unit for unit in units}

    def get(self, code: str) -> Unit | None:
        return self.by_code.get(code)

    @cached_property
    def root(self) -> Unit | None:
        return next((unit for unit in self.by_code.values() if unit.facts.parent is None), None)

    @cached_property
    def ordered(self) -> Sequence[Unit]:
        return sorted(self.by_code.values(), key=position)

    @cached_property
    def _children(self) -> Mapping[str | None, Sequence[Unit]]:
        children: dict[str | None, list[Unit]] = {}
        for unit in self.ordered:
            children.setdefault(unit.facts.parent, []).append(unit)
        return children

    def children(self, code: str) -> Sequence[Unit]:
        return self._children.get(code, ())

    @cached_property
    def _words(self) -> Sequence[tuple[str, int]]:
        """Every word of every name and code, with the unit's place in `ordered`."""
        entries: list[tuple[str, int]] = []
        for place, unit in enumerate(self.ordered):
            text = f"{unit.facts.name_vi} {unit.facts.name_en or ''} {unit.code}"
            entries += [(word, place) for word in words(text)]
        return sorted(entries)

    def search(self, text: str) -> Sequence[Unit]:
        """The units that have, for each word of `text`, a word that begins with it, with or without
        diacritics."""
        wanted = words(text)
        if not wanted:
            return self.ordered
        # The longest word first: it leaves the fewest to intersect.
        places: set[int] | None = None
        for word in sorted(wanted, key=len, reverse=True):
            found = self._places(word)
            places = found if places is None else places & found
            if not places:
                return ()
        return [self.ordered[place] for place in sorted(places or ())]

    def _places(self, prefix: str) -> set[int]:
        found: set[int] = set()
        for index in range(bisect_left(self._words, (prefix, -1)), len(self._words)):
            word, place = self._words[index]
            if not word.startswith(prefix):
                break
            found.add(place)
        return found

    def with_units(self, units: Iterable[Unit]) -> UnitIndex:
        """With these in the place of older versions of them."""
        merged = dict(self.by_code)
        for unit in units:
            known = merged.get(unit.code)
            if known is None or known.version < unit.version:
                merged[unit.code] = unit
        return UnitIndex(merged.values())


def position(unit: Unit) -> tuple[str, str]:
    """Where a unit stands in lists: by its folded name, then by its code."""
    return fold(unit.facts.name_vi), unit.code
