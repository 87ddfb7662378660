#!/usr/bin/env -S .venv/bin/python
"""What the read model of the union tree costs at national size: memory, the first load, a refresh, a search.

    .venv/bin/python -m tests.load.tree [--grassroots 125000]

Needs no server. Times are CPU of this thread, so that other work on the machine changes them little. The
searches are all prefixes of two letters, and combinations of frequent and rare words, which leave much to
compare. Goal: no search above 10 ms. It asserts nothing.
"""

from __future__ import annotations

import argparse
import gc
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TypeVar

import bson

from tests.support.unit_trees import national_tree, unit
from union.folding import words
from union.names import NameIndex
from union.tree import UnitTree
from union.units import Unit, unit_of, unit_values

PAGE = 101
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grassroots", type=int, default=125_000)
    count = parser.parse_args().grassroots
    documents = [bson.encode({"_id": one.code, **unit_values(one)}) for one in national_tree(count)]
    before = _resident()
    units, load = _measured(lambda: [unit_of(one["_id"], one) for one in map(bson.decode, documents)])
    print(f"{len(units)} units: {load:.0f} ms to read from BSON, {_resident() - before:.0f} MB")
    before = _resident()
    tree, load = _measured(lambda: UnitTree(units))
    print(f"tree: {load:.0f} ms to make, {_resident() - before:.0f} MB besides the units")
    before = _resident()
    index, load = _measured(lambda: NameIndex().with_replaced(UnitTree().newer(units)))
    print(f"index of names: {load:.0f} ms to make, {_resident() - before:.0f} MB besides the units")
    for changed in (1, 10, 100, 1_000):
        print(f"refresh of {changed} changed units: {_refresh(tree, index, units, changed):.1f} ms")
    print(f"lookup by code: {_each(lambda one: tree.get(one.code), units) * 1000:.1f} µs")
    day = date(2022, 6, 1)
    _, children = _measured(lambda: [tree.children(one.code, day, day) for one in units[:831]])
    print(f"children of a unit: {children / 831:.2f} ms on average of the 831 that have some")
    _searches(index, units)


def _searches(index: NameIndex, units: list[Unit]) -> None:
    cost: dict[tuple[str, str | None], float] = {}
    for text, parent in _questions(units):
        # The better of two: the first may have paid for a collection of garbage.
        cost[text, parent] = min(_search(index, text, parent) for _ in range(2))
    ordered = sorted(cost.values())
    print(f"{len(ordered)} searches: p50 {ordered[len(ordered) // 2]:.2f} ms, ", end="")
    print(f"p99 {ordered[len(ordered) * 99 // 100]:.2f} ms, most {ordered[-1]:.2f} ms")
    for question, took in sorted(cost.items(), key=lambda item: -item[1])[:5]:
        print(f"  {took:.2f} ms: {question}")


def _search(index: NameIndex, text: str, parent: str | None) -> float:
    return _measured(lambda: list(islice(index.search(text, parent), PAGE)))[1]


def _questions(units: list[Unit]) -> Iterator[tuple[str, str | None]]:
    drawn = random.Random(7)
    having = Counter(word for one in units for word in words(f"{one.facts.name_vi} {one.code}"))
    frequent = [word for word, _ in having.most_common(60)]
    letters = sorted({word[:2] for word in having if len(word) > 1})
    parents = [one.code for one in units[:300:29]]
    yield from [("", None), ("c", None), ("cong doan co so", None), ("zz", None), ("00 11 22 33", None)]
    yield from (("", parent) for parent in parents)
    yield from ((prefix, None) for prefix in letters)
    yield from ((f"{one} {other}", None) for one in letters for other in drawn.sample(letters, 5))
    for _ in range(3_000):
        chosen = drawn.sample(frequent, drawn.randint(1, 8)) + drawn.sample(letters, drawn.randint(0, 3))
        yield " ".join(chosen), drawn.choice([None, *parents])


def _refresh(tree: UnitTree, index: NameIndex, units: list[Unit], changed: int) -> float:
    chosen = random.Random(changed).sample(units, changed)
    news = [unit(*one.path, name=f"Tên mới {one.code}", version=2) for one in chosen]

    def work() -> None:
        pairs = tree.newer(news)
        tree.with_replaced(pairs)
        index.with_replaced(pairs)

    return _measured(work)[1]


def _each(work: Callable[[Unit], object], units: list[Unit]) -> float:
    def all_of_them() -> None:
        for one in units:
            work(one)

    return _measured(all_of_them)[1] / len(units)


def _measured(work: Callable[[], T]) -> tuple[T, float]:
    """What the work returned, and its CPU time in milliseconds."""
    started = time.thread_time()
    done = work()
    return done, (time.thread_time() - started) * 1000


def _resident() -> float:
    """Megabytes of memory that the process holds."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


if __name__ == "__main__":
    main()
