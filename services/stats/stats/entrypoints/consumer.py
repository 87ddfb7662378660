"""The consumed events: one poll goes to the use cases as a whole; nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chassis.consumer.errors import Transient
from chassis.events.codec import Event
from stats.adapters.payloads import (
    CAMPAIGN_TOPIC,
    INITIATIVE_TOPICS,
    UNIT_TOPIC,
    campaign_from,
    snapshot_from,
    unit_from,
)
from stats.application.count_initiatives import Clock, count_initiatives
from stats.application.errors import NotMigratedError, RebuildRunningError, TooSlowError
from stats.application.learn_reference import learn_reference
from stats.application.ports import ProjectionStore, ReferenceStore

_LATER: tuple[tuple[type[Exception], str], ...] = (
    (RebuildRunningError, "counting is paused by a rebuild or a reconciliation"),
    (NotMigratedError, "the database is not migrated yet"),
    (TooSlowError, "the database is too slow at the moment"),
)


class EventHandler:
    """A chassis BatchHandler.

    applied: called with the number of initiatives that a batch changed and of its snapshots that were old.
    """

    def __init__(
        self,
        projection: ProjectionStore,
        reference: ReferenceStore,
        clock: Clock,
        applied: Callable[[int, int], None] = lambda counted, ignored: None,
    ) -> None:
        self._projection = projection
        self._reference = reference
        self._clock = clock
        self._applied = applied

    def relearn(self, events: Sequence[Event]) -> None:
        """Keep units and campaigns as these events say, also what is kept of the same version."""
        units = [unit_from(event) for event in events if event.topic == UNIT_TOPIC]
        campaigns = [campaign_from(event) for event in events if event.topic == CAMPAIGN_TOPIC]
        learn_reference(self._reference, units, campaigns, again=True)

    def __call__(self, events: Sequence[Event]) -> None:
        # All are read first, so that a refused one costs nothing that was written.
        snapshots = [snapshot_from(event) for event in events if event.topic in INITIATIVE_TOPICS]
        units = [unit_from(event) for event in events if event.topic == UNIT_TOPIC]
        campaigns = [campaign_from(event) for event in events if event.topic == CAMPAIGN_TOPIC]
        try:
            learn_reference(self._reference, units, campaigns)
            counted = count_initiatives(self._projection, snapshots, self._clock)
        except tuple(kind for kind, _ in _LATER) as error:
            reason = next(reason for kind, reason in _LATER if isinstance(error, kind))
            raise Transient(reason) from error
        if snapshots:
            self._applied(counted, len(snapshots) - counted)
