"""Owns the state of mails: due, leased, sent, failed. Every change is conditional on what was seen before, so
that of two workers one wins; it must never look for a row by anything but an index.

An open mail waits in a queue or under a lease (`waits_in`), until a time (`waits_until`). A lease that runs
out is thereby due again by itself, so a dead worker needs no one to notice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from pymongo import UpdateOne

from notify.adapters.messages import COLLECTION, NAMES_FIELDS, to_message
from notify.adapters.reads import KEYS_PER_READ, Document, Store
from notify.application.ports import Delivery
from notify.domain.deliveries import State, Verdict
from notify.domain.kinds import Queue

LEASED: Final = "leased"
# Rows that are looked at in one read. SecantusDB's reads cost the length of the queue whatever their limit;
# so many at a time keep that below the cost of sending them.
LOOK_AHEAD: Final = 500
PLACE_FIELDS: Final = ("queue", "due_at", "waits_in", "waits_until")


class _Seen(NamedTuple):
    """A mail that was due when looked at. An attempt raises `attempts` for good, and a settled mail has lost
    its lease, so both as they were seen say that it still waits."""

    id: str
    lease: str | None
    attempts: int


class MongoDeliveries:
    """Keeps a short list of mails seen due in each queue, and leases from it; what another worker has leased
    since is simply not won. For one thread.

    new_token: a value that nobody else has, for each lease.
    """

    def __init__(self, db: Store, new_token: Callable[[], str]) -> None:
        self._messages = db[COLLECTION]
        self._new_token = new_token
        self._seen: dict[str, deque[_Seen]] = {}

    def claim(self, now: datetime, until: datetime, limits: Mapping[Queue, int]) -> Sequence[Delivery]:
        token = self._new_token()
        places = {queue.value: limit for queue, limit in limits.items()} | {LEASED: KEYS_PER_READ}
        seen = [mail for place, limit in places.items() for mail in self._next(place, now, limit)]
        if not seen:
            return ()
        self._lease(seen, until, token)
        # Found by when the leases end, not by their ids: reading 100 ids takes as long as sending them.
        leased = self._messages.find({"waits_in": LEASED, "waits_until": until})
        order = {mail.id: position for position, mail in enumerate(seen)}
        rows = [row for row in leased if row["lease"] == token]
        return [_delivery(row) for row in sorted(rows, key=lambda row: order[row["_id"]])]

    def _next(self, place: str, now: datetime, limit: int) -> list[_Seen]:
        """Mails that were due there when last looked, the longest due first."""
        seen = self._seen.get(place)
        if not seen:
            due = {"waits_in": place, "waits_until": {"$lte": now}}
            rows = self._messages.find(due, {"lease": 1, "attempts": 1}).sort("waits_until", 1)
            seen = deque(
                _Seen(row["_id"], row.get("lease"), row["attempts"]) for row in rows.limit(LOOK_AHEAD)
            )
            self._seen[place] = seen
        return [seen.popleft() for _ in range(min(limit, len(seen)))]

    def _lease(self, mails: Sequence[_Seen], until: datetime, token: str) -> None:
        # Each row changes only if nobody has attempted it since: of two workers with the same list one wins.
        # That is asked of fields without an index; by `waits_in` SecantusDB would look at the whole queue.
        alike: dict[tuple[str | None, int], list[str]] = {}
        for mail in mails:
            alike.setdefault((mail.lease, mail.attempts), []).append(mail.id)
        for (lease, attempts), ids in alike.items():
            self._messages.update_many(
                {"_id": {"$in": ids}, "lease": lease, "attempts": attempts},
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

    def mark_sent(self, deliveries: Sequence[Delivery], now: datetime) -> int:
        ids, tokens = ([d.message.id for d in deliveries], {d.token for d in deliveries})
        # One change for all of them, because SecantusDB takes ten times as long for ten changes in one write.
        # The row stays: it is what makes a repeated event send nothing.
        no_longer = ("lease", *PLACE_FIELDS, "facts", *NAMES_FIELDS.values(), "reason")
        marked = self._messages.update_many(
            {"_id": {"$in": ids}, "lease": {"$in": list(tokens)}},
            {"$set": {"state": State.SENT.value, "settled_at": now}, "$unset": dict.fromkeys(no_longer, "")},
        )
        return marked.matched_count

    def settle(self, delivery: Delivery, verdict: Verdict, now: datetime) -> bool:
        change: Document = {"state": verdict.state.value, "settled_at": now, "reason": verdict.reason}
        unset = {"lease": ""}
        if verdict.state is State.DUE:
            change |= _waiting(Queue.RETRY, verdict.due_at)
        else:
            unset |= dict.fromkeys(PLACE_FIELDS, "")
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
