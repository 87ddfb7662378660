"""The database goes away and comes back: refusals say when to try again, and nothing is lost or doubled."""

from __future__ import annotations

from typing import Any

import pymongo
import pytest

from tests.support.mongo_servers import MongoServer
from tests.support.submission_service import MEMBER, UNIT, SubmissionService, content, problem


@pytest.fixture
def away(own_mongo_server: MongoServer) -> Any:
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        own_mongo_server.uri, tz_aware=True, serverSelectionTimeoutMS=1000, timeoutMS=4000
    )
    yield SubmissionService(client["submission"])
    client.close()


def test_what_was_answered_survives_a_kill_and_what_was_refused_can_be_repeated(
    own_mongo_server: MongoServer, away: SubmissionService
) -> None:
    accepted = away.submitted()
    draft = away.draft()

    own_mongo_server.kill()
    refused = away.create(submit=True, key="again")
    refused_submit = away.submit(draft, content(), key="submit")
    still_known = away.get(f"/v1/units/{UNIT}")
    own_mongo_server.restart()
    repeated = away.create(submit=True, key="again")
    repeated_submit = away.submit(draft, content(), key="submit")

    for answer in (refused, refused_submit):
        assert problem(answer) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert still_known.status_code == 200
    assert repeated.status_code == 201, repeated.text
    assert repeated_submit.status_code == 200, repeated_submit.text
    assert away.seen(accepted["id"])["code"] == accepted["code"]
    rows = away.get("/v1/initiatives", MEMBER).json
    assert rows is not None
    assert len(rows["items"]) == 3
    assert {len(away.emitted(row["id"])) for row in rows["items"]} == {1}
