"""Folding: text without letter case and diacritics."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from union.folding import fold, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Hội Đồng", "hoi dong"),
        ("ĐẠI HỌC  Điện-Lực", "dai hoc dien luc"),
        ("Công đoàn Công ty TNHH MTV Apatit", "cong doan cong ty tnhh mtv apatit"),
        ("Thừa Thiên Huế", "thua thien hue"),
        ("  ", ""),
    ],
)
def test_folding_drops_case_diacritics_and_punctuation(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(alphabet="aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạếềểễệĐÊ ƯỡỢ-.", max_size=40))
def test_folding_sees_no_difference_between_composed_and_decomposed_text(text: str) -> None:
    folded = fold(text)

    assert fold(unicodedata.normalize("NFD", text)) == folded == fold(folded)
    assert folded.isascii()


def test_words_come_once_in_their_order() -> None:
    assert words("Công đoàn Công ty") == ("cong", "doan", "ty")
