"""What a text from outside may consist of: NFC, visible characters, no tricks with direction. It compares
and folds nothing; that is each service's own rule.
"""

from __future__ import annotations

import re
import unicodedata

# Letters and marks that show nothing, though Unicode counts them as printable: Hangul and Khmer fillers, the
# grapheme joiner, the blank of Braille, variation selectors.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# What joins and colours emoji; of no use in a title or a name, common in text pasted from a phone.
_EMOJI_PARTS = re.compile("[\u200d\ufe0f]")
_REFUSED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
# What Vietnamese and other Latin texts consist of once their letters are composed: among it is neither a mark
# nor a blank.
_OTHER_THAN_LATIN = re.compile(
    "[^\x00-\u02ff\u1e00-\u1eff\u2010-\u2027\u20a0-\u20cf\u2100-\u22ff\u2500-\u25ff]"
)
# Vietnamese puts two marks on a letter, no script of a living language more than a few. Normalising sorts the
# marks of one letter in a time that grows with the square of their number.
MOST_MARKS = 10
# Every combining mark is in here, and much else: a longer run is a reason to look closer.
_PERHAPS_MARKS = re.compile(rf"[^\w\x00-\u02ff][^\w\x00-\u02ff]{{{MOST_MARKS},}}")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_BREAK = re.compile("\r\n?")


class RefusedCharacter(ValueError):
    """The text has a control, invisible or direction-changing character. code_point: as U+202E."""

    def __init__(self, character: str) -> None:
        self.code_point = f"U+{ord(character):04X}"
        super().__init__(self.code_point)


class TooManyMarks(ValueError):
    """More than MOST_MARKS combining marks follow one another."""


def clean(text: str, *, multiline: bool = False) -> str:
    """`text` in NFC, with every kind of space as the plain one, trimmed. RefusedCharacter when it has one
    that cannot be seen or that turns the direction, TooManyMarks when marks are piled up. The time it takes
    grows with the length of the text, whatever the text consists of.

    multiline: keeps line breaks (as \\n), tabs, and the parts of emoji.
    """
    visible = text
    if multiline:
        text = _LINE_BREAK.sub("\n", text)
        visible = _EMOJI_PARTS.sub("", text.replace("\n", " ").replace("\t", " "))
    if not visible.isprintable():
        text, visible = _SPACES.sub(" ", text), _SPACES.sub(" ", visible)
        for character in dict.fromkeys(visible):
            if not character.isprintable() and _is_refused(character):
                raise RefusedCharacter(character)
    if not visible.isascii():
        if _OTHER_THAN_LATIN.search(visible) is not None:
            blank = _BLANK.search(visible)
            if blank is not None:
                raise RefusedCharacter(blank[0])
            _refuse_piles_of_marks(text)
        text = unicodedata.normalize("NFC", text)
    return text.strip()


def _refuse_piles_of_marks(text: str) -> None:
    for run in _PERHAPS_MARKS.finditer(text):
        marks = {sign for sign in set(run[0]) if unicodedata.category(sign).startswith("M")}
        piled = 0
        for character in run[0] if marks else ():
            piled = piled + 1 if character in marks else 0
            if piled > MOST_MARKS:
                raise TooManyMarks


def _is_refused(character: str) -> bool:
    # An unassigned code point may be a letter or an emoji of a newer Unicode than Python's; noncharacters
    # never are.
    category = unicodedata.category(character)
    if category == "Cn":
        return ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
    return category in _REFUSED_CATEGORIES
