"""The rules of the union tree: where a unit may stand, from when until when, and what it may be called. Who
may say so is not decided here.

A rule looks at what a change touches: what was accepted under earlier rules does not keep a unit from being
renamed or ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from submission.domain.completeness import Finding
from union.folding import fold, unread_letters
from union.units import Unit, UnitFacts, UnitLevel, known_as

# From the top down. No unit is of a higher level than its superior.
RANK: Mapping[str, int] = {level: rank for rank, level in enumerate(UnitLevel)}
# Federations and superior unions nest, for the depth of the tree is not fixed. A
# grassroots union below another one would have that one as the level above it in the review.
NESTED: frozenset[str] = frozenset({UnitLevel.FEDERATION, UnitLevel.SUPERIOR})


class UnitRefused(Exception):
    """The change would break a rule of the tree, for these findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__(", ".join(f"{finding.pointer} {finding.code}" for finding in findings))
        self.findings = findings


class SuperiorDecides(Exception):
    """A unit's place belongs to this superior unit, of which the person is no administrator."""

    def __init__(self, superior: str) -> None:
        super().__init__(superior)
        self.superior = superior


class UnitHasChildren(Exception):
    """Only a unit without subordinate units may be moved."""


class ChildrenOutlast(Exception):
    """The unit would not exist on days on which these subordinate units do."""

    def __init__(self, children: Sequence[Unit]) -> None:
        super().__init__(", ".join(child.code for child in children))
        self.children = children


@dataclass(frozen=True)
class Surroundings:
    """What a change of a unit is judged by.

    root: code of the tree's root, or of the only unit that can be it. parent: the unit that the facts name,
    None if there is none. children: the units right below. look_alikes: units that share a key of `known_as`.
    """

    root: str
    parent: Unit | None
    children: Sequence[Unit] = ()
    look_alikes: Sequence[Unit] = ()


def only_names(current: UnitFacts, facts: UnitFacts) -> bool:
    """Whether nothing but the names differs, or nothing at all."""
    return replace(facts, name_vi=current.name_vi, name_en=current.name_en) == current


def place(code: str, facts: UnitFacts, current: Unit | None, around: Surroundings, today: date) -> Unit:
    """The unit with its path and next version.

    current: the unit as it is, None for a new one. today: the local day, from which on a moved unit has its
    new place. Raises UnitRefused, UnitHasChildren, ChildrenOutlast.
    """
    path = _path(code, facts, around)
    if current is not None and current.path != path and around.children:
        raise UnitHasChildren
    if current is not None:
        _keep_children(current.facts, facts, around.children)
    change = _Change(code, facts, current, around, today)
    findings = [*_level(change), *_days(change), *_names(change), *_code(change)]
    if findings:
        raise UnitRefused(*findings)
    return Unit(code, path, facts, 1 if current is None else current.version + 1)


def _path(code: str, facts: UnitFacts, around: Surroundings) -> tuple[str, ...]:
    parent = around.parent
    if facts.parent is None:
        if code != around.root:
            raise UnitRefused(Finding("#/parent", "second-root"))
        return (code,)
    if facts.parent == code:
        raise UnitRefused(Finding("#/parent", "own-parent"))
    if parent is None:
        raise UnitRefused(Finding("#/parent", "unknown-parent"))
    if code in parent.path:
        raise UnitRefused(Finding("#/parent", "own-parent"))
    return (*parent.path, code)


@dataclass(frozen=True)
class _Change:
    code: str
    facts: UnitFacts
    current: Unit | None
    around: Surroundings
    today: date

    @property
    def new(self) -> bool:
        return self.current is None

    @property
    def moved(self) -> bool:
        return self.current is not None and self.current.facts.parent != self.facts.parent

    @property
    def releveled(self) -> bool:
        return self.current is not None and self.current.facts.level != self.facts.level

    @property
    def renamed(self) -> bool:
        old = None if self.current is None else self.current.facts
        return old is not None and (old.name_vi, old.name_en) != (self.facts.name_vi, self.facts.name_en)

    @property
    def begins_earlier(self) -> bool:
        return self.current is not None and self.facts.valid_from < self.current.facts.valid_from

    @property
    def ends_later(self) -> bool:
        return self.current is not None and _ends_before(self.current.facts.valid_to, self.facts.valid_to)


def _level(change: _Change) -> Iterator[Finding]:
    if not (change.new or change.moved or change.releveled):
        return
    level, parent = change.facts.level, change.around.parent
    if parent is not None and not _may_stand_below(level, parent.facts.level):
        yield Finding("#/level", "level-not-below", {"parent": parent.code})
    children = change.around.children
    above = next((child for child in children if not _may_stand_below(child.facts.level, level)), None)
    if above is not None:
        yield Finding("#/level", "level-not-above", {"child": above.code})


def _may_stand_below(level: str, superior: str) -> bool:
    if level not in RANK or superior not in RANK:
        return True  # stored by a later release, which knows where it belongs
    return RANK[level] > RANK[superior] or (level == superior and level in NESTED)


def _days(change: _Change) -> Iterator[Finding]:
    """The days that are new to the unit at its place must be days of its superior unit."""
    parent, facts = change.around.parent, change.facts
    if parent is None:
        return
    if change.new or change.begins_earlier:
        if facts.valid_from < parent.facts.valid_from:
            yield _outside("#/valid_from", "before-parent", parent.facts.valid_from)
    elif change.moved and max(change.today, facts.valid_from) < parent.facts.valid_from:
        # It keeps the days that it had at its former place.
        yield _outside("#/parent", "before-parent", parent.facts.valid_from)
    last = parent.facts.valid_to
    if (change.new or change.moved or change.ends_later) and _ends_before(last, facts.valid_to):
        yield _outside("#/valid_to", "after-parent", last)


def _names(change: _Change) -> Iterator[Finding]:
    facts = change.facts
    # On more days a unit may meet others of its name.
    more_days = change.begins_earlier or change.ends_later
    if not (change.new or change.moved or change.releveled or change.renamed or more_days):
        return
    for pointer, name in (("#/name_vi", facts.name_vi), ("#/name_en", facts.name_en)):
        if name is None:
            continue
        unread = unread_letters(name)
        if unread or not fold(name):
            yield Finding(pointer, "name-letters", {"letters": unread or name})
            continue
        taken = next((unit for unit in change.around.look_alikes if _takes(unit, fold(name), facts)), None)
        if taken is not None:
            yield Finding(pointer, "name-taken", {"code": taken.code, "name": taken.facts.name_vi})


def _takes(other: Unit, name: str, facts: UnitFacts) -> bool:
    """Whether another unit keeps a name from a unit: a sibling, or any of a higher level."""
    higher = RANK.get(other.facts.level, len(RANK)) < RANK.get(facts.level, len(RANK))
    near = other.facts.parent == facts.parent or higher
    return near and name in known_as(other.code, other.facts) and other.overlaps(facts)


def _code(change: _Change) -> Iterator[Finding]:
    if not change.new:
        return
    key = known_as(change.code, change.facts)[-1]
    for other in change.around.look_alikes:
        if key == known_as(other.code, other.facts)[-1]:
            yield Finding("path code", "code-taken", {"code": other.code})
            return


def _keep_children(current: UnitFacts, facts: UnitFacts, children: Sequence[Unit]) -> None:
    """Raises ChildrenOutlast when fewer days leave out days of a subordinate unit."""
    shorter = _ends_before(facts.valid_to, current.valid_to)
    left_out = [
        child
        for child in children
        if (shorter and _ends_before(facts.valid_to, child.facts.valid_to))
        or current.valid_from <= child.facts.valid_from < facts.valid_from
    ]
    if left_out:
        raise ChildrenOutlast(left_out)


def _ends_before(last: date | None, other: date | None) -> bool:
    """Whether something with this last day ends before something with the other; None never ends."""
    return last is not None and (other is None or last < other)


def _outside(pointer: str, code: str, day: date | None) -> Finding:
    return Finding(pointer, code, {"day": f"{day:%d/%m/%Y}" if day else ""})
