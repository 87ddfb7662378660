"""Owns the state of mails: due, leased, sent, failed, in doubt. Every change is conditional on what was seen
before, so that of two workers one wins; it must never look for a row by anything but an index.

An open mail waits in a queue or under a lease (`waits_in`), until a time (`waits_until`). A lease that runs
out is thereby due again by itself, so a dead worker needs no one to notice; what it had begun is settled by
its journal before anything of it is leased again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from pymongo import UpdateOne

from notify.adapters.journal import MailJournal
from notify.adapters.messages import COLLECTION, KNOWN_KINDS, NAMES_FIELDS, to_message
from notify.adapters.reads import KEYS_PER_READ, Document, Store
from notify.application.ports import Delivery, Doubtful
from notify.domain.deliveries import State, Verdict
from notify.domain.kinds import Queue

LEASED: Final = "leased"
IN_DOUBT: Final = "in_doubt"
WORKER_DIED: Final = "worker-died"
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
        self._journal = MailJournal(db)
        self._new_token = new_token
        self._seen: dict[str, deque[_Seen]] = {}

    def recover(self, now: datetime) -> Sequence[str]:
        if self._seen.get(LEASED):
            return ()  # What is listed was settled when it was listed.
        doubtful: list[str] = []
        tokens = {mail.lease for mail in self._look(LEASED, now) if mail.lease is not None}
        for token in sorted(tokens):
            begun = self._journal.close(token, now)
            if begun:
                self._mark(begun[:-1], token, now)
                doubtful += self._doubt(begun[-1], token, now)
            self._journal.strike(token, now)
        return doubtful

    def _doubt(self, id: str, token: str, now: datetime) -> Sequence[str]:
        """Put a mail in doubt that is still under the lease; the id of its event, if so."""
        change = _doubtful(WORKER_DIED, now)
        if not self._messages.update_one({"_id": id, "lease": token}, change).matched_count:
            return ()
        row = self._messages.find_one({"_id": id}, {"event_id": 1})
        return () if row is None else (row["event_id"],)

    def claim(self, now: datetime, until: datetime, limits: Mapping[Queue, int]) -> Sequence[Delivery]:
        token = self._new_token()
        for queue in limits:
            if not self._seen.get(queue.value):
                self._look(queue.value, now)
        # Leases that ran out are listed by `recover` alone: nothing is inherited whose journal is open.
        places = {queue.value: limit for queue, limit in limits.items()} | {LEASED: KEYS_PER_READ}
        seen = [mail for place, limit in places.items() for mail in self._next(place, limit)]
        if not seen:
            return ()
        self._lease(seen, until, token)
        # Found by when the leases end, not by their ids: reading 100 ids takes as long as sending them.
        leased = self._messages.find({"waits_in": LEASED, "waits_until": until})
        order = {mail.id: position for position, mail in enumerate(seen)}
        rows = [row for row in leased if row["lease"] == token]
        return [_delivery(row) for row in sorted(rows, key=lambda row: order[row["_id"]])]

    def _next(self, place: str, limit: int) -> list[_Seen]:
        """Mails that were due there when last looked, the longest due first."""
        seen = self._seen.get(place, deque())
        return [seen.popleft() for _ in range(min(limit, len(seen)))]

    def _look(self, place: str, now: datetime) -> deque[_Seen]:
        due = {"waits_in": place, "waits_until": {"$lte": now}}
        rows = self._messages.find(due, {"lease": 1, "attempts": 1, "kind": 1}).sort("waits_until", 1)
        seen = deque(
            _Seen(row["_id"], row.get("lease"), row["attempts"])
            for row in rows.limit(LOOK_AHEAD)
            # Left out here and not in the query, which then finds no index on SecantusDB.
            if row["kind"] in KNOWN_KINDS
        )
        self._seen[place] = seen
        return seen

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

    def begin(self, delivery: Delivery, accepted: Sequence[Delivery]) -> bool:
        return self._journal.begin(delivery.token, [d.message.id for d in (*accepted, delivery)])

    def forget(self, token: str) -> None:
        self._journal.forget(token)

    def mark_sent(self, deliveries: Sequence[Delivery], now: datetime) -> int:
        return self._mark([d.message.id for d in deliveries], deliveries[0].token, now) if deliveries else 0

    def _mark(self, ids: Sequence[str], token: str, now: datetime) -> int:
        # One change for all of them, because SecantusDB takes ten times as long for ten changes in one write.
        marked = self._messages.update_many(
            {"_id": {"$in": list(ids)}, "lease": token}, _settled(State.SENT, now)
        )
        return marked.matched_count

    def settle(self, delivery: Delivery, verdict: Verdict, now: datetime) -> bool:
        held = {"_id": delivery.message.id, "lease": delivery.token}
        if verdict.state is State.IN_DOUBT:
            return self._messages.update_one(held, _doubtful(verdict.reason, now)).matched_count == 1
        change: Document = {"state": verdict.state.value, "settled_at": now, "reason": verdict.reason}
        unset = {"lease": ""}
        if verdict.state is State.DUE:
            change |= _waiting(Queue.RETRY, verdict.due_at)
        else:
            unset |= dict.fromkeys(PLACE_FIELDS, "")
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


def _settled(state: State, now: datetime) -> Document:
    """The row stays, for it is what makes a repeated event send nothing; it keeps no words."""
    no_longer = ("lease", *PLACE_FIELDS, "facts", *NAMES_FIELDS.values(), "reason")
    return {"$set": {"state": state.value, "settled_at": now}, "$unset": dict.fromkeys(no_longer, "")}


def _doubtful(reason: str | None, now: datetime) -> Document:
    """It keeps its words, for an operator may have it sent again; and a place where no worker looks."""
    state = {"state": State.IN_DOUBT.value, "settled_at": now, "reason": reason}
    return {"$set": state | {"waits_in": IN_DOUBT, "waits_until": now}, "$unset": {"lease": ""}}


class MongoDoubtfulMails:
    """Those in doubt, found by the same index as those that wait."""

    def __init__(self, db: Store) -> None:
        self._messages = db[COLLECTION]

    def oldest(self, limit: int) -> Sequence[Doubtful]:
        rows = self._messages.find({"waits_in": IN_DOUBT}).sort("waits_until", 1).limit(limit)
        return [
            Doubtful(to_message(row), row["settled_at"], row["reason"])
            for row in rows
            if row["kind"] in KNOWN_KINDS
        ]

    def resend(self, id: str, now: datetime) -> bool:
        again = {"state": State.DUE.value, **_waiting(Queue.RETRY, now)}
        return self._change(id, {"$set": again, "$unset": {"settled_at": "", "reason": ""}})

    def discard(self, id: str, now: datetime) -> bool:
        return self._change(id, _settled(State.SENT, now))

    def _change(self, id: str, change: Document) -> bool:
        doubtful = {"_id": id, "state": State.IN_DOUBT.value}
        return self._messages.update_one(doubtful, change).matched_count == 1


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
