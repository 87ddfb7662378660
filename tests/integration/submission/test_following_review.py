"""States follow the review service's events by their sequence, in whatever order they come."""

from __future__ import annotations

import itertools

import pytest

from chassis.consumer.errors import Refused
from chassis.events.codec import Event
from tests.support.submission_service import MEMBER, OUTSIDER, SubmissionService, content, errors, problem


def _story(service: SubmissionService, id: str) -> list[Event]:
    return [
        service.review_event("review.assigned", id, "000001.000001", "in_review"),
        service.review_event("initiative.validated", id, "000001.000002", "in_review"),
        service.review_event("review.assigned", id, "000001.000003", "in_review", level=2),
        service.review_event(
            "initiative.approved", id, "000001.000004", "approved", level=2, benefit_verified=160_000_000
        ),
    ]


def test_the_author_sees_state_level_and_milestones(service: SubmissionService) -> None:
    id = service.submitted()["id"]
    assigned, *_, approved = _story(service, id)

    service.handler([assigned])
    in_review = service.seen(id)
    service.handler([approved])
    decided = service.seen(id)

    assert (in_review["state"], in_review["level"], in_review["levels"]) == ("in_review", 1, 2)
    assert in_review["version"] == 2
    assert in_review["acts"] == ["withdraw"]
    assert (decided["state"], decided["level"], decided["benefit_verified"]) == ("approved", 2, 160_000_000)
    assert decided["milestones"]["approved"] == "2022-05-31T02:00:00Z"
    assert decided["milestones"]["submitted"] == "2022-05-30T08:15:00Z"
    assert decided["acts"] == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_order_and_repetition_of_events_do_not_matter(
    service: SubmissionService, order: tuple[int, ...]
) -> None:
    id = service.submitted()["id"]
    story = _story(service, id)

    for index in (*order, *order):
        service.handler([story[index]])

    seen = service.seen(id)
    assert (seen["state"], seen["level"], seen["benefit_verified"]) == ("approved", 2, 160_000_000)
    assert service.document(id)["sequence"] == "000001.000004"


def test_a_batch_of_many_initiatives_is_one_command_and_a_look_at_what_may_be_published(
    service: SubmissionService, round_trips: object
) -> None:
    ids = [service.submitted()["id"] for _ in range(3)]
    events = [event for id in ids for event in _story(service, id)]
    round_trips.reset()  # type: ignore[attr-defined]

    service.handler([*events, *reversed(events)])

    assert round_trips.names == {"update": 1, "find": 1}  # type: ignore[attr-defined]
    assert {service.seen(id)["state"] for id in ids} == {"approved"}
    assert {service.seen(id)["version"] for id in ids} == {2}


def test_a_withdrawal_overtakes_an_approval_that_comes_late(service: SubmissionService) -> None:
    id = service.submitted()["id"]
    assigned, *_, approved = _story(service, id)
    service.handler([assigned])
    withdrawn = service.withdraw(id, 2)
    assert withdrawn.status_code == 200, withdrawn.text

    service.handler([approved])

    assert service.seen(id)["state"] == "withdrawn"
    assert service.document(id)["sequence"] == "000002.000000"


def test_an_approval_that_came_first_stops_the_withdrawal(service: SubmissionService) -> None:
    id = service.submitted()["id"]
    service.handler([_story(service, id)[-1]])

    assert problem(service.withdraw(id, 1)) == (409, "not-allowed-in-state")
    assert service.seen(id)["state"] == "approved"


def test_a_requested_revision_is_edited_and_submitted_again_even_after_the_campaign(
    service: SubmissionService,
) -> None:
    first = service.submitted()
    id = first["id"]
    service.handler(
        [service.review_event("initiative.revision_requested", id, "000001.000002", "revision_requested")]
    )
    service.later(days=10)

    saved = service.put(f"/v1/initiatives/{id}", content(title="Tên rõ ràng hơn nhiều"), MEMBER, version=2)
    answer = service.submit(id, content(title="Tên rõ ràng hơn nữa"), version=3)

    assert saved.status_code == 200, saved.text
    assert answer.status_code == 200, answer.text
    assert answer.json is not None
    assert (answer.json["code"], answer.json["revision"]) == (first["code"], 2)
    topic, sequence, data = service.emitted(id)[-1]
    assert (topic, sequence) == ("initiative.submitted", "000002.000000")
    assert data["detail"] == {"resubmission": True}
    assert data["milestones"]["submitted"] == "2022-05-30T08:15:00Z"
    assert data["milestones"]["resubmitted"] == "2022-06-09T08:15:00Z"
    assert (data["level"], data["levels"]) == (1, 2)
    assert data["title"] == "Tên rõ ràng hơn nữa"
    assert data["campaigns"] == first["campaigns"]


def test_what_was_submitted_before_a_revision_stays_readable(service: SubmissionService) -> None:
    id = service.submitted()["id"]
    service.handler(
        [service.review_event("initiative.revision_requested", id, "000001.000002", "revision_requested")]
    )
    service.put(f"/v1/initiatives/{id}", content(title="Tên rõ ràng hơn nhiều"), MEMBER, version=2)
    service.put(f"/v1/initiatives/{id}", content(title="Tên rõ ràng hơn nữa"), MEMBER, version=3)
    service.submit(id, content(title="Tên rõ ràng nhất rồi"), version=4)

    answer = service.get(f"/v1/initiatives/{id}/revisions", MEMBER)

    assert answer.json is not None
    assert [(one["revision"], one["content"]["title"]) for one in answer.json["items"]] == [
        (1, content()["title"])
    ]
    assert answer.json["items"][0]["submitted_at"] == "2022-05-30T08:15:00Z"
    assert service.get(f"/v1/initiatives/{id}/revisions", OUTSIDER).status_code == 404


def test_nothing_was_submitted_before_a_first_submission(service: SubmissionService) -> None:
    id = service.submitted()["id"]

    assert service.get(f"/v1/initiatives/{id}/revisions", MEMBER).json == {"items": []}


def test_a_revision_keeps_unit_and_campaign(service: SubmissionService) -> None:
    id = service.submitted()["id"]
    service.handler(
        [service.review_event("initiative.revision_requested", id, "000001.000002", "revision_requested")]
    )

    answer = service.submit(id, content(campaign="peak-40-days"), version=2)

    assert errors(answer) == {("#/campaign", "frozen")}


def test_an_event_about_an_unknown_initiative_changes_nothing(service: SubmissionService) -> None:
    known = service.submitted()["id"]
    event = service.review_event("review.assigned", known, "000001.000001", "in_review")
    service.db["initiatives"].delete_one({"_id": known})

    service.handler([event])

    assert service.db["initiatives"].find_one({"_id": known}) is None


@pytest.mark.parametrize(
    ("sequence", "code"), [(None, "no-sequence"), ("1.2", "no-sequence"), ("000009.000001", "contradiction")]
)
def test_an_event_that_contradicts_itself_is_refused(
    service: SubmissionService, sequence: str | None, code: str
) -> None:
    from dataclasses import replace

    id = service.submitted()["id"]
    event = service.review_event("review.assigned", id, "000001.000001", "in_review")

    with pytest.raises(Refused) as refusal:
        service.handler([replace(event, sequence=sequence)])

    assert refusal.value.code == code
