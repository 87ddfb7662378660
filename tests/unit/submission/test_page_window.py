"""The guess how far back a page reaches: never needed, never wrong by more than a second query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from chassis.mongo.keyset import sort_key
from submission.adapters.page_window import MOST_LISTS, PageWindows

START = datetime(2022, 5, 30, tzinfo=UTC)


def _at(seconds: int) -> str:
    return sort_key(START + timedelta(seconds=seconds), "id")


def test_nothing_is_guessed_of_an_unknown_list() -> None:
    assert PageWindows().floor("TLD", None) is None
    assert PageWindows().floor("TLD", _at(5)) is None


def test_the_first_page_reaches_as_far_back_as_it_did_with_a_margin() -> None:
    windows = PageWindows()
    windows.learn("TLD", None, [_at(100), _at(95), _at(90)])

    floor = windows.floor("TLD", None)

    assert floor is not None
    assert _at(79) < floor <= _at(80)
    assert windows.floor("LD-HA-NOI", None) is None


def test_a_following_page_is_guessed_from_where_it_begins() -> None:
    windows = PageWindows()
    windows.learn("TLD", None, [_at(100), _at(90)])

    floor = windows.floor("TLD", _at(90))

    assert floor is not None
    assert _at(69) < floor <= _at(70)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_a_page_that_was_learned_lies_above_its_floor(seconds: list[int]) -> None:
    positions = [_at(second) for second in sorted(seconds, reverse=True)]
    windows = PageWindows()
    windows.learn("TLD", None, positions)

    floor = windows.floor("TLD", None)

    assert floor is not None
    assert all(floor <= position for position in positions)


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=30))
def test_a_following_page_that_was_learned_lies_above_its_floor(seconds: list[int]) -> None:
    first, *positions = (_at(second) for second in sorted(seconds, reverse=True))
    windows = PageWindows()
    windows.learn("TLD", None, [first])
    windows.learn("TLD", first, positions)

    floor = windows.floor("TLD", first)

    assert floor is not None
    assert all(floor <= position for position in positions)


@given(st.integers(0, 10**15 - 1), st.booleans())
def test_a_page_that_begins_anywhere_teaches_no_more_than_its_rows_show(moment: int, known: bool) -> None:
    windows = PageWindows()
    if known:
        windows.learn("TLD", None, [_at(100), _at(95)])
    # The list has rows at 90 and 85 seconds; the client says where the page begins.
    before = max(f"{moment:015d}.x", _at(90) + "x")
    windows.learn("TLD", before, [_at(90), _at(85)])

    floor = windows.floor("TLD", _at(100))

    assert floor is not None
    assert floor >= _at(100 - 2 * (100 - 85))[:15]


def test_memory_is_bounded() -> None:
    windows = PageWindows()
    for number in range(MOST_LISTS + 5):
        windows.learn(f"U{number}", None, [_at(1)])

    assert windows.floor("U0", None) is None
    assert windows.floor(f"U{MOST_LISTS + 4}", None) is not None
