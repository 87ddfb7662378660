"""The union tree: where a unit is placed, and how it is found again without diacritics."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from submission.adapters.unit_index import UnitIndex
from submission.domain.units import Unit, UnitFacts, UnitLevel, UnitRefused, place


def _facts(name: str = "Công đoàn", parent: str | None = None) -> UnitFacts:
    return UnitFacts(name, None, parent, UnitLevel.GRASSROOTS, None, None, date(2022, 1, 1), None)


ROOT = Unit("TLD", ("TLD",), _facts("Tổng Liên đoàn Lao động Việt Nam"), 1)
MIDDLE = Unit("CT-HOA-CHAT", ("TLD", "CT-HOA-CHAT"), _facts("Công đoàn Hóa chất", "TLD"), 1)
LEAF = Unit("HC-DAM", ("TLD", "CT-HOA-CHAT", "HC-DAM"), _facts("Công đoàn Đạm Hà Bắc", "CT-HOA-CHAT"), 4)


def test_a_new_unit_gets_the_path_of_its_parent() -> None:
    unit = place("HC-PIN", _facts(parent="CT-HOA-CHAT"), MIDDLE, None, has_children=False, root="TLD")

    assert unit.path == ("TLD", "CT-HOA-CHAT", "HC-PIN")
    assert unit.version == 1


def test_the_first_unit_is_the_root() -> None:
    assert place("TLD", _facts(), None, None, has_children=False, root=None).path == ("TLD",)


def test_a_change_keeps_the_place_and_raises_the_version() -> None:
    renamed = place(
        LEAF.code, replace(LEAF.facts, name_vi="Mới"), MIDDLE, LEAF, has_children=False, root="TLD"
    )

    assert renamed.path == LEAF.path
    assert renamed.version == 5


def test_a_unit_with_subordinates_may_be_renamed_but_not_moved() -> None:
    renamed = place(MIDDLE.code, _facts("Mới", "TLD"), ROOT, MIDDLE, has_children=True, root="TLD")
    other = Unit("LD-HA-NOI", ("TLD", "LD-HA-NOI"), _facts(parent="TLD"), 1)

    assert renamed.path == MIDDLE.path
    with pytest.raises(UnitRefused, match="has-children"):
        place(MIDDLE.code, _facts(parent="LD-HA-NOI"), other, MIDDLE, has_children=True, root="TLD")


@pytest.mark.parametrize(
    ("code", "parent", "parent_unit", "reason"),
    [
        ("X", None, None, "second-root"),
        ("X", "X", None, "own-parent"),
        ("X", "NO", None, "unknown-parent"),
        ("CT-HOA-CHAT", "HC-DAM", LEAF, "own-parent"),
    ],
)
def test_what_would_break_the_tree_is_refused(
    code: str, parent: str | None, parent_unit: Unit | None, reason: str
) -> None:
    with pytest.raises(UnitRefused, match=reason):
        place(code, _facts(parent=parent), parent_unit, None, has_children=False, root="TLD")


INDEX = UnitIndex([LEAF, ROOT, MIDDLE])


@pytest.mark.parametrize("text", ["đạm", "dam", "DAM hà bắc", "hc-dam", "Cong doan Dam", "dạm"])
def test_a_search_ignores_diacritics_both_ways(text: str) -> None:
    assert [unit.code for unit in INDEX.search(text)] == ["HC-DAM"]


def test_a_search_finds_by_beginnings_of_words_in_any_order() -> None:
    assert [unit.code for unit in INDEX.search("chat ho")] == ["CT-HOA-CHAT"]
    assert INDEX.search("oa") == ()
    assert INDEX.search("hoa dam") == ()


def test_an_empty_search_gives_all_by_their_folded_names() -> None:
    assert [unit.code for unit in INDEX.search(" ")] == ["HC-DAM", "CT-HOA-CHAT", "TLD"]


def test_children_and_root_are_known() -> None:
    assert [unit.code for unit in INDEX.children("TLD")] == ["CT-HOA-CHAT"]
    assert INDEX.children("HC-DAM") == ()
    assert INDEX.root is ROOT
    assert UnitIndex().root is None


def test_an_older_version_never_replaces_a_newer_one() -> None:
    newer = replace(LEAF, version=5, facts=replace(LEAF.facts, name_vi="Mới"))
    index = INDEX.with_units([newer])

    assert index.get("HC-DAM") is newer
    assert index.with_units([LEAF]).get("HC-DAM") is newer
    assert [unit.code for unit in index.search("moi")] == ["HC-DAM"]
    assert [unit.code for unit in INDEX.search("dam")] == ["HC-DAM"]
