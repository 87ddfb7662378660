"""Sequences, shares, human codes and deadlines: the small exact rules."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from submission.domain import codes, shares
from submission.domain.deadlines import expected_answer_on
from submission.domain.sequence import NEVER_SUBMITTED, Sequence
from union.workdays import WorkCalendar

PARTS = st.integers(0, 999_999)
SEQUENCES = st.builds(Sequence, PARTS, PARTS)


@given(SEQUENCES, SEQUENCES)
def test_sequences_order_as_text_like_their_numbers(one: Sequence, other: Sequence) -> None:
    assert (
        (str(one) < str(other)) == (one < other) == ((one.revision, one.step) < (other.revision, other.step))
    )


@given(SEQUENCES)
def test_a_sequence_survives_its_text(sequence: Sequence) -> None:
    assert Sequence.parse(str(sequence)) == sequence


def test_the_first_submission_is_revision_one_step_zero() -> None:
    assert str(NEVER_SUBMITTED.next_revision()) == "000001.000000"


@pytest.mark.parametrize(
    "text", ["", "1.0", "000001.00000", "000001-000000", "٠٠٠٠٠١.000000", "000001.000000\n"]
)
def test_a_text_that_is_no_padded_sequence_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no sequence"):
        Sequence.parse(text)


def test_a_sequence_that_would_not_order_as_text_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="six digits"):
        Sequence(1_000_000, 0)


@given(st.integers(0, shares.WHOLE))
def test_a_share_survives_its_text(value: int) -> None:
    assert shares.hundredths(shares.text(value)) == value


@pytest.mark.parametrize(
    ("text", "value"), [("100", 100_00), ("33.3", 33_30), ("0.01", 1), ("100.00", 100_00)]
)
def test_a_share_may_have_up_to_two_decimals(text: str, value: int) -> None:
    assert shares.hundredths(text) == value


@pytest.mark.parametrize("text", ["100.01", "33.333", "-1", "1e2", "", " 5", "05", "33,3", "101", "٥", "5."])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"share|above"):
        shares.hundredths(text)


@given(st.lists(st.integers(0, shares.WHOLE), min_size=1, max_size=20))
def test_shares_add_up_only_to_exactly_one_hundred(values: list[int]) -> None:
    rest = shares.WHOLE - sum(values)

    assert shares.add_up(values) == (rest == 0)
    assert shares.add_up([*values, rest])
    assert not shares.add_up([*values, rest + 1])


def test_a_third_each_needs_the_odd_hundredth() -> None:
    assert shares.add_up(map(shares.hundredths, ("33.33", "33.33", "33.34")))
    assert not shares.add_up(map(shares.hundredths, ("33.33", "33.33", "33.33")))


NUMBERS = st.integers(0, codes.NUMBERS - 1)


@given(NUMBERS)
def test_a_code_is_well_formed_and_names_unit_and_year(number: int) -> None:
    code = codes.compose("HC-APATIT-VIET-NAM", 2022, number)

    assert codes.is_well_formed(code)
    assert code.startswith("HC-APATIT-VIET-NAM-2022-")
    assert len(code.rsplit("-", 1)[1]) == codes.RANDOM_DIGITS + 1


@given(NUMBERS, st.integers(0, 7), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(number: int, place: int, change: int) -> None:
    code = codes.compose("U", 2022, number)
    index = len(code) - 8 + place
    wrong = str((int(code[index]) + change) % 10)

    assert not codes.is_well_formed(code[:index] + wrong + code[index + 1 :])


@given(NUMBERS, st.integers(0, 6))
def test_swapped_neighbours_are_noticed_but_for_nought_and_nine(number: int, place: int) -> None:
    code = codes.compose("U", 2022, number)
    index = len(code) - 8 + place
    pair = code[index : index + 2]
    assume(pair[0] != pair[1] and set(pair) != {"0", "9"})

    assert not codes.is_well_formed(code[:index] + pair[::-1] + code[index + 2 :])


def test_the_check_digit_is_luhns() -> None:
    # The textbook example of the algorithm.
    assert codes.check_digit("7992739871") == "3"


@pytest.mark.parametrize(
    "code", ["", "U-2022-1234567", "u-2022-12345674", "2022-12345674", "U-2022-1234567٤"]
)
def test_a_code_of_another_shape_is_not_well_formed(code: str) -> None:
    assert not codes.is_well_formed(code)


@pytest.mark.parametrize(
    ("submitted", "answer"),
    [
        (date(2022, 5, 30), date(2022, 8, 30)),
        # 1 and 2 September 2022 were holidays, a week-end followed.
        (date(2022, 6, 1), date(2022, 9, 5)),
        # There is no 31 April; 30 April is a holiday on a Saturday, made up for until 3 May.
        (date(2022, 1, 31), date(2022, 5, 4)),
    ],
)
def test_the_answer_is_due_three_months_later_on_a_working_day(submitted: date, answer: date) -> None:
    calendar = WorkCalendar.load()

    expected = expected_answer_on(submitted, calendar)

    assert calendar.is_working(expected)
    assert expected == answer
