"""A unit's target in a campaign, and when it counts as reached: once for each target that was set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple


class Place(NamedTuple):
    """A unit in a campaign: what a target is set for."""

    campaign: str
    unit: str


@dataclass(frozen=True)
class Target:
    """target: number of approved initiatives to reach, None when taken back; version: 0 before it is stored.

    reached: the targets that were reached so far, so that setting one of them again tells nobody twice.
    """

    place: Place
    unit_path: tuple[str, ...]
    target: int | None = None
    version: int = 0
    reached: tuple[int, ...] = ()
    set_by: str | None = None
    set_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether reaching it would still be news."""
        return self.target is not None and self.target not in self.reached

    def set_to(self, target: int | None, unit_path: tuple[str, ...], by: str, at: datetime) -> Target:
        return replace(
            self, target=target, unit_path=unit_path, version=self.version + 1, set_by=by, set_at=at
        )

    def met_by(self, count: int) -> Target | None:
        """The target marked as reached, if `count` approved initiatives reach it for the first time."""
        if self.target is None or not self.open or count < self.target:
            return None
        return replace(self, reached=(*self.reached, self.target))


@dataclass(frozen=True)
class TargetReached:
    """The approved initiatives of a unit reached its target in a campaign."""

    place: Place
    unit_path: tuple[str, ...]
    target: int
    count: int
    reached_at: datetime
