"""Folds Vietnamese text so that search ignores letter case and diacritics, đ included."""

from __future__ import annotations

import re
import unicodedata

_NO_WORD = re.compile(r"[^a-z0-9]+", re.ASCII)


def fold(text: str) -> str:
    """Lower case, without diacritics, words parted by one space: "Hội Đồng" and "hoi dong" are the same."""
    # NFD takes every mark off its letter, but the stroke of đ is no mark.
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _NO_WORD.sub(" ", plain).strip()


def unread_letters(text: str) -> str:
    """The letters that `fold` cannot read as a to z, each once: of other scripts, or shaped like Latin."""
    folded = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(dict.fromkeys(letter for letter in folded if letter.isalpha() and not letter.isascii()))


def words(text: str) -> tuple[str, ...]:
    """The folded words of a text, each once, in their order."""
    return tuple(dict.fromkeys(fold(text).split()))
