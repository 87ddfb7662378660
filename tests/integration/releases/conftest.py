"""The four services on databases that hold what an earlier release wrote."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from _pytest.fixtures import SubRequest

from chassis.mongo.migrations import Migration
from notify.migrations import MIGRATIONS as NOTIFY
from review.migrations import MIGRATIONS as REVIEW
from stats.migrations import MIGRATIONS as STATS
from submission.migrations import MIGRATIONS as SUBMISSION
from tests.corpus.write import History
from tests.support.four_services import FourServices, four_services
from tests.support.mongo_servers import MongoServer
from tests.support.releases import RELEASES, SERVICES, documents, with_later_fields

MIGRATIONS: dict[str, Sequence[Migration]] = {
    "submission": SUBMISSION,
    "review": REVIEW,
    "stats": STATS,
    "notify": NOTIFY,
}
# Whose keys are data, or which are written and read by names that the code makes.
AS_WRITTEN = {"counters_1", "meta", "marks"}


@pytest.fixture(params=[(release, later) for release in RELEASES for later in (False, True)], ids=str)
def after_update(mongo_server: MongoServer, request: SubRequest) -> Iterator[History]:
    """The code of today on the documents of a release; or on those with fields that it does not know."""
    release, later = request.param
    yield from _on_documents(mongo_server, release, later=later)


@pytest.fixture(params=RELEASES)
def after_rollback(mongo_server: MongoServer, request: SubRequest) -> Iterator[History]:
    """The code of today on documents to which a later release added fields."""
    yield from _on_documents(mongo_server, request.param, later=True)


def _on_documents(mongo_server: MongoServer, release: str, *, later: bool) -> Iterator[History]:
    with four_services(mongo_server) as services:
        for service in SERVICES:
            load(services, service, release, later=later)
            for migration in MIGRATIONS[service]:
                migration.run(getattr(services, service).db)
        services.submission.parts.reference.refresh()
        services.review.units.refresh()
        yield History(services)


def load(services: FourServices, service: str, release: str, *, later: bool) -> None:
    db = getattr(services, service).db
    for collection, found in documents(release, service).items():
        db[collection].delete_many({})
        kept: list[dict[str, Any]] = [
            with_later(document) if later and collection not in AS_WRITTEN else document for document in found
        ]
        if kept:
            db[collection].insert_many(kept)


def with_later(document: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = with_later_fields(document)
    # Words by language, and answers and events as they were sent.
    return made | {
        name: document[name]
        for name in ("names", "facts", "unit_names", "requests", "outbox")
        if name in document
    }
