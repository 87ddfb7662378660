"""Says whether one minor version of a schema may follow another; knows schemas only, no topics or files.

A new minor may only add optional properties. Then an old consumer, which ignores what it does not know, reads
new data (forward), and a new consumer reads old data (backward), whichever side rolls out first.
"""

from __future__ import annotations

from typing import Any

# Words about a value, not conditions on it.
_ANNOTATIONS = frozenset({"$id", "$schema", "$comment", "title", "description", "examples", "default"})
_STRUCTURE = frozenset({"properties", "required", "items", "additionalProperties"})


def tolerant(schema: Any) -> Any:
    """The schema as a consumer applies it: unknown properties are no error."""
    if isinstance(schema, list):
        return [tolerant(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: tolerant(value)
        for key, value in schema.items()
        if (key, value) != ("additionalProperties", False)
    }


def incompatibilities(old: dict[str, Any], new: dict[str, Any], at: str = "#") -> list[str]:
    """Why ``new`` may not be a minor version after ``old``, one sentence each; empty when it may."""
    problems = _changed_conditions(old, new, at)
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


def _changed_conditions(old: dict[str, Any], new: dict[str, Any], at: str) -> list[str]:
    ignored = _ANNOTATIONS | _STRUCTURE
    changed = [
        key for key in sorted(old.keys() | new.keys()) if key not in ignored and old.get(key) != new.get(key)
    ]
    # Relaxing breaks consumers of the old version, tightening breaks those of the new one.
    return [f"{at}: {key} changed from {old.get(key)!r} to {new.get(key)!r}" for key in changed]
