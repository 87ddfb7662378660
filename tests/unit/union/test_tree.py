"""The tree as a read model: superiors, children and peers at a time, and changes that cost little."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from tests.support.unit_trees import FIRST, national_tree, unit
from union.tree import UnitTree

LAST = date(2022, 12, 31)


def test_units_are_found_by_code_and_the_root_by_having_no_superior() -> None:
    tree = UnitTree([unit("TLD", "A"), unit("TLD")])

    assert tree.get("A") == unit("TLD", "A")
    assert tree.get("B") is None
    assert ("TLD" in tree, "B" in tree, len(tree)) == (True, False, 2)
    assert tree.root() == unit("TLD")
    assert UnitTree().root() is None


def test_children_come_by_code_without_those_further_below() -> None:
    tree = UnitTree([unit("TLD"), unit("TLD", "B"), unit("TLD", "A"), unit("TLD", "A", "A-1")])

    assert [child.code for child in tree.children("TLD", FIRST, LAST)] == ["A", "B"]
    assert tree.children("A-1", FIRST, LAST) == ()
    assert tree.children("NO-SUCH", FIRST, LAST) == ()


def test_children_are_those_that_existed_in_the_time_asked_for() -> None:
    ended = unit("TLD", "ENDED", until=date(2022, 3, 31))
    later = unit("TLD", "LATER", since=date(2023, 1, 1))
    tree = UnitTree([unit("TLD"), ended, later])

    assert tree.children("TLD", FIRST, LAST) == (ended,)
    assert tree.children("TLD", date(2022, 4, 1), LAST) == ()
    assert tree.children("TLD", date(2022, 3, 31), date(2023, 1, 1)) == (ended, later)


def test_peers_are_the_siblings_of_the_time_and_a_root_is_alone() -> None:
    tree = UnitTree(
        [unit("TLD"), unit("TLD", "B"), unit("TLD", "A"), unit("TLD", "L", since=date(2023, 1, 1))]
    )

    assert tree.peers("A", FIRST, LAST) == ("A", "B")
    assert tree.peers("L", FIRST, LAST) == ("A", "B", "L")
    assert tree.peers("TLD", FIRST, LAST) == ("TLD",)
    with pytest.raises(KeyError):
        tree.peers("NO-SUCH", FIRST, LAST)


def test_a_newer_version_replaces_an_older_one_and_never_the_reverse() -> None:
    before = UnitTree([unit("TLD"), unit("TLD", "A", version=2)])

    assert before.with_units([unit("TLD", "A", version=1), unit("TLD", "A", version=2)]) is before
    after = before.with_units([unit("TLD", "A", name="new", version=4), unit("TLD", "A", version=3)])
    found = after.get("A")
    assert found is not None
    assert (found.version, found.facts.name_vi, len(after)) == (4, "new", 2)
    # Immutable: a request that goes on with the former tree sees no change in the middle.
    assert before.get("A") == unit("TLD", "A", version=2)


def test_the_same_version_with_facts_that_were_ignored_replaces_the_one_without() -> None:
    complete = unit("TLD", "A", version=2)
    before = UnitTree([replace(complete, facts=replace(complete.facts, level=""))])

    assert before.with_units([complete]).get("A") == complete


def test_a_moved_unit_is_below_its_new_superior_only() -> None:
    tree = UnitTree([unit("TLD"), unit("TLD", "A"), unit("TLD", "B"), unit("TLD", "A", "X")])

    moved = tree.with_units([unit("TLD", "B", "X", version=2)])

    assert [child.code for child in moved.children("A", FIRST, LAST)] == []
    assert [child.code for child in moved.children("B", FIRST, LAST)] == ["X"]


def test_a_change_costs_the_same_in_a_large_tree() -> None:
    def rebuilt(grassroots: int) -> int:
        units = list(national_tree(grassroots))
        before = UnitTree(units)
        after = before.with_units([unit(*units[-1].path, name="new", version=2)])
        former = {id(block) for blocks in (before._by_code, before._below) for block in blocks.blocks}
        return sum(
            id(block) not in former for blocks in (after._by_code, after._below) for block in blocks.blocks
        )

    assert rebuilt(1_000) == rebuilt(20_000) == 2
