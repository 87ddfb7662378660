"""Says whether one minor version of a schema may follow another; knows schemas only, no topics or files.

A new minor adds optional properties, opens a closed list with the values that it has, or extends an open one.
Then an old consumer, which ignores what it does not know, reads new data (forward), and a new consumer reads
old data (backward). An open list is `x-extensible-enum`: a consumer takes any value of its type and pattern.
A consumer of the version in which the list was still closed does not: that is why a list is opened in one
minor version and extended in a later one, when every consumer has the first (see README.md, "Rolling out").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# Words about a value, not conditions on it.
_ANNOTATIONS = frozenset({"$id", "$schema", "$comment", "title", "description", "examples", "default"})
_STRUCTURE = frozenset({"properties", "required", "items", "additionalProperties"})
CLOSED, OPEN = "enum", "x-extensible-enum"
_LIST = frozenset({CLOSED, OPEN})

Schema = dict[str, Any]


def incompatibilities(old: Schema, new: Schema, at: str = "#") -> list[str]:
    """Why ``new`` may not be a minor version after ``old``, one sentence each; empty when it may."""
    problems = _changed_conditions(old, new, at) + _changed_list(old, new, at)
    before, after = old.get("properties", {}), new.get("properties", {})
    problems += [f"{at}/{name} is gone: a consumer may rely on it" for name in before if name not in after]
    needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
    for name in sorted(needed_after - needed_before):
        problems.append(f"{at}/{name} became required: data of the old version lacks it")
    for name in sorted(needed_before - needed_after):
        problems.append(f"{at}/{name} became optional: a consumer of the old version needs it")
    for name in before.keys() & after.keys():
        problems += incompatibilities(before[name], after[name], f"{at}/{name}")
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        problems += incompatibilities(old["items"], new["items"], f"{at}/*")
    elif old.get("items") != new.get("items"):
        problems.append(f"{at}: the items' schema appeared or went")
    return sorted(problems)


def _changed_conditions(old: Schema, new: Schema, at: str) -> list[str]:
    ignored = _ANNOTATIONS | _STRUCTURE | _LIST
    if _opens(old, new):
        # A closed list needs neither; `_changed_list` sees to it that its values fit those of the open one.
        ignored |= {"type", "pattern"}
    changed = [
        key for key in sorted(old.keys() | new.keys()) if key not in ignored and old.get(key) != new.get(key)
    ]
    # Relaxing breaks consumers of the old version, tightening breaks those of the new one.
    return [f"{at}: {key} changed from {old.get(key)!r} to {new.get(key)!r}" for key in changed]


def _opens(old: Schema, new: Schema) -> bool:
    return CLOSED in old and OPEN in new and CLOSED not in new


def _changed_list(old: Schema, new: Schema, at: str) -> list[str]:
    if _opens(old, new):
        return _opened(old, new, at)
    problems = []
    if old.get(CLOSED) != new.get(CLOSED):
        problems.append(f"{at}: {CLOSED} changed from {old.get(CLOSED)!r} to {new.get(CLOSED)!r}")
    if OPEN in old and OPEN not in new:
        problems.append(f"{at}: an open list was closed: data of the old version may hold any value")
    if OPEN in new and OPEN not in old:
        problems.append(f"{at}: a list appeared where any value was allowed")
    gone = _missing(old.get(OPEN, ()), new.get(OPEN, ())) if OPEN in new else []
    problems += [f"{at}: {value!r} is gone from an open list: events that are kept hold it" for value in gone]
    return problems


def _opened(old: Schema, new: Schema, at: str) -> list[str]:
    types = new["type"] if isinstance(new["type"], list) else [new["type"]]
    now = [*new[OPEN], *([None] if "null" in types else [])]
    problems = [
        f"{at}: {value!r} is gone from a list that was opened" for value in _missing(old[CLOSED], now)
    ]
    problems += [
        f"{at}: {value!r} was added while the list was opened: consumers of the old version refuse it;"
        " open the list in this version and add to it in the next"
        for value in _missing(now, old[CLOSED])
    ]
    pattern = re.compile(new.get("pattern", ""))
    return problems + [
        f"{at}: {value!r} does not fit the pattern of its open list"
        for value in new[OPEN]
        if not pattern.search(value)
    ]


def _missing(values: Iterable[Any], among: Iterable[Any]) -> list[Any]:
    known = list(among)
    return [value for value in values if value not in known]
