"""When the platform has come to rest: all processes ready, nothing waiting in an outbox, no group behind.
It looks into the databases for that, but only to know when the checker may look from outside.
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
LOOK_SECONDS = 0.5
# So often in a row nothing may stir: an event may be between two services at a single look.
LOOKS = 3


def wait_quiet(platform: RunningPlatform, seconds: float) -> list[str]:
    """What still stirs after `seconds`; nothing when all came to rest."""
    deadline = time.monotonic() + seconds
    calm = 0
    while True:
        stirring = list(_stirring(platform))
        calm = 0 if stirring else calm + 1
        if calm >= LOOKS:
            return []
        if time.monotonic() > deadline:
            return stirring or ["new events kept coming"]
        time.sleep(LOOK_SECONDS)


def _stirring(platform: RunningPlatform) -> Iterable[str]:
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
        yield f"cannot look: {type(error).__name__}"
