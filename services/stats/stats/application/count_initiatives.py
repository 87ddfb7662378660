"""Counts a batch of snapshots: one transaction for all of them, one write per touched counter."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from stats.application.errors import TooSlowError
from stats.application.ports import Projection, ProjectionStore
from stats.domain.counting import ALL, Change, fold
from stats.domain.snapshots import Basis, Snapshot
from stats.domain.targets import Place, TargetReached

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]


def count_initiatives(store: ProjectionStore, snapshots: Sequence[Snapshot], clock: Clock) -> int:
    """Count these, in any order and with any repetition; the number of initiatives that changed.

    A batch that is too large for the time of one transaction is halved. Raises RebuildRunningError while the
    counters are rebuilt, TooSlowError when not even one snapshot can be counted: it will do later.
    """
    if not snapshots:
        return 0
    try:
        return _count(store, snapshots, clock)
    except TooSlowError:
        if len(snapshots) == 1:
            raise
    log.warning("a batch was too large for one transaction", extra={"snapshots": len(snapshots)})
    middle = len(snapshots) // 2
    return sum(count_initiatives(store, half, clock) for half in (snapshots[:middle], snapshots[middle:]))


def _count(store: ProjectionStore, snapshots: Sequence[Snapshot], clock: Clock) -> int:

    def work(projection: Projection) -> Change:
        stored = projection.stored({snapshot.initiative for snapshot in snapshots})
        change = fold(stored, snapshots)
        if change.newest:
            projection.write(change, stored.keys())
            settle_targets(projection, raised(change), clock)
        return change

    change = store.transact(work)
    log.debug("batch counted", extra={"counted": len(change.newest), "ignored": change.ignored})
    return len(change.newest)


def raised(change: Change) -> set[Place]:
    """Where more initiatives are approved than before."""
    return {
        Place(posting.campaign, posting.unit)
        for posting, amount in change.deltas.items()
        if posting.basis is Basis.APPROVED and posting.dimension == ALL and amount.initiatives > 0
    }


def settle_targets(projection: Projection, places: Iterable[Place] | None, clock: Clock) -> int:
    """Mark and announce each open target among `places` (all if None) that the counters reach; how many."""
    wanted = None if places is None else set(places)
    if wanted is not None and not wanted:
        return 0
    targets = projection.open_targets(wanted)
    if not targets:
        return 0
    approved = projection.approved({target.place for target in targets})
    settled = 0
    for target in targets:
        count = approved.get(target.place, 0)
        met = target.met_by(count)
        if met is None or met.target is None:
            continue
        news = TargetReached(met.place, met.unit_path, met.target, count, clock())
        projection.save_target(met, expected_version=target.version, reached=news)
        settled += 1
    return settled
