"""The worker's last report and the replays that operators asked for, in the service's own database. It talks
to no Kafka."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo.database import Database

from chassis.consumer.parking import COLLECTION, LimitStore
from chassis.mongo.documents import known

REPORT = "report"
_REPLAY = "replay"
# Requests are few; older ones than these are of no interest any more.
MOST_REPLAYS = 200


@dataclass(frozen=True)
class Lag:
    """How many records of a topic the service's consumer has not handled."""

    topic: str
    records: int


@dataclass(frozen=True)
class Outbox:
    """What one collection has to publish; oldest_at: None when nothing waits."""

    collection: str
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class Letter:
    """A dead letter that nobody has dealt with, without its content, which may be anything.

    offset: in the dead-letter topic; at: when it was given up.
    """

    offset: int
    topic: str
    key: str
    error_class: str
    error_code: str
    attempts: int
    at: str


@dataclass(frozen=True)
class Report:
    """What the worker measured last. letters: the oldest of `dead` ones."""

    at: datetime
    lag: tuple[Lag, ...]
    outbox: tuple[Outbox, ...]
    dead: int
    letters: tuple[Letter, ...]


@dataclass(frozen=True)
class Replay:
    """One letter that is to be sent to its topic again. state: asked, done or failed."""

    offset: int
    state: str
    asked_at: datetime
    error: str | None = None


@dataclass(frozen=True)
class Engine:
    """The program that keeps this service's data, as it names itself."""

    name: str
    version: str


class Operations:
    """Shared by the API and the worker of one service."""

    def __init__(self, db: Database[dict[str, Any]], clock: Callable[[], datetime]) -> None:
        self._db = db
        self._kept = db[COLLECTION]
        self._clock = clock

    def engine(self) -> Engine:
        """What answers at the service's database."""
        said = self._kept.database.client.admin.command("buildInfo")
        # SecantusDB names the version of MongoDB that it speaks for, and its own beside it.
        if "secantusVersion" not in said:
            return Engine("MongoDB", said["version"])
        return Engine("SecantusDB", said["secantusVersion"])

    def limit(self, group: str) -> LimitStore:
        """The dead-letter limit of the service's consumer group."""
        return LimitStore(self._db, group, self._clock)

    def report(self) -> Report | None:
        """The last report; None before the first one."""
        found = self._kept.find_one({"_id": REPORT})
        if found is None:
            return None
        return Report(
            at=found["at"],
            lag=tuple(Lag(**known(Lag, one)) for one in found["lag"]),
            outbox=tuple(Outbox(**known(Outbox, one)) for one in found["outbox"]),
            dead=found["dead"],
            letters=tuple(Letter(**known(Letter, one)) for one in found["letters"]),
        )

    def write(self, report: Report) -> None:
        self._kept.replace_one({"_id": REPORT}, {"_id": REPORT, **asdict(report)}, upsert=True)

    def ask(self, offset: int, by: str) -> Replay:
        """Ask for the replay of a letter; asking again changes nothing unless it has failed."""
        current = self.replay(offset)
        if current is not None and current.state != "failed":
            return current
        replay = Replay(offset, "asked", self._clock())
        document = {"_id": _id(offset), "kind": _REPLAY, "asked_by": by, **asdict(replay)}
        self._kept.replace_one({"_id": _id(offset)}, document, upsert=True)
        return replay

    def replay(self, offset: int) -> Replay | None:
        found = self._kept.find_one({"_id": _id(offset)})
        return None if found is None else _replay(found)

    def replays(self) -> Sequence[Replay]:
        """All that is known of replays, by their letters' offsets."""
        found = self._kept.find({"kind": _REPLAY}).limit(MOST_REPLAYS)
        return sorted((_replay(one) for one in found), key=lambda replay: replay.offset)

    def settle(self, offset: int, error: str | None) -> None:
        """The replay was tried; error: why it failed, None when it did not."""
        state = "done" if error is None else "failed"
        changes = {"state": state, "error": error, "settled_at": self._clock()}
        self._kept.update_one({"_id": _id(offset)}, {"$set": changes})

    def forget_before(self, offset: int) -> None:
        """Replays of letters that were dealt with are no longer kept."""
        for replay in self.replays():
            if replay.offset < offset:
                self._kept.delete_one({"_id": _id(replay.offset)})


def _id(offset: int) -> str:
    return f"{_REPLAY}:{offset}"


def _replay(found: dict[str, Any]) -> Replay:
    return Replay(found["offset"], found["state"], found["asked_at"], found["error"])
