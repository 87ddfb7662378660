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
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LINE_BREAK = re.compile("\r\n?")


class RefusedCharacter(ValueError):
    """The text has a control, invisible or direction-changing character. code_point: as U+202E."""

    def __init__(self, character: str) -> None:
        self.code_point = f"U+{ord(character):04X}"
        super().__init__(self.code_point)


def clean(text: str, *, multiline: bool = False) -> str:
    """`text` in NFC, with every kind of space as the plain one, trimmed. RefusedCharacter when it has one
    that cannot be seen or that turns the direction.

    multiline: keeps line breaks (as \\n), tabs, and the parts of emoji.
    """
    visible = text
    if multiline:
        text = _LINE_BREAK.sub("\n", text)
        visible = _EMOJI_PARTS.sub("", text.replace("\n", " ").replace("\t", " "))
    if not visible.isprintable():
        text, visible = _SPACES.sub(" ", text), _SPACES.sub(" ", visible)
        for character in visible:
            if not character.isprintable() and _is_refused(character):
                raise RefusedCharacter(character)
    if not visible.isascii():
        blank = _BLANK.search(visible)
        if blank is not None:
            raise RefusedCharacter(blank[0])
        text = unicodedata.normalize("NFC", text)
    return text.strip()


def _is_refused(character: str) -> bool:
    # An unassigned code point may be a letter or an emoji of a newer Unicode than Python's; noncharacters
    # never are.
    if unicodedata.category(character) == "Cn":
        return ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
    return unicodedata.category(character) in _REFUSED_CATEGORIES
