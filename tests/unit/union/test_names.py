"""Search by words of names: what is found, in which order, and that it stops early."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.unit_trees import national_tree, unit
from union import names
from union.folding import words
from union.names import NameIndex, position, searchable
from union.tree import UnitTree
from union.units import Unit

ROOT = unit("TLD", name="Tổng Liên đoàn Lao động Việt Nam")
MIDDLE = unit("TLD", "CT-HOA-CHAT", name="Công đoàn Hóa chất")
LEAF = unit("TLD", "CT-HOA-CHAT", "HC-DAM", name="Công đoàn Đạm Hà Bắc", version=4)
NATION = list(national_tree(3_000))
SOME = st.sampled_from([word for one in NATION[::50] for word in words(one.facts.name_vi)])
TEXTS = st.lists(st.builds(lambda word, length: word[:length], SOME, st.integers(1, 6)), max_size=4)
POSITIONS = st.none() | st.sampled_from(NATION).map(position)


def index_of(*units: Unit) -> NameIndex:
    return NameIndex().with_replaced(UnitTree().newer(units))


INDEX = index_of(LEAF, ROOT, MIDDLE)
NATIONAL = index_of(*NATION)
BY_NAME = sorted(NATION, key=position)


def codes(index: NameIndex, text: str, parent: str | None = None) -> list[str]:
    return [one.code for one in index.search(text, parent)]


@pytest.mark.parametrize("text", ["đạm", "dam", "DAM hà bắc", "hc-dam", "Cong doan Dam", "dạm", "ha ba h"])
def test_a_search_ignores_diacritics_both_ways(text: str) -> None:
    assert codes(INDEX, text) == ["HC-DAM"]


def test_a_search_finds_by_beginnings_of_words_in_any_order() -> None:
    assert codes(INDEX, "chat ho") == ["CT-HOA-CHAT"]
    assert codes(INDEX, "oa") == []
    assert codes(INDEX, "hoa dam") == []


def test_an_empty_search_gives_all_by_their_folded_names() -> None:
    assert codes(INDEX, " ") == ["HC-DAM", "CT-HOA-CHAT", "TLD"]
    assert codes(NameIndex(), " ") == []


def test_a_search_below_a_unit_gives_only_those_right_below_it() -> None:
    assert codes(INDEX, "", "TLD") == ["CT-HOA-CHAT"]
    assert codes(INDEX, "cong doan", "CT-HOA-CHAT") == ["HC-DAM"]
    assert codes(INDEX, "hoa", "CT-HOA-CHAT") == []
    assert codes(INDEX, "", "NO-SUCH") == []


def test_a_renamed_unit_is_found_by_its_new_name_only() -> None:
    pairs = UnitTree([LEAF, ROOT, MIDDLE]).newer([unit(*LEAF.path, name="Mới", version=5)])

    index = INDEX.with_replaced(pairs)

    assert (codes(index, "moi"), codes(index, "dam ha"), codes(index, "hc dam")) == (
        ["HC-DAM"],
        [],
        ["HC-DAM"],
    )
    assert codes(INDEX, "ha bac") == ["HC-DAM"]


@given(TEXTS, st.none() | st.sampled_from([one.facts.parent for one in NATION[::97]]), POSITIONS)
def test_the_index_finds_what_a_reading_of_all_units_finds(
    texts: list[str], parent: str | None, after: tuple[str, ...] | None
) -> None:
    def matches(one: Unit) -> bool:
        has = words(f"{one.facts.name_vi} {one.code}")
        return all(any(word.startswith(prefix) for word in has) for prefix in texts)

    expected = [
        one.code
        for one in BY_NAME
        if matches(one)
        and (parent is None or one.facts.parent == parent)
        and (after is None or position(one) > after)
    ]
    assert [one.code for one in NATIONAL.search(" ".join(texts), parent, after)] == expected


def test_pages_join_without_a_gap_or_a_repetition() -> None:
    seen: list[str] = []
    after = None
    while page := list(islice(NATIONAL.search("truong co so", None, after), 7)):
        seen += [one.code for one in page]
        after = position(page[-1])

    assert seen == codes(NATIONAL, "truong co so")
    assert len(seen) > 500


def test_a_search_for_what_nearly_all_have_looks_no_further_than_its_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_at = []
    matching = names._NameBlock.matching

    def counted(self: names._NameBlock, prefixes: list[str], parent: str | None) -> int:
        looked_at.append(self)
        return matching(self, prefixes, parent)

    monkeypatch.setattr(names._NameBlock, "matching", counted)

    for text in ("co", "cong doan co so", ""):
        looked_at.clear()
        assert len(list(islice(NATIONAL.search(text), 100))) == 100
        assert len(looked_at) == 1


@pytest.mark.parametrize(
    ("text", "enough"), [("", True), ("--", True), ("c", False), ("c đ 1", False), ("ca", True)]
)
def test_one_letter_is_too_little_to_search_for(text: str, enough: bool) -> None:
    assert searchable(text) is enough
