"""Waits until the platform is idle: all processes ready, no pending events in an outbox, no consumer lag. It
reads the databases, but only to know when the checker may start.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from chassis.events.outbox import LANE
from sangkienctl.home import PlatformError
from sangkienctl.kafka_access import KafkaAccess
from sangkienctl.topics import lag
from tests.support.platform import RunningPlatform

OUTBOXES: Mapping[str, tuple[str, ...]] = {
    "submission": ("initiatives", "units", "campaigns"),
    "review": ("cases",),
    "stats": ("targets",),
}
POLL_SECONDS = 0.5
# So many polls in a row must be idle: during a single one, an event may be between two services.
IDLE_POLLS = 3


def wait_quiet(platform: RunningPlatform, seconds: float) -> list[str]:
    """The activity that is left after `seconds`; empty if the platform became idle."""
    deadline = time.monotonic() + seconds
    idle = 0
    while True:
        busy = list(_activity(platform))
        idle = 0 if busy else idle + 1
        if idle >= IDLE_POLLS:
            return []
        if time.monotonic() > deadline:
            return busy or ["new events kept coming"]
        time.sleep(POLL_SECONDS)


def _activity(platform: RunningPlatform) -> Iterable[str]:
    for status in platform.control.status():
        if not status.ready:
            yield f"{status.name} is {status.state} and not ready"
            return
    try:
        for service, collections in OUTBOXES.items():
            client: pymongo.MongoClient[dict[str, Any]]
            with pymongo.MongoClient(platform.mongo_uri(service), timeoutMS=5000) as client:
                for name in collections:
                    if client[service][name].find_one({LANE: {"$gte": 0}}, {"_id": 1}) is not None:
                        yield f"{service}: events wait in the outbox of {name}"
        for line in lag(KafkaAccess(kafka_bootstrap=platform.kafka_bootstrap)):
            if line.behind:
                yield f"{line.group} is {line.behind} records behind in {line.topic}"
    except (PyMongoError, PlatformError) as error:
        yield f"cannot check: {type(error).__name__}"
