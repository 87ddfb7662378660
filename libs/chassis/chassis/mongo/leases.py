"""Leases: the exclusive right of one process to do a piece of work for a limited time, with a fencing token
that grows with each new holder. A holder must check the lease right before each effect, and stop at once when
it is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

RELEASED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Lease:
    """`owner` holds `name` until `until` (UTC, by its own clock); a later holder has a greater `token`."""

    name: str
    owner: str
    token: int
    until: datetime


class Leases:
    """The leases in one collection, one document per name, never deleted so that tokens only grow.

    clock: returns the current UTC time. The clocks of the holders may differ, but by less than the time that
    holders leave between their last check and `until`.
    """

    def __init__(self, collection: Collection[dict[str, Any]], clock: Callable[[], datetime]) -> None:
        self._collection = collection
        self._clock = clock

    def acquire(self, name: str, owner: str, ttl: timedelta) -> Lease | None:
        """Acquire the lease; None if it is held. `owner` must be unique to the process."""
        now = self._clock()
        found = self._collection.find_one({"_id": name})
        if found is None:
            return self._create(Lease(name, owner, 1, now + ttl))
        if found["until"] > now:
            return None
        lease = Lease(name, owner, found["token"] + 1, now + ttl)
        # Conditional on the token: of two processes that saw the same expired lease, only one succeeds.
        taken = self._collection.update_one(
            {"_id": name, "token": found["token"]},
            {"$set": {"owner": owner, "token": lease.token, "until": lease.until}},
        )
        return lease if taken.modified_count == 1 else None

    def _create(self, lease: Lease) -> Lease | None:
        document = {"_id": lease.name, "owner": lease.owner, "token": lease.token, "until": lease.until}
        try:
            self._collection.insert_one(document)
        except DuplicateKeyError:
            return None
        return lease

    def renew(self, lease: Lease, ttl: timedelta) -> Lease | None:
        """The same lease with a later end, or None if it is lost: expired, released or held by another."""
        now = self._clock()
        if lease.until <= now:
            return None
        renewed = replace(lease, until=now + ttl)
        result = self._collection.update_one(
            {"_id": lease.name, "token": lease.token, "owner": lease.owner},
            {"$set": {"until": renewed.until}},
        )
        return renewed if result.matched_count == 1 else None

    def held(self, leases: Iterable[Lease]) -> frozenset[str]:
        """The names of the leases that are still held: not expired by this clock, and the token unchanged.

        One database round trip.
        """
        current = {lease.name: lease for lease in leases if lease.until > self._clock()}
        if not current:
            return frozenset()
        # The whole collection has a few dozen documents; reading it costs less than a query by `_id`.
        holders = {d["_id"]: (d["token"], d["owner"]) for d in self._collection.find({}, {"until": 0})}
        return frozenset(
            name for name, lease in current.items() if holders.get(name) == (lease.token, lease.owner)
        )

    def release(self, lease: Lease) -> None:
        """Release it, so that others need not wait until it expires; no effect if it is already lost."""
        self._collection.update_one(
            {"_id": lease.name, "token": lease.token, "owner": lease.owner}, {"$set": {"until": RELEASED}}
        )
