"""The stats service on a database of its own, without a broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pymongo.database import Database

from tests.support.mongo_servers import MongoServer
from tests.support.stats_service import Stats


@pytest.fixture
def make_stats(
    mongo_server: MongoServer, mongo_db: Database[dict[str, Any]]
) -> Iterator[Callable[..., Stats]]:
    """Makes processes of the service, all on one database; settings by name."""
    with ExitStack() as stack:

        def make(**settings: Any) -> Stats:
            service = Stats(mongo_db, mongo_server.uri, **settings)
            stack.callback(service.close)
            return service

        yield make


@pytest.fixture
def stats(make_stats: Callable[..., Stats]) -> Stats:
    return make_stats()
