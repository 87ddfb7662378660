"""How much one person may hand in and keep open, and the deletion of drafts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.round_trips import RoundTrips
from tests.support.submission_service import (
    ADMIN,
    COLLEAGUE,
    MEMBER,
    SUPPORT,
    SubmissionService,
    content,
    problem,
)

IMPORTED: dict[str, Any] = {"source": "import", "registered_at": "2022-05-01T03:00:00Z"}


@pytest.fixture
def narrow(make_service: Callable[..., SubmissionService]) -> SubmissionService:
    """Two submissions a day and two open drafts for a member, three of each for those who act for others."""
    return make_service(
        submissions_per_day=2,
        submissions_for_others_per_day=3,
        open_drafts=2,
        open_drafts_for_others=3,
    )


def test_a_member_submits_so_many_a_day_and_is_told_when_the_next_may_come(narrow: SubmissionService) -> None:
    for _ in range(2):
        narrow.submitted()

    refused = narrow.create(submit=True)

    assert problem(refused) == (429, "submission-quota-reached")
    assert 0 < int(refused.headers["Retry-After"]) <= 43_200
    assert narrow.create(content(authors=_by(COLLEAGUE)), who=COLLEAGUE, submit=True).status_code == 201


def test_a_draft_that_is_submitted_counts_like_a_submission_at_once(narrow: SubmissionService) -> None:
    id = narrow.draft()
    for _ in range(2):
        narrow.submitted()

    assert problem(narrow.submit(id, content())) == (429, "submission-quota-reached")
    assert problem(narrow.submit(id, None)) == (429, "submission-quota-reached")
    assert narrow.seen(id)["state"] == "draft"


def test_who_acts_for_others_has_another_number(narrow: SubmissionService) -> None:
    answers = [narrow.create(who=ADMIN, submit=True, **IMPORTED) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]


def test_open_drafts_are_counted_and_a_deleted_or_submitted_one_makes_room(narrow: SubmissionService) -> None:
    first, second = narrow.draft(), narrow.draft()

    assert problem(narrow.create()) == (403, "too-many-drafts")
    assert narrow.delete(first).status_code == 204
    narrow.draft()
    assert problem(narrow.create()) == (403, "too-many-drafts")
    assert narrow.submit(second, content()).status_code == 200
    assert narrow.create().status_code == 201


def test_drafts_that_others_made_for_a_member_do_not_count(narrow: SubmissionService) -> None:
    for _ in range(3):
        answer = narrow.create(content(on_behalf_of=MEMBER), who=SUPPORT)
        assert answer.status_code == 201, answer.text

    assert problem(narrow.create(content(on_behalf_of=MEMBER), who=SUPPORT)) == (403, "too-many-drafts")
    assert narrow.create().status_code == 201


def test_a_repeated_creation_gets_its_answer_though_the_number_is_reached(narrow: SubmissionService) -> None:
    first = narrow.create(key="k-1")
    narrow.draft()

    again = narrow.create(key="k-1")

    assert (again.status_code, again.json) == (201, first.json)


def test_the_quotas_cost_a_submission_no_round_trip_and_a_draft_one_by_an_index(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    service.submitted()
    assert round_trips.names == {"insert": 1}
    round_trips.reset()

    service.draft()

    assert round_trips.names == {"aggregate": 1, "insert": 1}


def test_a_draft_is_deleted_by_its_owner_at_the_version_that_was_seen(service: SubmissionService) -> None:
    id = service.draft()

    assert problem(service.delete(id, version=None)) == (428, "precondition-required")
    assert problem(service.delete(id, version=2)) == (412, "version-conflict")
    assert problem(service.delete(id, COLLEAGUE)) == (404, "not-found")
    assert service.delete(id).status_code == 204
    assert problem(service.delete(id)) == (404, "not-found")
    assert service.db["initiatives"].count_documents({}) == 0


@pytest.mark.parametrize("act", ["submitted", "withdrawn"])
def test_what_was_submitted_once_is_never_deleted(service: SubmissionService, act: str) -> None:
    made = service.submitted()
    version = made["version"]
    if act == "withdrawn":
        version = service.withdraw(made["id"], version=version).json["version"]  # type: ignore[index]

    assert problem(service.delete(made["id"], version=version)) == (409, "not-allowed-in-state")


def test_a_draft_says_that_it_can_be_deleted(service: SubmissionService) -> None:
    assert service.seen(service.draft())["acts"] == ["edit", "submit", "delete"]


def _by(member: str) -> list[dict[str, Any]]:
    return [{"member_id": member, "share": "100", "lead": True}]
