"""Owns the state of mails: due, leased, sent, failed. Every change is conditional on what was seen before, so
that of two workers one wins; it must never look for a row by anything but an index.

An open mail waits in a queue or under a lease (`waits_in`), until a time (`waits_until`). A lease that runs
out is thereby due again by itself, so a dead worker needs no one to notice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from pymongo import UpdateOne

from notify.adapters.messages import COLLECTION, NAMES_FIELDS, to_message
from notify.adapters.reads import KEYS_PER_READ, Document, Store, find_by_any
from notify.application.ports import Delivery
from notify.domain.deliveries import State, Verdict
from notify.domain.kinds import Queue

LEASED: Final = "leased"
# Rows that are looked at in one read. SecantusDB's reads cost the length of the queue whatever their limit;
# so many at a time keep that below the cost of sending them.
LOOK_AHEAD: Final = 500


class MongoDeliveries:
    """Keeps a short list of mails seen due in each queue, and leases from it; what another worker has leased
    since is simply not won. For one thread.

    new_token: a value that nobody else has, for each lease.
    """

    def __init__(self, db: Store, new_token: Callable[[], str]) -> None:
        self._messages = db[COLLECTION]
        self._new_token = new_token
        self._seen: dict[str, deque[str]] = {}

    def claim(self, now: datetime, until: datetime, limits: Mapping[Queue, int]) -> Sequence[Delivery]:
        token = self._new_token()
        claimed: list[str] = []
        places = {queue.value: limit for queue, limit in limits.items()} | {LEASED: KEYS_PER_READ}
        for place, limit in places.items():
            ids = self._next(place, now, limit)
            if ids:
                self._lease(ids, place, now, until, token)
                claimed += ids
        rows = [row for row in find_by_any(self._messages, "_id", claimed) if row.get("lease") == token]
        order = {id: position for position, id in enumerate(claimed)}
        return [_delivery(row) for row in sorted(rows, key=lambda row: order[row["_id"]])]

    def _next(self, place: str, now: datetime, limit: int) -> list[str]:
        """Ids of mails that were due there when last looked, the longest due first."""
        seen = self._seen.get(place)
        if not seen:
            due = {"waits_in": place, "waits_until": {"$lte": now}}
            rows = self._messages.find(due, {"_id": 1}).sort("waits_until", 1).limit(LOOK_AHEAD)
            seen = self._seen[place] = deque(row["_id"] for row in rows)
        return [seen.popleft() for _ in range(min(limit, len(seen)))]

    def _lease(self, ids: Sequence[str], place: str, now: datetime, until: datetime, token: str) -> None:
        # Each row changes only if it still waits there: of two workers with the same list one wins each row.
        self._messages.update_many(
            {"_id": {"$in": list(ids)}, "waits_in": place, "waits_until": {"$lte": now}},
            {
                "$set": {
                    "state": State.LEASED.value,
                    "lease": token,
                    "waits_in": LEASED,
                    "waits_until": until,
                },
                "$inc": {"attempts": 1},
            },
        )

    def settle(self, delivery: Delivery, verdict: Verdict, now: datetime) -> bool:
        change: Document = {"state": verdict.state.value, "settled_at": now}
        unset = {"lease": ""}
        if verdict.reason is not None:
            change["reason"] = verdict.reason
        if verdict.state is State.DUE:
            change |= _waiting(Queue.RETRY, verdict.due_at)
        else:
            unset |= dict.fromkeys(("queue", "due_at", "waits_in", "waits_until"), "")
        if verdict.state is State.SENT:
            # Not needed any more; the row stays, because it is what makes a repeated event send nothing.
            unset |= dict.fromkeys(("facts", *NAMES_FIELDS.values(), "reason"), "")
        held = {"_id": delivery.message.id, "lease": delivery.token}
        return self._messages.update_one(held, {"$set": change, "$unset": unset}).matched_count == 1

    def release(self, deliveries: Sequence[Delivery]) -> None:
        self._messages.bulk_write(
            [
                UpdateOne(
                    {"_id": delivery.message.id, "lease": delivery.token},
                    {
                        "$set": {"state": State.DUE.value, **_waiting(delivery.queue, delivery.due_at)},
                        "$inc": {"attempts": -1},
                        "$unset": {"lease": ""},
                    },
                )
                for delivery in deliveries
            ],
            ordered=False,
        )


def _waiting(queue: Queue, due_at: datetime | None) -> Document:
    return {"queue": queue.value, "due_at": due_at, "waits_in": queue.value, "waits_until": due_at}


def _delivery(row: Document) -> Delivery:
    return Delivery(
        message=to_message(row),
        attempt=row["attempts"],
        queue=Queue(row["queue"]),
        due_at=row["due_at"],
        token=row["lease"],
    )
