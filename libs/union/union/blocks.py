"""An immutable sorted map whose changed version shares all but the touched blocks, so that a change costs the
same in a tree of a hundred units and in one of a hundred thousand.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

V = TypeVar("V")
B = TypeVar("B", bound="Block[Any]")
Key = tuple[str, ...]

# Entries of a new block. A block is split when it has grown to twice as many.
BLOCK = 256


class Block(Generic[V]):
    """Neighbouring entries, in the order of their keys."""

    __slots__ = ("keys", "values")

    def __init__(self, keys: Sequence[Key], values: Sequence[V]) -> None:
        self.keys = keys
        self.values = values


class SortedBlocks(Generic[B]):
    """make: makes a block from its keys and values; a kind of block may prepare more than the values."""

    __slots__ = ("_firsts", "_make", "blocks")

    def __init__(self, make: Callable[[Sequence[Key], Sequence[Any]], B], blocks: Sequence[B] = ()) -> None:
        self._make = make
        self.blocks = blocks
        self._firsts = [block.keys[0] for block in blocks]

    def __len__(self) -> int:
        return sum(len(block.keys) for block in self.blocks)

    def block_of(self, key: Key) -> int:
        """The place of the block that has the key, or would get it."""
        return max(0, bisect_right(self._firsts, key) - 1)

    def get(self, key: Key) -> Any:
        """The value of the key, None if there is none."""
        if not self.blocks:
            return None
        block = self.blocks[self.block_of(key)]
        place = bisect_left(block.keys, key)
        found = place < len(block.keys) and block.keys[place] == key
        return block.values[place] if found else None

    def from_key(self, key: Key) -> Iterator[tuple[Key, Any]]:
        """The entries from `key` on, in order; `key` need not be one of them."""
        for number in range(self.block_of(key), len(self.blocks)):
            block = self.blocks[number]
            for place in range(bisect_left(block.keys, key), len(block.keys)):
                yield block.keys[place], block.values[place]

    def changed(self, gone: Iterable[Key], new: Iterable[tuple[Key, Any]]) -> SortedBlocks[B]:
        """Without the keys `gone`, then with the entries `new`, which replace those of the same key."""
        touched: dict[int, tuple[set[Key], dict[Key, Any]]] = {}
        for key in gone:
            touched.setdefault(self.block_of(key), (set(), {}))[0].add(key)
        for key, value in new:
            touched.setdefault(self.block_of(key), (set(), {}))[1][key] = value
        if not touched:
            return self
        blocks: list[B] = list(self.blocks)
        # From the last to the first: a split moves only the places after it.
        for number in sorted(touched, reverse=True):
            blocks[number : number + 1] = self._rebuilt(number, *touched[number])
        return SortedBlocks(self._make, blocks)

    def _rebuilt(self, number: int, gone: set[Key], new: dict[Key, Any]) -> list[B]:
        entries: dict[Key, Any] = {}
        if self.blocks:
            block = self.blocks[number]
            entries = {
                key: value for key, value in zip(block.keys, block.values, strict=True) if key not in gone
            }
        entries |= new
        keys = sorted(entries)
        size = len(keys) if len(keys) < 2 * BLOCK else BLOCK
        return [
            self._make(part, [entries[key] for key in part])
            for part in (keys[start : start + size] for start in range(0, len(keys), size or 1))
        ]
