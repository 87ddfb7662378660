"""The dead-letter limit of a consumer group as it is kept in the database: it holds over restarts and for
every member of the group, and an operator ends it.

operations {_id: "dead-letters:<group>", run, recent,
            parked: null | {topic, partition, offset, reason, since}}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database

COLLECTION = "operations"


@dataclass(frozen=True)
class Parked:
    """Where and why a consumer group stopped: the record that reached the limit is not dead-lettered."""

    topic: str
    partition: int
    offset: int
    reason: str
    since: datetime


@dataclass(frozen=True)
class LimitState:
    """run: dead letters in a row up to the last record; recent: the outcomes of the last records, oldest
    first, True for a dead letter."""

    run: int = 0
    recent: tuple[bool, ...] = ()
    parked: Parked | None = None


class LimitStore:
    """The state of one group, shared by its members and the API."""

    def __init__(self, db: Database[dict[str, Any]], group: str, clock: Callable[[], datetime]) -> None:
        self._kept = db[COLLECTION]
        self._id = f"dead-letters:{group}"
        self._clock = clock

    def read(self) -> LimitState:
        found = self._kept.find_one({"_id": self._id}) or {}
        parked = found.get("parked")
        return LimitState(
            run=found.get("run", 0),
            recent=tuple(outcome == "1" for outcome in found.get("recent", "")),
            parked=None
            if parked is None
            else Parked(
                topic=parked["topic"],
                partition=parked["partition"],
                offset=parked["offset"],
                reason=parked["reason"],
                since=parked["since"],
            ),
        )

    def count(self, run: int, recent: tuple[bool, ...]) -> None:
        """Keep what this member has counted; whether the group is parked stays as it is."""
        kept = {"run": run, "recent": "".join("1" if dead else "0" for dead in recent)}
        self._kept.update_one({"_id": self._id}, {"$set": kept}, upsert=True)

    def park(self, topic: str, partition: int, offset: int, reason: str) -> None:
        """Stop the group there; who parks it first is the one that is shown."""
        parked = Parked(topic, partition, offset, reason, self._clock())
        self._kept.update_one({"_id": self._id}, {"$setOnInsert": {"run": 0}}, upsert=True)
        self._kept.update_one({"_id": self._id, "parked": None}, {"$set": {"parked": asdict(parked)}})

    def release(self, by: str) -> bool:
        """Let the group go on with a count of zero; False if it was not parked. by: the operator's id."""
        changes = {
            "parked": None,
            "run": 0,
            "recent": "",
            "released_by": by,
            "released_at": self._clock(),
        }
        update = {"$set": changes}
        released = self._kept.update_one({"_id": self._id, "parked": {"$type": "object"}}, update)
        return released.modified_count == 1
