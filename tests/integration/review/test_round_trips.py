"""What review's requests and batches cost at the database: round trips counted, plans looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.monitoring import CommandListener, CommandStartedEvent

from tests.support.mongo_servers import MongoServer
from tests.support.review_api import ReviewService, every_stage
from tests.support.review_cases import INITIATIVE, REVIEWER, SUPPORTER, Submission, initiative_id


class Commands(CommandListener):
    """Counts what a client sends."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def started(self, event: CommandStartedEvent) -> None:
        self.names.append(event.command_name)

    def succeeded(self, event: object) -> None:
        """Only starts are counted."""

    def failed(self, event: object) -> None:
        """Only starts are counted."""


@pytest.fixture
def commands() -> Commands:
    return Commands()


@pytest.fixture
def review(
    mongo_server: MongoServer, mongo_db: Database[dict[str, Any]], commands: Commands
) -> Iterator[ReviewService]:
    client: MongoClient[dict[str, Any]] = MongoClient(
        mongo_server.uri, tz_aware=True, event_listeners=[commands]
    )
    service = ReviewService(client[mongo_db.name])
    service.person(SUPPORTER, ("support", "HC-APATIT-VIET-NAM"))
    service.person(REVIEWER, ("reviewer", "CT-HOA-CHAT"))
    service.tell_path()
    service.tell(Submission().submit())
    commands.names.clear()
    yield service
    client.close()


def test_a_decision_costs_one_read_and_one_write(review: ReviewService, commands: Commands) -> None:
    answer = review.decide(INITIATIVE, SUPPORTER, {"decision": "validate"}, version=1)

    assert answer.status_code == 201
    assert commands.names == ["find", "update"]


def test_a_repeated_decision_costs_one_read(review: ReviewService, commands: Commands) -> None:
    review.decide(INITIATIVE, SUPPORTER, {"decision": "validate"}, version=1, key="k")
    commands.names.clear()

    review.decide(INITIATIVE, SUPPORTER, {"decision": "validate"}, version=1, key="k")

    assert commands.names == ["find"]


@pytest.mark.parametrize(
    "path", [f"/v1/cases/{INITIATIVE}", "/v1/cases?queue=mine", "/v1/cases?unit=HC-APATIT-VIET-NAM"]
)
def test_reading_costs_one_round_trip(review: ReviewService, commands: Commands, path: str) -> None:
    answer = review.get(path, SUPPORTER)

    assert answer.status_code == 200
    assert commands.names == ["find"]


def test_a_queue_over_two_grants_costs_two_round_trips(review: ReviewService, commands: Commands) -> None:
    who = review.person("m-b0thr0les1", ("support", "TLD"), ("reviewer", "TLD"))

    review.get("/v1/cases", who)

    assert commands.names == ["find", "find"]


def test_a_batch_of_submissions_costs_one_read_and_one_write(
    review: ReviewService, commands: Commands
) -> None:
    review.tell(*(Submission(id=initiative_id(n)).submit() for n in range(100)))

    assert commands.names == ["find", "insert"]


def test_a_batch_that_is_known_costs_one_read(review: ReviewService, commands: Commands) -> None:
    review.tell(Submission().submit())

    assert commands.names == ["find"]


def test_lists_are_served_from_an_index(review: ReviewService, mongo_db: Database[dict[str, Any]]) -> None:
    review.tell(*(Submission(id=initiative_id(n)).submit() for n in range(50)))
    cases = mongo_db["cases"]
    queue = {"waiting_for": "in_review:support:HC-APATIT-VIET-NAM"}
    listed = {"initiative.unit_path": "CT-HOA-CHAT", "state": "in_review"}

    plans = [
        cases.find(queue).sort("due_key", 1).limit(21).explain(),
        cases.find({**queue, "due_key": {"$gt": "2022-05-23"}}).sort("due_key", 1).limit(21).explain(),
        cases.find(listed).sort("listed_key", -1).limit(21).explain(),
        cases.find({**listed, "listed_key": {"$lt": "9"}}).sort("listed_key", -1).limit(21).explain(),
    ]

    for plan in plans:
        assert "IXSCAN" in every_stage([plan])
        assert "COLLSCAN" not in every_stage([plan])
