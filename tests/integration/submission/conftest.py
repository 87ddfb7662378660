"""The service on a fresh database, with every command to the database counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
def make_service(
    mongo_server: MongoServer, mongo_db: Database[dict[str, Any]], round_trips: RoundTrips
) -> Iterator[Callable[..., SubmissionService]]:
    """Makes the service with changed settings."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        mongo_server.uri, tz_aware=True, event_listeners=[round_trips]
    )

    def make(**changes: Any) -> SubmissionService:
        made = SubmissionService(client[mongo_db.name], changes=changes)
        round_trips.reset()
        return made

    yield make
    client.close()


@pytest.fixture
def service(make_service: Callable[..., SubmissionService]) -> SubmissionService:
    return make_service()
