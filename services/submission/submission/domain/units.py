"""Units of the union tree: what one says about itself, and where its path comes from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class UnitLevel(StrEnum):
    """Those that may be entered. An open list: what is stored may be of a later one; so are blocks."""

    NATIONAL = "national"
    FEDERATION = "federation"
    SUPERIOR = "superior"
    GRASSROOTS = "grassroots"


class Block(StrEnum):
    ADMINISTRATIVE = "administrative"
    ENTERPRISE = "enterprise"
    SCHOOL = "school"
    COMMUNE = "commune"


@dataclass(frozen=True)
class UnitFacts:
    """What an administrator says about a unit."""

    name_vi: str
    name_en: str | None
    parent: str | None
    level: str
    block: str | None
    cluster: str | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True)
class Unit:
    """`path` is root first and ends in the unit's own code; `version` grows with each change."""

    code: str
    path: tuple[str, ...]
    facts: UnitFacts
    version: int

    def stands_on(self, day: date) -> bool:
        """Whether the unit exists on that local day, `valid_to` included."""
        return self.facts.valid_from <= day and (self.facts.valid_to is None or day <= self.facts.valid_to)


class UnitRefused(Exception):
    """The tree would not be a tree: `reason` is unknown-parent, own-parent, second-root or has-children."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def place(
    code: str,
    facts: UnitFacts,
    parent: Unit | None,
    current: Unit | None,
    has_children: bool,
    root: str | None,
) -> Unit:
    """The unit with its path and next version.

    parent: the unit that `facts.parent` names, None if there is none. current: the unit as it is, None for
    a new one. root: the code of the tree's root, None for the first unit. Raises UnitRefused.
    """
    if facts.parent == code:
        raise UnitRefused("own-parent")
    if facts.parent is None:
        if root not in (None, code):
            raise UnitRefused("second-root")
        path: tuple[str, ...] = (code,)
    elif parent is None:
        raise UnitRefused("unknown-parent")
    elif code in parent.path:
        raise UnitRefused("own-parent")
    else:
        path = (*parent.path, code)
    if current is not None and current.path != path and has_children:
        raise UnitRefused("has-children")
    return Unit(code, path, facts, 1 if current is None else current.version + 1)
