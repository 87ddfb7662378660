"""What can be seen of a running platform while it is loaded: who is how far behind, and what it takes of
disk, memory and time. It only looks.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymongo

from chassis.events.outbox import LANE
from sangkienctl.kafka_access import KafkaAccess
from sangkienctl.platform import Silent
from sangkienctl.ports import SERVICES
from sangkienctl.topics import lag
from tests.load.bench.servers import uss_mib
from tests.support.platform import RunningPlatform

# <12 hex digits>-<partition>-<topic> of the embedded broker, <topic>-<partition> of Apache Kafka.
TOPIC_FOLDER = re.compile(r"[0-9a-f]{12}-\d+-(?P<ours>.+)|(?P<apache>.+)-\d+")
OUTBOXES = {"submission": "initiatives", "review": "cases"}

Sample = Mapping[str, float]


class Starting(Silent):
    """Takes the time of each process from the launch of its stage until it is ready."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began: dict[str, float] = {}

    def begin(self, what: str) -> None:
        for name in what.split(", "):
            self._began[name] = time.monotonic()

    def done(self, what: str) -> None:
        self.seconds[what] = time.monotonic() - self._began[what]


class Watch:
    """Looks every so many seconds, in a thread; `samples` holds what it saw, each with its `at` in seconds.

    more: further figures, by name.
    """

    def __init__(
        self, platform: RunningPlatform, more: Mapping[str, Callable[[], float]], every: float
    ) -> None:
        self._platform, self._more, self._every = platform, more, every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch")
        self._failed: list[BaseException] = []
        self.samples: list[dict[str, float]] = []

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        self._clients: dict[str, pymongo.MongoClient[dict[str, Any]]] = {
            name: pymongo.MongoClient(self._platform.mongo_uri(name), timeoutMS=60_000) for name in OUTBOXES
        }
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for client in self._clients.values():
            client.close()
        if self._failed and error is None:
            raise self._failed[0]

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._every):
                self.samples.append(self.look())
        except BaseException as error:
            self._failed.append(error)

    def look(self) -> dict[str, float]:
        seen = {name: figure() for name, figure in self._more.items()}
        for service, collection in OUTBOXES.items():
            waiting = self._clients[service][service][collection].count_documents({LANE: {"$gte": 0}})
            seen[f"outbox of {service}"] = waiting
        for line in lag(KafkaAccess(kafka_bootstrap=self._platform.kafka_bootstrap)):
            name = f"{line.group} behind"
            seen[name] = seen.get(name, 0) + line.behind
        return {"at": time.monotonic() - self._began, **seen}


def memory(platform: RunningPlatform) -> dict[str, float]:
    """MiB of memory of each process of its own (USS), children included."""
    return {status.name: uss_mib(status.pid) for status in platform.control.status() if status.pid}


def disk(platform: RunningPlatform) -> dict[str, float]:
    """Bytes on disk of each database and topic."""
    data = platform.control.home.data
    found = {f"{service} database": _bytes(data / f"{service}-db") for service in SERVICES}
    for folder in data.glob("*/**/"):
        topic = TOPIC_FOLDER.fullmatch(folder.name)
        if topic is not None and folder.is_relative_to(data) and _holds_log(folder):
            name = f"topic {topic['ours'] or topic['apache']}"
            found[name] = found.get(name, 0.0) + _bytes(folder)
    return found


def _holds_log(folder: Path) -> bool:
    return any(folder.glob("*.log"))


def _bytes(folder: Path) -> float:
    return float(sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()))
