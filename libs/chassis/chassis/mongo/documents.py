"""Documents of other releases: during a rolling update, and after a rollback, code reads what newer code
wrote, and it always reads what older code wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

_names: dict[type[Any], tuple[str, ...]] = {}


def known(kind: type[Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a stored document that the dataclass `kind` has, to make one of. What a later release
    added is left out; for what an earlier one did not write, the dataclass has a default."""
    if kind not in _names:
        _names[kind] = tuple(field.name for field in fields(kind))
    return {name: document[name] for name in _names[kind] if name in document}
