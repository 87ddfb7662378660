"""The showcase: approved initiatives with consent, found whatever the diacritics."""

from __future__ import annotations

from typing import Any

import pytest

from submission.adapters.showcase import MongoShowcase
from tests.support.round_trips import RoundTrips
from tests.support.submission_service import PATH, UNIT, SubmissionService


def _approved(service: SubmissionService, **changes: Any) -> str:
    id = str(service.submitted(**{"consent_to_publish": True, **changes})["id"])
    service.handler(
        [service.review_event("initiative.approved", id, "000001.000004", "approved", level=2)],
    )
    return id


def _titles(service: SubmissionService, query: str = "") -> list[str]:
    answer = service.get(f"/v1/showcase{query}")
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    return [one["title"] for one in answer.json["items"]]


def test_what_is_approved_with_consent_is_published_without_text_or_person(
    service: SubmissionService,
) -> None:
    _approved(service)

    answer = service.get("/v1/showcase")

    assert answer.json is not None
    (entry,) = answer.json["items"]
    assert entry["title"] == "Cải tiến gầu xúc để giảm rơi vãi quặng khi bốc lên toa"
    assert (entry["unit"], entry["approved_on"], entry["author_count"]) == (UNIT, "2022-05-31", 2)
    assert entry["benefit_declared"] == 185_000_000
    assert "Nguyễn" not in answer.text
    assert "gầu cũ" not in answer.text.lower()


@pytest.mark.parametrize("changes", [{"consent_to_publish": False}, {"confidential": True}])
def test_without_consent_or_in_confidence_nothing_is_published(
    service: SubmissionService, changes: dict[str, bool]
) -> None:
    _approved(service, **changes)

    assert _titles(service) == []


def test_what_is_still_in_review_is_not_published(service: SubmissionService) -> None:
    id = service.submitted(consent_to_publish=True)["id"]
    service.handler([service.review_event("review.assigned", id, "000001.000001", "in_review")])

    assert _titles(service) == []


@pytest.mark.parametrize(
    "words", ["gầu xúc", "gau xuc", "GAU", "quang+gau", "khai-thac-mo", f"roi+vai&unit={PATH[1]}"]
)
def test_it_is_found_with_and_without_diacritics(service: SubmissionService, words: str) -> None:
    _approved(service)
    _approved(service, title="Sắp xếp lại kho phụ tùng theo mã vạch", field="logistics-noi-bo")

    assert _titles(service, f"?q={words}") == ["Cải tiến gầu xúc để giảm rơi vãi quặng khi bốc lên toa"]


def test_a_unit_has_what_its_subtree_has(service: SubmissionService) -> None:
    _approved(service)

    assert len(_titles(service, f"?unit={PATH[0]}")) == 1
    assert _titles(service, "?unit=LD-HA-NOI") == []


def test_pages_follow_one_another(service: SubmissionService) -> None:
    for number in range(5):
        _approved(service, title=f"Giải pháp tiết kiệm điện số {number}")

    first = service.get("/v1/showcase?limit=3").json
    assert first is not None
    second = service.get(f"/v1/showcase?limit=3&cursor={first['next']}").json

    assert second is not None
    assert second["next"] is None
    assert len({one["title"] for one in first["items"] + second["items"]}) == 5


def test_a_search_is_one_command_over_the_index(service: SubmissionService, round_trips: RoundTrips) -> None:
    _approved(service)
    round_trips.reset()

    _titles(service, "?q=gau+xuc")

    assert round_trips.count == 1
    assert [plan for plan in round_trips.stages(service.db).values() if "IXSCAN" not in plan] == []


def test_the_migration_publishes_what_was_approved_before(service: SubmissionService) -> None:
    _approved(service)
    service.db["showcase"].delete_many({})

    assert MongoShowcase(service.db).publish_all() == 1
    assert len(_titles(service)) == 1
