"""What the use cases need from outside. Adapters implement it; nothing here knows a database or a broker."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol, TypeVar

from stats.domain.campaigns import Campaign
from stats.domain.counting import Change, Tally
from stats.domain.figures import NO_FIGURES, Figures
from stats.domain.snapshots import Snapshot
from stats.domain.targets import Place, Target, TargetReached
from union.tree import UnitTree
from union.units import Unit

T = TypeVar("T")


class Projection(Protocol):
    """The counters within one transaction: all that is written through it is committed, or nothing."""

    def stored(self, initiatives: Collection[str]) -> dict[str, Snapshot]: ...
    def write(self, change: Change, known: Collection[str]) -> None:
        """Add the deltas and keep the newest snapshots; `known`: the initiatives stored already."""

    def approved(self, places: Collection[Place]) -> dict[Place, int]: ...
    def target(self, place: Place) -> Target | None: ...
    def open_targets(self, places: Collection[Place] | None) -> list[Target]:
        """The targets among `places` (all if None) whose reaching would be news."""

    def save_target(self, target: Target, *, expected_version: int, reached: TargetReached | None) -> None:
        """Keep it, and publish what was reached; TargetChangedError unless it is at the expected version."""


class ProjectionStore(Protocol):
    """Hands out transactions. `work` may be called more than once."""

    def transact(self, work: Callable[[Projection], T], *, during_rebuild: bool = False) -> T:
        """RebuildRunningError while the counters are rebuilt, unless `during_rebuild`."""

    def target(self, place: Place) -> Target | None: ...


class ReferenceStore(Protocol):
    """Keeps the copies of units and campaigns; an older version never replaces a newer one."""

    def learn(self, units: Sequence[Unit], campaigns: Sequence[Campaign], *, again: bool = False) -> None:
        """again: what is stored in the same version is replaced too."""


@dataclass(frozen=True)
class Reference:
    """What reads are answered with beside the counters; a copy in the process, immutable.

    generation: of the counters that count at the moment; targets: by place, those that are set.
    """

    tree: UnitTree
    campaigns: Mapping[str, Campaign]
    targets: Mapping[Place, int]
    generation: int


@dataclass(frozen=True)
class Counted:
    """Figures of one unit in one campaign. at: of the last event that changed them, or None."""

    figures: Figures = NO_FIGURES
    at: datetime | None = None


@dataclass(frozen=True)
class Series:
    """Figures of one unit over time: by "YYYY-MM", and by day for the months that were asked for."""

    months: Mapping[str, Figures] = field(default_factory=dict)
    days: Mapping[date, Figures] = field(default_factory=dict)
    at: datetime | None = None


class FiguresReader(Protocol):
    """Reads counters; each call is one database round trip, whatever the number of units."""

    def totals(self, generation: int, campaign: str, units: Collection[str]) -> dict[str, Counted]: ...
    def as_of(
        self, generation: int, campaign: str, units: Collection[str], day: date
    ) -> dict[str, Counted]: ...
    def series(self, generation: int, campaign: str, unit: str, months: Collection[str]) -> Series: ...


class Reading(Protocol):
    """What is stored, read once and in this order."""

    def snapshots(self) -> Iterable[Snapshot]: ...
    def counters(self) -> tuple[Tally, Tally]:
        """The days and the totals that the counters hold; totals are postings too, all on date.min."""

    def undisturbed(self) -> bool:
        """Whether nothing was counted since the reading began."""


class CounterAudit(Protocol):
    def reading(self, *, hold: bool) -> AbstractContextManager[Reading]:
        """hold: pause counting meanwhile; RebuildRunningError if it is paused already."""


@dataclass(frozen=True)
class Logged:
    """What one read of the log gave: snapshots in any order, and the reference data beside them.

    records, of: how far the reading has come, in records of all topics together.
    """

    snapshots: Sequence[Snapshot]
    units: Sequence[Unit]
    campaigns: Sequence[Campaign]
    records: int
    of: int


class EventLog(Protocol):
    """Everything published so far. The ends are measured when `read` starts, not before."""

    def read(self) -> Iterable[Logged]: ...


class RebuildStore(Protocol):
    """A generation of counters in the making, behind a lease that pauses counting."""

    def begin(self) -> bool:
        """Take the lease and open an empty generation; False while another rebuild holds it."""

    def stored(self, initiatives: Collection[str]) -> dict[str, Snapshot]: ...
    def write(self, change: Change, known: Collection[str]) -> None: ...
    def renew(self) -> None:
        """Keep the lease; RebuildLostError if it is lost."""

    def switch(self) -> None:
        """Make the new generation the one that counts; RebuildLostError if the lease is lost."""

    def discard(self) -> None:
        """Give the lease back and drop what was built, so that counting goes on as before."""
