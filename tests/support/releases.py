"""What each release of the contracts wrote (tests/corpus), and the same as a later release might write it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bson import json_util

import contracts
from chassis.events.codec import Event, EventCodec

CORPUS = Path(__file__).parents[1] / "corpus"
RELEASES = tuple(sorted(path.name for path in CORPUS.iterdir() if (path / "events.json").is_file()))
SERVICES = ("submission", "review", "stats", "notify")
# A field that no release has.
LATER = "added_by_a_later_release"


@cache
def records(release: str) -> list[dict[str, Any]]:
    """Topic, key, headers and value of every event that the release wrote."""
    found: list[dict[str, Any]] = json.loads((CORPUS / release / "events.json").read_text())
    return found


@cache
def codec() -> EventCodec:
    """As a consumer of today has it."""
    return EventCodec(contracts.topics(), "/services/tests")


def event(record: Mapping[str, Any], value: Any = None) -> Event:
    """A record as a consumer of today gets it; with another value if one is given."""
    headers = [(name, text.encode()) for name, text in record["headers"].items()]
    data = json.dumps(record["value"] if value is None else value).encode()
    return codec().decode(record["topic"], record["key"].encode(), data, headers)


def documents(release: str, service: str) -> dict[str, list[dict[str, Any]]]:
    """The service's documents by collection, as pymongo gives them; a copy of its own for each caller."""
    text = (CORPUS / release / "documents" / f"{service}.json").read_text()
    loaded: dict[str, list[dict[str, Any]]] = json_util.loads(
        text, json_options=json_util.JSONOptions(tz_aware=True)
    )
    return loaded


def with_later_fields(node: Any) -> Any:
    """A copy with a field more in every object that has names for keys, at any depth."""
    if isinstance(node, list):
        return [with_later_fields(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name: with_later_fields(value) for name, value in node.items()} | {LATER: {"deep": [1]}}


def paths(node: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every place of a document with the type of its value; the items of a list share one place."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from paths(value, f"{at}/{name}")
    elif isinstance(node, list):
        for item in node:
            yield from paths(item, f"{at}/*")
    else:
        yield at, type(node).__name__
