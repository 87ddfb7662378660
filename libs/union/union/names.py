"""Search of units by words of their names. The index is made when units change and never inside a request;
a search stops as soon as its reader has enough.
"""

from __future__ import annotations

import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from union.blocks import Block, Key, SortedBlocks
from union.folding import fold, words
from union.units import Unit

# A shorter text begins a word of nearly every unit.
SHORTEST_SEARCH = 2
# Sorts after everything that a folded word may have.
_AFTER_LETTERS = "~"


def position(unit: Unit) -> Key:
    """The place of a unit in lists: by its folded name, then by its code."""
    return fold(unit.facts.name_vi), unit.code


def searchable(text: str) -> bool:
    """Whether a text has a word that is long enough to search for, or no word at all."""
    found = words(text)
    return not found or max(map(len, found)) >= SHORTEST_SEARCH


@dataclass(frozen=True, slots=True)
class _Named:
    unit: Unit
    words: tuple[str, ...]

    @classmethod
    def of(cls, unit: Unit) -> _Named:
        text = f"{unit.facts.name_vi} {unit.facts.name_en or ''} {unit.code}"
        # The words of the names recur in thousands of units: one copy of each is enough.
        return cls(unit, tuple(map(sys.intern, words(text))))


class _NameBlock(Block[_Named]):
    """Says for each word, and for each superior unit, which of its units have it: bit n is the n-th unit."""

    __slots__ = ("having", "parents", "words")

    def __init__(self, keys: Sequence[Key], values: Sequence[_Named]) -> None:
        super().__init__(keys, values)
        having: dict[str, int] = {}
        parents: dict[str | None, int] = {}
        for place, named in enumerate(values):
            bit = 1 << place
            parent = named.unit.facts.parent
            parents[parent] = parents.get(parent, 0) | bit
            for word in named.words:
                having[word] = having.get(word, 0) | bit
        self.words = sorted(having)
        self.having = [having[word] for word in self.words]
        self.parents = parents

    def matching(self, prefixes: Sequence[str], parent: str | None) -> int:
        """The units that have, for each prefix, a word that begins with it; with `parent` only those right
        below it."""
        found = (1 << len(self.keys)) - 1 if parent is None else self.parents.get(parent, 0)
        if not found:
            return 0
        ranges = []
        for prefix in prefixes:
            first = bisect_left(self.words, prefix)
            last = bisect_left(self.words, prefix + _AFTER_LETTERS, first)
            if first == last:
                return 0
            ranges.append((last - first, first, last))
        # The fewest words first: they leave the fewest units.
        for _, first, last in sorted(ranges):
            having = 0
            for units in self.having[first:last]:
                having |= units
            found &= having
            if not found:
                return 0
        return found


class NameIndex:
    """Units in the order of `position`; immutable, and a changed index shares what did not change."""

    __slots__ = ("_names",)

    def __init__(self, names: SortedBlocks[_NameBlock] | None = None) -> None:
        self._names = names or SortedBlocks(_NameBlock)

    def with_replaced(self, pairs: Iterable[tuple[Unit | None, Unit]]) -> NameIndex:
        """pairs: units, each after the version that it replaces, as `UnitTree.newer` gives them."""
        pairs = list(pairs)
        if not pairs:
            return self
        gone = [position(old) for old, _ in pairs if old is not None]
        return NameIndex(self._names.changed(gone, [(position(new), _Named.of(new)) for _, new in pairs]))

    def search(self, text: str, parent: str | None = None, after: Key | None = None) -> Iterator[Unit]:
        """The units that have, for each word of `text`, a word that begins with it, with or without
        diacritics, in the order of `position`; all for a text without words.

        parent: only those right below this one. after: only those that come after this position.
        """
        prefixes = _needed(words(text))
        start = 0 if after is None else self._names.block_of(after)
        for number in range(start, len(self._names.blocks)):
            block = self._names.blocks[number]
            found = block.matching(prefixes, parent)
            if after is not None and number == start:
                passed = bisect_right(block.keys, after)
                found = found >> passed << passed
            while found:
                lowest = found & -found
                yield block.values[lowest.bit_length() - 1].unit
                found ^= lowest


def _needed(prefixes: Sequence[str]) -> Sequence[str]:
    """Without those that another one begins with: a unit that has the longer has the shorter."""
    return [one for one in prefixes if not any(other != one and other.startswith(one) for other in prefixes)]
