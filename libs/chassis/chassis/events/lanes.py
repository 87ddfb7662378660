"""The outbox lanes that this process may publish: shared evenly, by leases, among the live relays of a
service. It reads no outbox and sends nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from pymongo.collection import Collection

from chassis import metrics
from chassis.events.outbox import LANES
from chassis.mongo.leases import Lease, Leases

# The longest time that a dead relay's lanes stay unpublished; longer than all delivery attempts of a
# producer.
LEASE_TIME = timedelta(seconds=10)
RENEW_AFTER = timedelta(seconds=3)


class LaneShare:
    """The lanes held by `owner`. relays: a collection in which every live relay registers itself."""

    def __init__(
        self,
        relays: Collection[dict[str, Any]],
        leases: Leases,
        owner: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._relays = relays
        self._leases = leases
        self._owner = owner
        self._clock = clock
        self._held: dict[int, Lease] = {}
        self._next: datetime | None = None

    def lanes(self) -> list[int]:
        """The lanes held, according to this process's clock."""
        now = self._clock()
        return sorted(lane for lane, lease in self._held.items() if lease.until > now)

    def keep(self) -> None:
        """Renew, acquire and release lanes if it is time to; cheap otherwise."""
        now = self._clock()
        if self._next is not None and now < self._next:
            return
        self._next = now + RENEW_AFTER
        renewed = {lane: self._leases.renew(lease, LEASE_TIME) for lane, lease in self._held.items()}
        self._held = {lane: lease for lane, lease in renewed.items() if lease is not None}
        fair = math.ceil(LANES / self._live_relays(now))
        for lane in sorted(self._held)[fair:]:
            self._leases.release(self._held.pop(lane))
        for lane in range(LANES):
            if len(self._held) >= fair:
                break
            if lane not in self._held:
                lease = self._leases.acquire(f"outbox-lane-{lane:02d}", self._owner, LEASE_TIME)
                if lease is not None:
                    self._held[lane] = lease
        metrics.OUTBOX_LANES.set(len(self._held))

    def _live_relays(self, now: datetime) -> int:
        """The number of live relays including this one; registers this relay and deletes dead ones."""
        self._relays.update_one({"_id": self._owner}, {"$set": {"until": now + LEASE_TIME}}, upsert=True)
        # A few documents: one per process, and dead ones are deleted here.
        relays = list(self._relays.find())
        for relay in relays:
            if relay["until"] <= now:
                self._relays.delete_one({"_id": relay["_id"], "until": relay["until"]})
        return max(1, len([relay for relay in relays if relay["until"] > now]))

    def confirmed(self) -> frozenset[int]:
        """The lanes held according to the clock and to the fencing tokens in the database: one round trip.
        Call it right before sending. Lanes that moved to another relay are dropped."""
        held = self._leases.held(self._held.values())
        self._held = {lane: lease for lane, lease in self._held.items() if lease.name in held}
        return frozenset(self._held)

    def release(self) -> None:
        """Release all lanes, so that the other relays need not wait until the leases expire."""
        for lane in list(self._held):
            self._leases.release(self._held.pop(lane))
        self._relays.delete_one({"_id": self._owner})
        self._next = None
        metrics.OUTBOX_LANES.set(0)
