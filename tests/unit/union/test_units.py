"""A unit: when it exists, what it is known as, and how it is read from plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.units import Unit, UnitFacts, UnitLevel, known_as, unit_of, unit_values

FACTS = UnitFacts(
    "Công đoàn Đạm Hà Bắc", "Hà Bắc Union", "CT", UnitLevel.GRASSROOTS, None, None, date(2022, 1, 1), None
)
UNIT = Unit("HC-DAM-10", ("TLD", "CT", "HC-DAM-10"), FACTS, 3)
DAYS = st.dates(date(2021, 1, 1), date(2023, 12, 31))


def test_a_unit_is_known_by_its_folded_names_and_by_its_code_without_look_alike_digits() -> None:
    assert known_as(UNIT.code, FACTS) == ("cong doan dam ha bac", "ha bac union", "code:HC-DAM-IO")


@pytest.mark.parametrize(
    ("day", "exists"),
    [("2021-12-31", False), ("2022-01-01", True), ("2022-06-30", True), ("2022-07-01", False)],
)
def test_a_unit_exists_from_its_first_to_its_last_day(day: str, exists: bool) -> None:
    unit = replace(UNIT, facts=replace(FACTS, valid_to=date(2022, 6, 30)))

    assert unit.exists_on(date.fromisoformat(day)) is exists


@given(first=DAYS, length=st.integers(0, 400), asked=DAYS, span=st.integers(0, 400))
def test_a_unit_exists_within_days_if_it_exists_on_one_of_them(
    first: date, length: int, asked: date, span: int
) -> None:
    unit = replace(UNIT, facts=replace(FACTS, valid_from=first, valid_to=first + timedelta(days=length)))

    days = [asked + timedelta(days=n) for n in range(span + 1)]
    assert unit.exists_within(days[0], days[-1]) is any(map(unit.exists_on, days))


def test_a_subtree_has_its_top_and_what_is_below_it() -> None:
    assert [UNIT.is_within(code) for code in ("TLD", "CT", "HC-DAM-10", "HC", "LD")] == [
        *(True, True, True, False, False)
    ]


def test_a_unit_survives_its_plain_values() -> None:
    ended = replace(UNIT, facts=replace(FACTS, valid_to=date(2023, 1, 31), cluster="b-3", block="school"))

    for unit in (UNIT, ended):
        assert unit_of(unit.code, unit_values(unit)) == unit


def test_a_reader_takes_what_a_newer_or_an_older_writer_wrote() -> None:
    newer = {
        **unit_values(UNIT),
        "level": "district",
        "block": "cooperative",
        "phone": "1900",
        "kind": "unit",
    }
    older = {"name_vi": "Cũ", "path": ["TLD", "CT", "X"], "valid_from": "2022-01-01", "version": 1}

    assert (unit_of("HC-DAM-10", newer).facts.level, unit_of("HC-DAM-10", newer).facts.block) == (
        "district",
        "cooperative",
    )
    assert unit_of("X", older).facts == UnitFacts("Cũ", None, "CT", "", None, None, date(2022, 1, 1), None)
