"""Units: how they are found without diacritics, and what they are known as."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from submission.adapters.unit_index import UnitIndex
from submission.domain.units import Unit, UnitFacts, UnitLevel, known_as


def _facts(name: str = "Công đoàn", parent: str | None = None) -> UnitFacts:
    return UnitFacts(name, None, parent, UnitLevel.GRASSROOTS, None, None, date(2022, 1, 1), None)


ROOT = Unit("TLD", ("TLD",), _facts("Tổng Liên đoàn Lao động Việt Nam"), 1)
MIDDLE = Unit("CT-HOA-CHAT", ("TLD", "CT-HOA-CHAT"), _facts("Công đoàn Hóa chất", "TLD"), 1)
LEAF = Unit("HC-DAM", ("TLD", "CT-HOA-CHAT", "HC-DAM"), _facts("Công đoàn Đạm Hà Bắc", "CT-HOA-CHAT"), 4)


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


def test_a_unit_is_known_by_its_folded_names_and_by_its_code_without_look_alike_digits() -> None:
    facts = replace(_facts("Công đoàn Đạm Hà Bắc"), name_en="Hà Bắc Union")

    assert known_as("HC-DAM-10", facts) == ("cong doan dam ha bac", "ha bac union", "code:HC-DAM-IO")
