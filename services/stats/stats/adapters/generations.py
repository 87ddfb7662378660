"""Which generation of counters counts, and who may write: one document that every counting transaction takes
its turn on. It knows nothing of what is counted.

meta/projection {_id, generation, previous, readable_until, last_generation, turns, hold}
hold: null | {token, kind, owner, generation, until}
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis.mongo.transactions import in_transaction
from stats.application.errors import NotMigratedError, RebuildLostError, RebuildRunningError

log = logging.getLogger(__name__)

Document = dict[str, Any]
Clock = Callable[[], datetime]

HEAD = "projection"
HOLD_TIME = timedelta(seconds=30)
# How long the generation before is kept for readers whose copy still names it; see ReferenceCopy.
READERS_FOLLOW = timedelta(seconds=60)
SWEEP_SECONDS = 300.0
_GENERATION_OF = re.compile(r"(?:snapshots|counters)_([1-9][0-9]*)")


@dataclass(frozen=True)
class Hold:
    """The right to keep counting paused; `generation` is the one in the making, None if nothing is made."""

    token: int
    generation: int | None


class Generations:
    """All access to the head document. Every change of it is a transaction."""

    def __init__(self, db: Database[Document], clock: Clock, hold_time: timedelta = HOLD_TIME) -> None:
        self._db = db
        self._clock = clock
        self._hold_time = hold_time

    @property
    def hold_time(self) -> timedelta:
        return self._hold_time

    def snapshots(self, generation: int) -> Collection[Document]:
        return self._db[f"snapshots_{generation}"]

    def counters(self, generation: int) -> Collection[Document]:
        return self._db[f"counters_{generation}"]

    def head(self, session: ClientSession | None = None) -> Document:
        head = self._db["meta"].find_one({"_id": HEAD}, session=session)
        if head is None:
            raise NotMigratedError
        return head

    def turn(self, session: ClientSession, *, during_rebuild: bool) -> int:
        """Take the turn in this transaction; the generation to count in.

        All batches change the counters of the nation, so two of them can never commit side by side. Taking a
        turn first lets the later one find that out before it has done any work, and orders each batch before
        or after a hold. Whoever has the turn may read a counter, add to it and replace it. A hold that has
        expired is ended here, so its holder cannot take effect any more.
        """
        head = self.head(session)
        hold = head["hold"]
        held = hold is not None and hold["until"] > self._clock()
        if held and not during_rebuild:
            raise RebuildRunningError
        update: Document = {"$inc": {"turns": 1}}
        if hold is not None and not held:
            update["$set"] = {"hold": None}
        self._db["meta"].update_one({"_id": HEAD}, update, session=session)
        generation: int = head["generation"]
        return generation

    def hold(self, kind: str, owner: str, *, make_generation: bool) -> Hold | None:
        """Pause counting; None while somebody else does."""

        def work(session: ClientSession) -> Hold | None:
            head = self.head(session)
            if head["hold"] is not None and head["hold"]["until"] > self._clock():
                return None
            token = head["last_generation"] + 1
            taken = Hold(token, token if make_generation else None)
            document = {"token": token, "kind": kind, "owner": owner, "generation": taken.generation}
            document["until"] = self._clock() + self._hold_time
            change = {"$set": {"hold": document, "last_generation": token}, "$inc": {"turns": 1}}
            self._db["meta"].update_one({"_id": HEAD}, change, session=session)
            return taken

        return in_transaction(self._db.client, work)

    def renew(self, hold: Hold) -> None:
        """RebuildLostError if counting went on without it."""
        until = self._clock() + self._hold_time
        self._change(hold, {"$set": {"hold.until": until}})

    def switch(self, hold: Hold) -> None:
        """Make the generation of the hold the one that counts, and end the hold."""
        if hold.generation is None:
            raise ValueError("this hold makes no generation")
        head = self.head()
        change = {"generation": hold.generation, "hold": None, "previous": head["generation"]}
        change["readable_until"] = self._clock() + READERS_FOLLOW
        self._change(hold, {"$set": change, "$inc": {"turns": 1}})

    def release(self, hold: Hold) -> None:
        """End the hold; nothing happens if it is lost already."""
        try:
            self._change(hold, {"$set": {"hold": None}, "$inc": {"turns": 1}})
        except RebuildLostError:
            return

    def _change(self, hold: Hold, change: Document) -> None:
        def work(session: ClientSession) -> bool:
            result = self._db["meta"].update_one(
                {"_id": HEAD, "hold.token": hold.token}, change, session=session
            )
            return result.matched_count == 1

        if not in_transaction(self._db.client, work):
            raise RebuildLostError

    def drop_unused(self) -> None:
        """Drop what neither counts nor is in the making: old ones, and leftovers of killed rebuilds."""
        # Listed before the head is read: what a rebuild creates after that is not in the list.
        names = self._db.list_collection_names()
        head = self.head()
        used = {head["generation"], (head["hold"] or {}).get("generation")}
        if self._clock() < head["readable_until"]:
            used.add(head["previous"])
        for name in names:
            match = _GENERATION_OF.fullmatch(name)
            if match is not None and int(match[1]) not in used:
                self._db.drop_collection(name)
                log.info("an unused generation was dropped", extra={"collection": name})

    def sweep(self, stop: threading.Event) -> None:
        """Drop what is unused from time to time, until `stop` is set."""
        while not stop.wait(SWEEP_SECONDS):
            try:
                self.drop_unused()
            except (PyMongoError, NotMigratedError):
                log.warning("unused generations were not dropped", exc_info=True)

    def create(self, generation: int) -> None:
        for collection in (self.snapshots(generation), self.counters(generation)):
            self._db.create_collection(collection.name)
