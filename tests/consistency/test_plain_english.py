"""Documentation and code use plain technical English: the field's terms, in sentences that need one reading.

A list of words can only catch what is never right here. To cover more code, reword a folder and add it to
FINISHED; the standard terms are in docs/reference/glossary.md.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs/reference/glossary.md"

# Regular expressions of whole words, and what to write instead.
BANNED = {
    r"anew": "again",
    r"at whatever moment": "at any time",
    r"(?:is|are|was|were|be|stays?) away": "is unavailable, is down",
    r"be had": "is available, exists",
    r"beside": "next to, alongside",
    r"doubtful|in doubt": "unconfirmed",
    r"for ever": "permanently, indefinitely",
    r"heeds?": "honours, uses",
    r"in vain": "without a result; an empty poll",
    r"in the midst|in its midst": "during",
    r"mend(?:s|ed|ing)?": "fix, repair",
    r"nobody knows whether": "unconfirmed, unknown",
    r"of one mind|errs? on": "choose",
    r"owed|owes": "pending",
    r"put aside|puts aside": "dead-letter",
    r"puts? right": "restore, correct",
    r"sweeps?|sweeping": "poll",
    r"tells? of|tell apart": "report, distinguish",
    r"(?:is|are|was|were|been|being|be) told": "gets, receives, is notified",
    r"(?:brought|runs?|comes?|goes|not) to (?:its|their) end": "completes, finishes, expires",
    r"what (?:waits|is none|is owed)": "pending X, no X",
    r"whoever|whatever is killed": "anyone who; after any crash",
}
PATTERN = re.compile("|".join(rf"\b(?:{words})\b" for words in BANNED), re.IGNORECASE)

# Folders and files whose docstrings and comments are finished.
FINISHED = (
    "deploy/embedded/embedded",
    "deploy/sangkienctl/sangkienctl",
    "libs/chassis/chassis/bounded_socket.py",
    "libs/chassis/chassis/clock.py",
    "libs/chassis/chassis/consumer/backoff.py",
    "libs/chassis/chassis/consumer/errors.py",
    "libs/chassis/chassis/consumer/lag.py",
    "libs/chassis/chassis/consumer/loop.py",
    "libs/chassis/chassis/consumer/traces.py",
    "libs/chassis/chassis/events",
    "libs/chassis/chassis/issuer_keys.py",
    "libs/chassis/chassis/kafka_client.py",
    "libs/chassis/chassis/logs.py",
    "libs/chassis/chassis/metrics.py",
    "libs/chassis/chassis/mongo",
    "libs/chassis/chassis/permissions.py",
    "libs/chassis/chassis/producer.py",
    "libs/chassis/chassis/roles.py",
    "libs/chassis/chassis/server.py",
    "libs/chassis/chassis/tokens.py",
    "libs/chassis/chassis/topics.py",
    "libs/chassis/chassis/tracing.py",
    "libs/union/union",
    "tests/resilience/drill",
    "tests/support",
)
PAGES = (
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "SECURITY.md", "contracts/README.md")),
    *sorted((ROOT / "libs").glob("*/README.md")),
    *sorted((ROOT / "deploy").glob("*/README.md")),
)


def modules() -> list[Path]:
    found: list[Path] = []
    for name in FINISHED:
        path = ROOT / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def prose_of_page(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a page without code and link targets, which may carry older names."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield number, re.sub(r"`[^`]*`|\]\([^)]*\)", "", line)


def prose_of_module(source: str) -> Iterator[tuple[int, str]]:
    """The docstrings and comments of a module, without names in backticks."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None:
                text = re.sub(r"`[^`]*`", "", docstring)
                first = node.body[0].lineno
                yield from ((first + index, line) for index, line in enumerate(text.splitlines()))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], re.sub(r"`[^`]*`", "", token.string)


def banned(lines: Iterator[tuple[int, str]]) -> list[str]:
    return [f"line {number}: {found.group()!r}" for number, line in lines for found in PATTERN.finditer(line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_plain_english(page: Path) -> None:
    found = banned(prose_of_page(page.read_text(encoding="utf-8")))

    assert not found, f"{page.relative_to(ROOT)}: {found}; BANNED in this test says what to write instead"


@pytest.mark.parametrize("module", modules(), ids=lambda module: str(module.relative_to(ROOT)))
def test_docstrings_and_comments_use_plain_english(module: Path) -> None:
    found = banned(prose_of_module(module.read_text(encoding="utf-8")))

    assert not found, f"{module.relative_to(ROOT)}: {found}; BANNED in this test says what to write instead"


@pytest.mark.parametrize(
    "text",
    [
        "Kafka is away.",
        "A member is told the address.",
        "It waits for ever.",
        "Looks in vain cost time.",
        "MongoDB is not to be had here.",
        "The rebuild runs to its end.",
    ],
)
def test_the_list_catches_what_it_is_for(text: str) -> None:
    assert banned(iter([(1, text)]))
    assert banned(prose_of_page(text))
    assert banned(prose_of_module(f'"""{text}"""\n'))
    assert banned(prose_of_module(f"value = 1  # {text}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "The events are besides kept forever.",
        "`sangkienctl mail doubtful` lists them.",
        "[unconfirmed](mail-in-doubt.md)",
        "It runs in the background and ends.",
    ],
)
def test_the_list_raises_no_false_alarm(text: str) -> None:
    assert not banned(prose_of_page(text))


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_portal_and_the_glossary_use_the_same_words(language: str) -> None:
    portal = (ROOT / f"web/src/i18n/{language}/glossary.ts").read_text(encoding="utf-8")
    words = dict(
        re.findall(r'^  "((?:role|state|level|basis)\.[a-z_]+)": "([^"{]+)",$', portal, re.MULTILINE)
    )
    rows = re.findall(r"^\| `([a-z._]+)` \| (.+?) \| (.+?) \|$", GLOSSARY.read_text(), re.MULTILINE)
    column = {"en": 1, "vi": 2}[language]

    assert {row[0]: row[column] for row in rows if row[0] in words} == words


def test_every_place_that_the_glossary_names_exists() -> None:
    places = re.findall(
        r"`((?:libs|contracts|web|services|docs)/[^`]+)`", GLOSSARY.read_text(encoding="utf-8")
    )

    assert len(places) > 10
    assert not [place for place in places if not (ROOT / place).exists()]
