"""The notification service over a real database and a real mail server, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from notify.migrations import MIGRATIONS
from tests.support.notify_stage import Notify
from tests.support.round_trips import RoundTrips
from tests.support.smtp_servers import Postbox, smtp_server


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with smtp_server(Postbox()) as serving:
        yield serving


@pytest.fixture
def notify(mongo_server: Any, mongo_db: Database[dict[str, Any]], postbox: Postbox) -> Iterator[Notify]:
    for migration in MIGRATIONS:
        migration.run(mongo_db)
    trips = RoundTrips()
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        mongo_server.uri, tz_aware=True, uuidRepresentation="standard", event_listeners=[trips]
    )
    yield Notify(client[mongo_db.name], trips, postbox)
    client.close()
