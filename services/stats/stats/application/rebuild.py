"""Rebuilds the counters from the log into a new generation, and makes it the one that counts.

While the lease is held, counting is paused. What had been counted before the pause lies below the ends that
the log measures after it, so nothing is lost; what is delivered again meets the version gate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from stats.application.count_initiatives import Clock, settle_targets
from stats.application.errors import RebuildRunningError
from stats.application.learn_reference import learn_reference
from stats.application.ports import EventLog, Logged, ProjectionStore, RebuildStore, ReferenceStore
from stats.domain.counting import fold
from stats.domain.snapshots import Snapshot

# Initiatives held in memory until they are written together; some 0.5 kB each.
INITIATIVES_PER_WRITE = 20_000

Tell = Callable[["Told"], None]


@dataclass(frozen=True)
class Told:
    """How far a rebuild has come, in records of the log and in initiatives written."""

    records: int
    of: int
    initiatives: int


@dataclass(frozen=True)
class RebuildParts:
    log: EventLog
    target: RebuildStore
    reference: ReferenceStore
    projection: ProjectionStore
    clock: Clock


def rebuild(parts: RebuildParts, tell: Tell, per_write: int = INITIATIVES_PER_WRITE) -> Told:
    """Rebuild everything; the final state of the work.

    Raises RebuildRunningError while another rebuild runs, RebuildLostError if this one stood still for longer
    than its lease. Whatever is raised, and wherever it is killed, the counters in use are untouched until the
    switch and complete after it.
    """
    if not parts.target.begin():
        raise RebuildRunningError
    try:
        told = _build(parts, tell, per_write)
        parts.target.switch()
    except BaseException:
        parts.target.discard()
        raise
    # A target may have been reached by events that the old counters had lost.
    parts.projection.transact(lambda projection: settle_targets(projection, None, parts.clock))
    return told


def _build(parts: RebuildParts, tell: Tell, per_write: int) -> Told:
    told = Told(0, 0, 0)
    waiting: dict[str, Snapshot] = {}
    for logged in parts.log.read():
        parts.target.renew()
        learn_reference(parts.reference, logged.units, logged.campaigns, again=True)
        _keep_newest(waiting, logged)
        written = told.initiatives
        if len(waiting) >= per_write:
            written += _write(parts.target, waiting.values())
            waiting.clear()
        told = Told(logged.records, logged.of, written)
        tell(told)
    told = Told(told.records, told.of, told.initiatives + _write(parts.target, waiting.values()))
    tell(told)
    return told


def _keep_newest(waiting: dict[str, Snapshot], logged: Logged) -> None:
    for snapshot in logged.snapshots:
        if snapshot.newer_than(waiting.get(snapshot.initiative)):
            waiting[snapshot.initiative] = snapshot


def _write(target: RebuildStore, snapshots: Iterable[Snapshot]) -> int:
    """Write them; how many initiatives are new."""
    batch = list(snapshots)
    stored = target.stored({snapshot.initiative for snapshot in batch})
    change = fold(stored, batch)
    if change.newest:
        target.write(change, stored.keys())
    return len(change.newest.keys() - stored.keys())
