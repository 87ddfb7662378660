"""The rules of the union tree: place, level, days and names of a unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submission.domain.tree import (
    RANK,
    ChildrenOutlast,
    Surroundings,
    UnitHasChildren,
    UnitRefused,
    only_names,
    place,
)
from union.units import Block, Unit, UnitFacts, UnitLevel, known_as

TODAY = date(2026, 11, 27)
START, END = date(2022, 1, 1), date(2025, 6, 30)
NATIONAL, FEDERATION, SUPERIOR, GRASSROOTS = UnitLevel


def unit(path: str, level: UnitLevel, name: str | None = None, **changes: Any) -> Unit:
    codes = tuple(path.split("/"))
    parent = codes[-2] if len(codes) > 1 else None
    # Codes of one letter each, so that no two names are alike.
    facts = UnitFacts(name or f"Công đoàn {codes[-1]}", None, parent, level, None, None, START, None)
    return Unit(codes[-1], codes, replace(facts, **changes), 3)


ROOT = unit("TLD", NATIONAL)
CITY = unit("TLD/HN", FEDERATION)
SECTOR = unit("TLD/CT", FEDERATION)
UPPER = unit("TLD/CT/HC", SUPERIOR)
LEAF = unit("TLD/CT/HC/AP", GRASSROOTS)


def put(
    facts: UnitFacts,
    parent: Unit | None,
    current: Unit | None = None,
    code: str = "X",
    children: Sequence[Unit] = (),
    look_alikes: Sequence[Unit] = (),
) -> Unit:
    around = Surroundings("TLD", parent, children, look_alikes)
    return place(code if current is None else current.code, facts, current, around, TODAY)


def refused(*arguments: Any, **options: Any) -> set[tuple[str, str]]:
    try:
        put(*arguments, **options)
    except UnitRefused as error:
        return {(finding.pointer, finding.code) for finding in error.findings}
    return set()


def test_a_new_unit_gets_the_path_of_its_parent() -> None:
    made = put(replace(LEAF.facts, name_vi="Mới"), UPPER, code="HC-PIN")

    assert made.path == ("TLD", "CT", "HC", "HC-PIN")
    assert made.version == 1


def test_the_first_unit_is_the_root() -> None:
    assert put(ROOT.facts, None, code="TLD").path == ("TLD",)


def test_a_change_keeps_the_place_and_raises_the_version() -> None:
    renamed = put(replace(LEAF.facts, name_vi="Mới"), UPPER, LEAF)

    assert (renamed.path, renamed.version) == (LEAF.path, 4)


def test_a_unit_with_subordinates_may_be_renamed_but_not_moved() -> None:
    renamed = put(replace(UPPER.facts, name_vi="Mới"), SECTOR, UPPER, children=[LEAF])
    ended = unit("TLD/CT/HC/OLD", GRASSROOTS, valid_to=END)

    assert renamed.path == UPPER.path
    # An ended one counts too: its path would no longer be true.
    with pytest.raises(UnitHasChildren):
        put(replace(UPPER.facts, parent="HN"), CITY, UPPER, children=[ended])


@pytest.mark.parametrize(
    ("code", "parent", "parent_unit", "finding"),
    [
        ("X", None, None, "second-root"),
        ("X", "X", None, "own-parent"),
        ("X", "NO", None, "unknown-parent"),
        ("HC", "AP", LEAF, "own-parent"),
        ("TLD", "CT", SECTOR, "own-parent"),
    ],
)
def test_what_is_no_tree_is_refused(
    code: str, parent: str | None, parent_unit: Unit | None, finding: str
) -> None:
    facts = replace(LEAF.facts, parent=parent)

    assert refused(facts, parent_unit, code=code) == {("#/parent", finding)}


def test_a_level_is_below_that_of_the_superior_unit_or_one_of_those_that_nest() -> None:
    nested = {(FEDERATION, FEDERATION), (UnitLevel.SUPERIOR, UnitLevel.SUPERIOR)}
    for parent in (ROOT, SECTOR, UPPER, LEAF):
        for level in UnitLevel:
            facts = replace(LEAF.facts, parent=parent.code, level=level, name_vi="Mới")
            below = RANK[level] > RANK[parent.facts.level]
            below = below or (level, parent.facts.level) in nested
            assert refused(facts, parent) == (set() if below else {("#/level", "level-not-below")})


def test_a_level_stays_above_those_of_the_subordinate_units() -> None:
    lowered = replace(UPPER.facts, level=GRASSROOTS)

    assert refused(lowered, SECTOR, UPPER, children=[LEAF]) == {("#/level", "level-not-above")}
    assert refused(lowered, SECTOR, UPPER) == set()


ENDED = unit("TLD/ALT", FEDERATION, valid_from=date(2023, 1, 1), valid_to=END)


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (date(2023, 1, 1), END, set()),
        (date(2024, 1, 1), date(2024, 1, 1), set()),
        (date(2022, 12, 31), END, {("#/valid_from", "before-parent")}),
        (date(2023, 1, 1), date(2025, 7, 1), {("#/valid_to", "after-parent")}),
        (START, None, {("#/valid_from", "before-parent"), ("#/valid_to", "after-parent")}),
    ],
)
def test_a_new_unit_exists_only_while_its_superior_does(
    first: date, last: date | None, found: set[tuple[str, str]]
) -> None:
    facts = replace(LEAF.facts, parent="ALT", valid_from=first, valid_to=last)

    assert refused(facts, ENDED) == found


def test_a_moved_unit_keeps_its_first_day_below_a_younger_superior() -> None:
    young = unit("TLD/NEU", FEDERATION, valid_from=date(2025, 7, 1))
    future = unit("TLD/MAI", FEDERATION, valid_from=TODAY + timedelta(days=1))

    assert put(replace(LEAF.facts, parent="NEU"), young, LEAF).facts.valid_from == START
    assert refused(replace(LEAF.facts, parent="MAI"), future, LEAF) == {("#/parent", "before-parent")}
    assert refused(replace(LEAF.facts, parent="ALT"), ENDED, LEAF) == {("#/valid_to", "after-parent")}


def test_what_outlasts_its_superior_from_before_may_still_be_renamed_and_ended_but_not_extended() -> None:
    orphan = unit("TLD/ALT/AP", GRASSROOTS, valid_to=date(2027, 1, 1))

    assert refused(replace(orphan.facts, name_vi="Mới"), ENDED, orphan) == set()
    assert refused(replace(orphan.facts, valid_to=TODAY), ENDED, orphan) == set()
    assert refused(replace(orphan.facts, valid_to=None), ENDED, orphan) == {("#/valid_to", "after-parent")}


def test_a_unit_does_not_end_or_begin_within_the_life_of_its_subordinates() -> None:
    ended = unit("TLD/CT/HC/OLD", GRASSROOTS, valid_to=END)
    for fewer in (replace(UPPER.facts, valid_to=TODAY), replace(UPPER.facts, valid_from=date(2023, 1, 1))):
        with pytest.raises(ChildrenOutlast) as caught:
            put(fewer, SECTOR, UPPER, children=[LEAF])
        assert list(caught.value.children) == [LEAF]

    assert put(replace(UPPER.facts, valid_to=TODAY), SECTOR, UPPER, children=[ended]).facts.valid_to == TODAY
    older = unit("TLD/CT", FEDERATION, valid_from=date(2020, 1, 1))
    assert put(replace(UPPER.facts, valid_from=date(2021, 1, 1)), older, UPPER, children=[LEAF])


@pytest.mark.parametrize("name", ["công đoàn AP", "CÔNG ĐOÀN  ÁP", "Cong-doan ap", "Công đoàn «ặp»"])
def test_a_name_that_a_living_sibling_has_is_taken_however_it_is_written(name: str) -> None:
    facts = replace(LEAF.facts, name_vi=name)

    assert refused(facts, UPPER, look_alikes=[LEAF]) == {("#/name_vi", "name-taken")}
    assert refused(replace(facts, name_vi="Mới", name_en=name), UPPER, look_alikes=[LEAF]) == {
        ("#/name_en", "name-taken")
    }


def test_a_name_is_free_elsewhere_and_after_the_life_of_who_had_it() -> None:
    facts = replace(LEAF.facts, name_vi="Công đoàn AP")
    elsewhere = unit("TLD/HN/Q1/AP", GRASSROOTS, "Công đoàn AP")
    ended = unit("TLD/CT/HC/AP", GRASSROOTS, "Công đoàn AP", valid_to=END)

    assert refused(facts, UPPER, look_alikes=[elsewhere]) == set()
    assert refused(replace(facts, valid_from=END + timedelta(days=1)), UPPER, look_alikes=[ended]) == set()
    # Reopened, it would meet the one that has its name now.
    heir = unit("TLD/CT/HC/AP2", GRASSROOTS, "Công đoàn AP", valid_from=END + timedelta(days=1))
    assert refused(replace(ended.facts, valid_to=None), UPPER, ended, look_alikes=[heir]) == {
        ("#/name_vi", "name-taken")
    }


def test_no_unit_takes_the_name_of_a_unit_of_a_higher_level_anywhere() -> None:
    for imitated in (ROOT, CITY, unit("TLD/HN/Q1", SUPERIOR, "Công đoàn Q1")):
        renamed = replace(LEAF.facts, name_vi=imitated.facts.name_vi)
        assert refused(renamed, UPPER, LEAF, look_alikes=[imitated]) == {("#/name_vi", "name-taken")}


@pytest.mark.parametrize(
    "name", ["Сông đoàn", "Công đoàn ＡＰ", "Công đoàn ᴀᴘ", "Công đoàn 𝐀𝐏", "工会", "★ – ★"]
)
def test_a_name_of_letters_that_only_look_latin_is_refused(name: str) -> None:
    assert refused(replace(LEAF.facts, name_vi=name), UPPER) == {("#/name_vi", "name-letters")}
    assert refused(replace(LEAF.facts, name_vi="Công đoàn Điện lực (Ô Chợ Dừa) số 1 – «ƠƯ»"), UPPER) == set()


def test_a_new_code_that_looks_like_another_is_refused() -> None:
    city = unit("TLD/LD-HA-NOI", FEDERATION, "Hà Nội")
    facts = replace(CITY.facts, name_vi="Khác")

    for code in ("LD-HA-N0I", "LD-HA-NO1", "LD-HA-N01"):
        assert known_as(code, facts)[-1] in known_as(city.code, city.facts)
        assert refused(facts, ROOT, code=code, look_alikes=[city]) == {("path code", "code-taken")}


def test_only_names_means_nothing_else() -> None:
    facts = LEAF.facts

    assert only_names(facts, facts)
    assert only_names(facts, replace(facts, name_vi="Mới", name_en="New"))
    other_facts = (
        {"parent": "HN"},
        {"level": SUPERIOR},
        {"block": Block.SCHOOL},
        {"cluster": "Cụm 1"},
        {"valid_from": END},
        {"valid_to": END},
    )
    assert not any(only_names(facts, replace(facts, name_vi="Mới", **other)) for other in other_facts)


days = st.dates(date(2022, 1, 1), date(2022, 12, 31))


@given(days, st.none() | days, days, st.none() | days)
def test_two_units_overlap_exactly_when_they_share_a_day(
    first: date, last: date | None, other_first: date, other_last: date | None
) -> None:
    one = unit("TLD/A", FEDERATION, valid_from=first, valid_to=last)
    other = unit("TLD/B", FEDERATION, valid_from=other_first, valid_to=other_last)
    year = [date(2022, 1, 1) + timedelta(days=n) for n in range(366)]
    empty = any(u.facts.valid_to and u.facts.valid_to < u.facts.valid_from for u in (one, other))

    shared = any(one.exists_on(day) and other.exists_on(day) for day in year)

    if not empty:
        assert one.overlaps(other.facts) == other.overlaps(one.facts) == shared
