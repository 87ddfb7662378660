"""Owns the state of mails: due, leased, sent, failed. Every change is conditional on what was seen before, so
that of two workers one wins; it must never read a row by anything but an index."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import UpdateOne

from notify.adapters.messages import COLLECTION, to_message
from notify.adapters.reads import Document, Store, find_by_any
from notify.application.ports import Delivery
from notify.domain.deliveries import State, Verdict
from notify.domain.kinds import Queue

# Where a leased mail waits; it is due again when the lease runs out, so a dead worker needs no one to notice.
LEASED: Final = "leased"
# Rows that are looked at in one read. SecantusDB's reads cost the length of the queue whatever their limit;
# so many at a time keep that below the cost of sending them.
LOOK_AHEAD: Final = 500


class MongoDeliveries:
    """Keeps a short list of rows seen due for each queue, and leases from it. A row that another worker has
    leased since is simply not won. For one thread.

    new_token: a value that nobody else has, for each lease.
    """

    def __init__(self, db: Store, new_token: Callable[[], str]) -> None:
        self._messages = db[COLLECTION]
        self._new_token = new_token
        self._seen: dict[str, deque[Document]] = {}

    def claim(self, now: datetime, until: datetime, limits: Mapping[Queue, int]) -> Sequence[Delivery]:
        rows: list[Document] = []
        for queue, limit in limits.items():
            rows += self._next(queue.value, now, limit)
        rows += self._next(LEASED, now, sum(limits.values()))
        return self._lease(rows, until) if rows else ()

    def _next(self, queue: str, now: datetime, limit: int) -> list[Document]:
        seen = self._seen.get(queue)
        if not seen:
            due = {"queue": queue, "due_at": {"$lte": now}}
            seen = deque(self._messages.find(due).sort("due_at", 1).limit(LOOK_AHEAD))
            self._seen[queue] = seen
        return [seen.popleft() for _ in range(min(limit, len(seen)))]

    def _lease(self, rows: Sequence[Document], until: datetime) -> list[Delivery]:
        token = self._new_token()
        deliveries = [_delivery(row, token) for row in rows]
        leases = [
            UpdateOne(
                {"_id": row["_id"], "queue": row["queue"], "due_at": row["due_at"]},
                {
                    "$set": {
                        "state": State.LEASED.value,
                        "queue": LEASED,
                        "due_at": until,
                        "lease": {"token": token, "queue": delivery.queue.value, "due_at": delivery.due_at},
                    },
                    "$inc": {"attempts": 1},
                },
            )
            for row, delivery in zip(rows, deliveries, strict=True)
        ]
        if self._messages.bulk_write(leases, ordered=False).modified_count == len(rows):
            return deliveries
        ids = [row["_id"] for row in rows]
        found = find_by_any(self._messages, "_id", ids, ("lease",))
        won = {row["_id"] for row in found if row.get("lease", {}).get("token") == token}
        return [delivery for delivery in deliveries if delivery.message.id in won]

    def settle(self, delivery: Delivery, verdict: Verdict, now: datetime) -> bool:
        change: Document = {"state": verdict.state.value, "settled_at": now}
        unset = {"lease": ""}
        if verdict.reason is not None:
            change["reason"] = verdict.reason
        if verdict.state is State.DUE:
            change |= {"queue": Queue.RETRY.value, "due_at": verdict.due_at}
        else:
            unset |= {"queue": "", "due_at": ""}
        if verdict.state is State.SENT:
            # Not needed any more; the row stays, because it is what makes a repeated event send nothing.
            unset |= {"facts": "", "unit_names": "", "reason": ""}
            change.pop("reason", None)
        held = {"_id": delivery.message.id, "lease.token": delivery.token}
        return self._messages.update_one(held, {"$set": change, "$unset": unset}).matched_count == 1

    def release(self, deliveries: Sequence[Delivery]) -> None:
        self._messages.bulk_write(
            [
                UpdateOne(
                    {"_id": delivery.message.id, "lease.token": delivery.token},
                    {
                        "$set": {
                            "state": State.DUE.value,
                            "queue": delivery.queue.value,
                            "due_at": delivery.due_at,
                        },
                        "$inc": {"attempts": -1},
                        "$unset": {"lease": ""},
                    },
                )
                for delivery in deliveries
            ],
            ordered=False,
        )


def _delivery(row: Document, token: str) -> Delivery:
    # A row whose lease ran out goes on where it waited before.
    waited = row["lease"] if row["queue"] == LEASED else row
    queue = Queue(waited["queue"])
    return Delivery(
        message=to_message(row, queue),
        attempt=row["attempts"] + 1,
        queue=queue,
        due_at=waited["due_at"],
        token=token,
    )
