"""Policy packs: which levels an initiative passes, within how many working days, and why it may be refused.
A pack is data with validity dates; a case freezes what it needs of the pack that was in force.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Level:
    """One level of a case: who decides (a role at a unit) and within how many working days."""

    role: str
    unit: str
    due_working_days: int


@dataclass(frozen=True)
class LevelRule:
    """A level before it meets a path. above: how many units above the initiative's own (0 = its own)."""

    role: str
    above: int
    due_working_days: int


@dataclass(frozen=True)
class Ladder:
    """The levels for paths of at least `path_at_least` units."""

    path_at_least: int
    levels: tuple[LevelRule, ...]


@dataclass(frozen=True)
class RejectReason:
    code: str
    vi: str
    en: str


@dataclass(frozen=True)
class FrozenPolicy:
    """What a case keeps of its pack, so that a later pack never changes a case under way.

    after_revision_at_least: working days that a level has at the least once the author has answered.
    several_levels_by_one_person: whether who decided one level may decide another.
    """

    pack: str
    version: int
    levels: tuple[Level, ...]
    after_revision_at_least: int
    reject_reasons: tuple[str, ...]
    several_levels_by_one_person: bool = False

    def level(self, number: int) -> Level:
        """The level with this number, counted from 1."""
        return self.levels[number - 1]


@dataclass(frozen=True)
class PolicyPack:
    """A dated set of rules. programme, unit: None means every one; valid_to: the last day, None is open."""

    id: str
    version: int
    programme: str | None
    unit: str | None
    valid_from: date
    valid_to: date | None
    ladders: tuple[Ladder, ...]
    after_revision_at_least: int
    reject_reasons: tuple[RejectReason, ...]
    several_levels_by_one_person: bool = False

    def covers(self, programme: str, unit_path: Sequence[str], day: date) -> bool:
        return (
            self.programme in (None, programme)
            and (self.unit is None or self.unit in unit_path)
            and self.valid_from <= day
            and (self.valid_to is None or day <= self.valid_to)
        )

    def freeze(self, unit_path: Sequence[str]) -> FrozenPolicy:
        """The pack applied to a path: the ladder of the most units that the path has room for."""
        ladder = max(
            (ladder for ladder in self.ladders if ladder.path_at_least <= len(unit_path)),
            key=lambda ladder: ladder.path_at_least,
        )
        levels = tuple(
            Level(rule.role, unit_path[-1 - rule.above], rule.due_working_days) for rule in ladder.levels
        )
        codes = tuple(reason.code for reason in self.reject_reasons)
        return FrozenPolicy(
            pack=self.id,
            version=self.version,
            levels=levels,
            after_revision_at_least=self.after_revision_at_least,
            reject_reasons=codes,
            several_levels_by_one_person=self.several_levels_by_one_person,
        )


class NoPolicyError(Exception):
    """No pack is in force for this programme, unit and day."""


class PolicyShelf:
    """Every pack there is, the expired ones included: cases of their time still name them."""

    def __init__(self, packs: Iterable[PolicyPack]) -> None:
        self._packs = tuple(packs)
        self._by_key: Mapping[tuple[str, int], PolicyPack] = {(p.id, p.version): p for p in self._packs}

    def in_force(self, programme: str, unit_path: Sequence[str], day: date) -> PolicyPack:
        """The pack of the lowest unit that covers the path; there, the programme's own, then the youngest.

        Raises NoPolicyError.
        """

        def nearness(pack: PolicyPack) -> tuple[int, bool, date, int]:
            depth = -1 if pack.unit is None else list(unit_path).index(pack.unit)
            return depth, pack.programme is not None, pack.valid_from, pack.version

        covering = [pack for pack in self._packs if pack.covers(programme, unit_path, day)]
        if not covering:
            raise NoPolicyError(f"no policy pack for {programme} at {unit_path[-1]} on {day}")
        return max(covering, key=nearness)

    def reject_reasons(self, policy: FrozenPolicy) -> tuple[RejectReason, ...]:
        """The reasons that a case may be refused for, with their words."""
        pack = self._by_key.get((policy.pack, policy.version))
        return () if pack is None else pack.reject_reasons
