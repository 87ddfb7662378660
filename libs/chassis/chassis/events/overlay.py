"""How a service passes through what another said of the same aggregate: its own facts are laid over the
payload that it received, so that a property it does not know survives into its events. Pure; it knows no
schema.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`below` with everything of `above` in its place: objects are merged, anything else is replaced."""
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        merged[name] = laid_over(under, value) if both and under is not None else value
    return merged


def without(payload: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The payload less some properties."""
    return {name: value for name, value in payload.items() if name not in names}
