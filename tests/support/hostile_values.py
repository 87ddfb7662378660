"""Values that are made to cost much: texts whose normalising sorts, composes or takes apart, and JSON that is
deep, wide or long. What they may cost is in the tests that send them.
"""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

BODY_BYTES = 256 * 1024


@cache
def every_mark() -> str:
    """All combining marks, but for the grapheme joiner, which nobody sees."""
    return "".join(
        chr(code) for code in range(sys.maxunicode) if unicodedata.combining(chr(code)) and code != 0x34F
    )


def _repeated(text: str) -> Callable[[int], str]:
    return lambda length: (text * (length // len(text) + 1))[:length]


def _after(first: str, text: str) -> Callable[[int], str]:
    return lambda length: first + _repeated(text)(length - len(first))


# By the length in characters. The three marks have descending classes, so that sorting moves each of them.
TEXTS: Mapping[str, Callable[[int], str]] = {
    "one mark": _after("a", "\u0301"),
    "marks in descending classes": lambda n: (
        "a" + "\u0315" * (n // 3) + "\u0300" * (n // 3) + "\u0323" * (n // 3)
    ),
    "marks in turns": _after("a", "\u0315\u0300\u0323"),
    "marks without a letter": _repeated("\u0315\u0300\u0323"),
    "marks that come apart": _after("a", "\u0344\u0323"),
    "just as many marks as allowed": _repeated("a" + "\u0315\u0300\u0323\u0301\u0316" * 2),
    "musical marks": _after("a", "\U0001d165\U0001d16d"),
    "every mark": lambda n: _after("a", every_mark())(n),
    "marks parted by stars": _repeated("★" + "\u0315\u0300\u0323\u0301\u0316" * 2),
    "marks parted by joiners": _after("a", "\u0315\u0300\u200d"),
    "emoji selectors": _after("❤", "\ufe0f"),
    "joiners": _after("👨", "\u200d"),
    "Hangul jamo": _repeated("\u1100\u1161\u11a8"),
    "Hangul syllables": _repeated("각"),
    "leading jamo": _repeated("\u1100"),
    "decomposed Vietnamese": _repeated(unicodedata.normalize("NFD", "Ưởng Ậ ")),
    "compatibility ligatures": _repeated("\ufdfa"),
    "excluded composites": _repeated("\u0958\u2adc"),
    "letters that grow in lower case": _repeated("ẞİŉ"),
    "stars": _repeated("★"),
    "dashes": _repeated("—"),
    "unassigned": _repeated("\U0001fae9"),
    "spaces": _repeated("\u3000"),
    "line breaks": _repeated("\r\n"),
    "digits": _repeated("9"),
    "hyphens": _repeated("A-"),
    "at signs": _repeated("a.@"),
}


def documents(names: Iterator[str]) -> Iterator[tuple[str, bytes]]:
    """Bodies of 256 KiB at most; names: of properties that hold lists and objects of a real body."""
    yield "nothing but space", b" " * BODY_BYTES
    yield "no UTF-8", b'"' + b"\xff" * (BODY_BYTES - 2) + b'"'
    yield "open lists", b"[" * BODY_BYTES
    yield "deep lists", b"[" * 1000 + b"]" * 1000
    yield "deep objects", b'{"a":' * 1000 + b"1" + b"}" * 1000
    yield "one text", b'"' + b"x" * (BODY_BYTES - 2) + b'"'
    yield "one text of escaped marks", b'{"title":"' + b"\\u0315" * 43_000 + b'"}'
    yield "one number", b"9" * BODY_BYTES
    yield "numbers", b"[" + b"1," * 130_000 + b"1]"
    yield "fractions", b"[" + b"1e-300," * 37_000 + b"1]"
    yield "empty objects", b"[" + b"{}," * 87_000 + b"{}]"
    yield "one name again and again", b"{" + b'"a":1,' * 43_000 + b'"a":1}'
    yield "one long name", json.dumps({"ả" * 80_000: 1}, ensure_ascii=False).encode()
    yield "marks as a name", json.dumps({"a" + "\u0315\u0300" * 60_000: 1}, ensure_ascii=False).encode()
    for count in (900, 20_000):
        yield f"{count} unknown names", json.dumps({f"{number:x}": 1 for number in range(count)}).encode()
    for name in names:
        for inner in ("{}", "1", '"x"', '{"a":{}}'):
            for count in (900, 20_000):
                text = f'{{"{name}":[{",".join([inner] * count)}]}}'
                yield f"{count} of {inner} in {name}", text.encode()


def cpu_seconds(work: Callable[[], Any], enough: float) -> float:
    """The CPU time of this thread for `work`: the least of some runs, for other work on the machine only ever
    adds to it. Stops at the first run below `enough`."""
    least = float("inf")
    for _ in range(5):
        started = time.thread_time()
        work()
        least = min(least, time.thread_time() - started)
        if least < enough:
            break
    return least
