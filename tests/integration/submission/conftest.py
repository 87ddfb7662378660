"""The service on a fresh database, with every command to the database counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymongo
import pytest
from pymongo.database import Database

from tests.support.mongo_servers import MongoServer
from tests.support.round_trips import RoundTrips
from tests.support.submission_service import SubmissionService


@pytest.fixture
def round_trips() -> RoundTrips:
    return RoundTrips()


@pytest.fixture
def service(
    mongo_server: MongoServer, mongo_db: Database[dict[str, Any]], round_trips: RoundTrips
) -> Iterator[SubmissionService]:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        mongo_server.uri, tz_aware=True, event_listeners=[round_trips]
    )
    made = SubmissionService(client[mongo_db.name])
    round_trips.reset()
    yield made
    client.close()
