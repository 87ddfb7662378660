"""Requests that meet: one outcome, whoever is faster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from werkzeug.test import TestResponse

from tests.support.submission_service import ADMIN, MEMBER, UNIT, SubmissionService, content, problem


def _together(*requests: Callable[[], TestResponse]) -> list[TestResponse]:
    """Send all at the same moment."""
    start = Barrier(len(requests))

    def send(request: Callable[[], TestResponse]) -> TestResponse:
        start.wait(10)
        return request()

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(send, requests))


def test_one_key_sent_many_times_at_once_makes_one_initiative(service: SubmissionService) -> None:
    answers = _together(*[lambda: service.create(submit=True, key="once")] * 6)

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert service.db["initiatives"].estimated_document_count() == 1
    assert answers[0].json is not None
    assert len(service.emitted(answers[0].json["id"])) == 1


def test_one_submit_sent_many_times_at_once_is_one_submission(service: SubmissionService) -> None:
    id = service.draft()

    answers = _together(*[lambda: service.submit(id, content(), key="once")] * 6)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert len(service.emitted(id)) == 1
    assert service.seen(id)["version"] == 2


def test_of_two_tabs_that_submit_one_wins_and_the_other_is_told(service: SubmissionService) -> None:
    id = service.draft()

    answers = _together(*[lambda: service.submit(id, content())] * 4)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 3}
    assert len(service.emitted(id)) == 1


def test_of_a_save_and_a_submit_of_the_same_version_only_one_holds(service: SubmissionService) -> None:
    id = service.draft()

    saved, submitted = _together(
        lambda: service.put(f"/v1/initiatives/{id}", content(title="Bản sửa của tôi"), MEMBER, version=1),
        lambda: service.submit(id, content()),
    )

    seen = service.seen(id)
    assert seen["version"] == 2
    if submitted.status_code == 200:
        assert saved.status_code in (409, 412)
        assert seen["content"]["title"] == content()["title"]
    else:
        assert problem(submitted) == (412, "version-conflict")
        assert (saved.status_code, seen["state"]) == (200, "draft")


def test_a_withdrawal_and_an_approval_at_once_leave_one_truth(service: SubmissionService) -> None:
    for _ in range(5):
        id = service.submitted()["id"]
        approval = service.review_event("initiative.approved", id, "000001.000004", "approved")

        with ThreadPoolExecutor(2) as pool:
            withdrawing = pool.submit(service.withdraw, id, 1)
            pool.submit(service.handler, [approval]).result()
        answer = withdrawing.result()

        state = service.seen(id)["state"]
        if answer.status_code == 200:
            assert state == "withdrawn"
        else:
            assert answer.status_code in (409, 412)
            assert state == "approved"


def test_of_two_administrators_who_change_a_unit_one_is_told_to_look_again(
    service: SubmissionService,
) -> None:
    def rename(name: str) -> TestResponse:
        facts = {"name_vi": name, "parent": "CT-HOA-CHAT", "level": "grassroots", "valid_from": "2022-01-01"}
        return service.put(f"/v1/units/{UNIT}", facts, ADMIN, version=1)

    answers = _together(lambda: rename("Tên thứ nhất"), lambda: rename("Tên thứ hai"))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 1}
    document = service.db["units"].find_one({"_id": UNIT})
    assert document is not None
    assert document["version"] == 2
    assert len(document["outbox"]) == 1


def test_the_same_new_unit_sent_twice_at_once_is_created_once(service: SubmissionService) -> None:
    facts = {
        "name_vi": "Đơn vị mới",
        "parent": "CT-HOA-CHAT",
        "level": "grassroots",
        "valid_from": "2022-01-01",
    }

    answers = _together(*[lambda: service.put("/v1/units/HC-MOI", facts, ADMIN)] * 2)

    assert {answer.status_code for answer in answers} <= {200, 412}
    document = service.db["units"].find_one({"_id": "HC-MOI"})
    assert document is not None
    assert (document["version"], len(document["outbox"])) == (1, 1)
