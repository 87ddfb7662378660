"""No service asks of its database what one of the engines cannot do, or does by reading everything."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The Rust engine lacks collations of indexes, $densify and $fill; both lack text and hashed indexes and
# server-side JavaScript.
UNKNOWN = {
    *("$densify", "$fill", "$text", "$where", "$function", "$accumulator", "mapReduce"),
    *("text", "hashed", "2dsphere"),
}
CREATES_INDEX = {"create_index", "create_indexes", "IndexModel", "Index"}
SOURCES = sorted(
    path
    for folder in (
        "libs/chassis/chassis",
        "libs/union/union",
        *(f"services/{name}" for name in ("submission", "review", "stats", "notify")),
    )
    for path in (ROOT / folder).rglob("*.py")
)


def unknown_to_an_engine(source: str) -> list[str]:
    """Operators, kinds of index and options in a module that some engine does not have."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("$"):
            found += [node.value] if node.value in UNKNOWN else []
        if isinstance(node, ast.Call) and _name(node.func) in CREATES_INDEX:
            words = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
            found += sorted(str(word) for word in words if word in UNKNOWN)
        if isinstance(node, ast.keyword) and node.arg in {"collation", "capped"}:
            found.append(node.arg)
    return found


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_services_ask_only_for_what_every_engine_has() -> None:
    found = {path: unknown_to_an_engine(path.read_text(encoding="utf-8")) for path in SOURCES}

    assert {path: operators for path, operators in found.items() if operators} == {}
    assert len(SOURCES) > 200


@pytest.mark.parametrize(
    "source",
    [
        'units.find({"$text": {"$search": "x"}})',
        'db.command({"$densify": {}})',
        'units.create_index([("name", "text")])',
        'Index("units", (("name", "hashed"),))',
        'units.find({}, collation={"locale": "vi"})',
        'db.create_collection("log", capped=True)',
    ],
)
def test_what_an_engine_lacks_is_seen(source: str) -> None:
    assert len(unknown_to_an_engine(source)) == 1
