"""Today's services go on with the documents of every release, and lose nothing of what a later one added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

import contracts
from chassis.events.validation import tolerant_validator
from tests.corpus.write import ADMIN, ASK, MEMBER, PASS, History, tell
from tests.support.four_services import UNIT, four_services
from tests.support.mongo_servers import MongoServer
from tests.support.releases import LATER, RELEASES, documents, paths

pytestmark = pytest.mark.tiers("embedded")


def _one(history: History, state: str, **wanted: Any) -> dict[str, Any]:
    found = history.on.submission.db["initiatives"].find_one({"state": state, **wanted})
    assert found is not None
    return {"id": found["_id"], **found}


def test_a_case_of_an_earlier_release_is_decided_to_its_end(after_update: History) -> None:
    waiting = _one(after_update, "in_review", level=2)

    after_update.decide(waiting["id"], PASS[1:])

    assert _one(after_update, "approved", _id=waiting["id"])["benefit_verified"] == 7


def test_what_was_asked_of_an_author_is_answered_and_decided(after_update: History) -> None:
    asked = _one(after_update, "revision_requested")

    after_update.again(asked, "submit", title="Gầu xúc cải tiến lần hai")
    after_update.decide(asked["id"], [*ASK])
    again = _one(after_update, "revision_requested", _id=asked["id"])

    assert again["sequence"] > asked["sequence"]
    assert len(after_update.on.review.document(asked["id"])["history"]) == 4


def test_what_is_unknown_survives_every_act(after_rollback: History) -> None:
    asked = _one(after_rollback, "revision_requested")

    after_rollback.again(asked, "submit", title="Gầu xúc cải tiến lần hai")
    after_rollback.decide(asked["id"], [*ASK])
    after_rollback.again(asked, "withdraw")

    stored = _one(after_rollback, "withdrawn", _id=asked["id"])
    case = after_rollback.on.review.document(asked["id"])
    for kept in (
        stored,
        stored["content"],
        case,
        case["policy"],
        case["policy"]["levels"][0],
        case["history"][0],
    ):
        assert LATER in kept


def test_an_event_that_an_earlier_release_left_in_its_outbox_is_read_by_all(after_update: History) -> None:
    after_update.carry()

    cases = after_update.on.review.db["cases"]
    for one in after_update.on.submission.db["initiatives"].find({"code": {"$exists": True}}):
        assert cases.find_one({"_id": one["_id"]}) is not None


def test_lists_units_contacts_and_figures_are_read(after_update: History) -> None:
    on = after_update.on
    reviewer = PASS[1][0]
    asked: list[tuple[str, str, Mapping[str, str]]] = [
        ("submission", "/v1/initiatives", MEMBER),
        ("submission", f"/v1/initiatives?unit={UNIT}", ADMIN),
        ("submission", "/v1/units?q=pin", {}),
        ("submission", "/v1/campaigns", {}),
        ("submission", "/v1/showcase", {}),
        ("review", "/v1/cases", reviewer),
        ("review", f"/v1/cases?unit={UNIT}", ADMIN),
        ("stats", f"/v1/units/{UNIT}/progress?campaign=phase-1", {}),
        ("stats", f"/v1/targets/phase-1/{UNIT}", {}),
        ("notify", "/v1/inbox", MEMBER),
        ("notify", "/v1/contacts/me", MEMBER),
    ]
    for service, path, who in asked:
        answer = on.client(service).get(path, headers=dict(who))
        assert answer.status_code == 200, (service, path, answer.text)


def test_who_was_involved_before_that_was_kept_is_filled_in(after_update: History) -> None:
    for one in after_update.on.submission.db["initiatives"].find({"code": {"$exists": True}}):
        authors = {author["member_id"] for author in one["content"]["authors"] if author["member_id"]}
        assert {one["owner"], one["submitted_by"], *authors} <= set(one["involved"])


@pytest.fixture(scope="module")
def today(mongo_server: MongoServer) -> Any:
    """The history that each corpus holds, as the code of today writes it."""
    with four_services(mongo_server) as services:
        history = History(services)
        tell(history)
        yield history


def test_readers_of_every_release_read_the_events_of_today(today: History) -> None:
    for event in today.events:
        for version in contracts.topics()[event.topic].versions:
            tolerant_validator(contracts.schema(event.topic, version))(orjson.loads(event.value))


def test_the_newest_corpus_is_what_the_code_of_today_writes(today: History) -> None:
    """Else the documents have changed since the release: write the corpus of the next one."""
    for service in ("submission", "review"):
        written = documents(RELEASES[-1], service)
        for collection in written.keys() - {"operations"}:
            now = list(getattr(today.on, service).db[collection].find())
            assert {place for one in now for place in paths(one)} == {
                place for one in written[collection] for place in paths(one)
            }, f"{service}.{collection}"
