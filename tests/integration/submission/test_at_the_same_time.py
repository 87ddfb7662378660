"""Requests that meet: one outcome, whoever is faster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import date
from threading import Barrier, Event
from typing import Any, cast

import pytest
from werkzeug.test import TestResponse

from chassis.mongo.leases import Leases
from chassis.problems import Problem
from chassis.tokens import TokenVerifier
from submission import bootstrap
from submission.adapters import tree_lock
from submission.application.ports import UnitStore
from tests.support.submission_service import (
    ADMIN,
    MEMBER,
    UNIT,
    SubmissionService,
    content,
    problem,
    settings,
)
from union.units import Unit, UnitFacts, UnitLevel


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

    assert {answer.status_code for answer in answers} == {200}
    document = service.db["units"].find_one({"_id": "HC-MOI"})
    assert document is not None
    assert (document["version"], len(document["outbox"])) == (1, 1)


class HeldUp:
    """The units of one process, which stops after it has read what it judges a change by."""

    def __init__(self, units: UnitStore) -> None:
        self._units = units
        self.has_read, self.goes_on = Event(), Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._units, name)

    def look_alikes(self, code: str, facts: UnitFacts) -> Sequence[Unit]:
        found = self._units.look_alikes(code, facts)
        self.has_read.set()
        assert self.goes_on.wait(10)
        return found


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        # A unit moves while another is created below it: that one is created below the unit as moved.
        ({"parent": "LD-HA-NOI"}, {"parent": "HC-PIN-HA-NOI", "level": "grassroots"}, 200),
        # A unit ends while another is created below it.
        ({"valid_to": "2022-05-01"}, {"parent": "HC-PIN-HA-NOI", "level": "grassroots"}, 422),
        # Two siblings take one name.
        ({"name_vi": "Tên chung"}, {"name_vi": "Tên Chung", "level": "superior"}, 422),
    ],
)
def test_what_a_change_of_the_tree_is_judged_by_stays_until_it_is_written(
    service: SubmissionService, first: dict[str, Any], second: dict[str, Any], outcome: int
) -> None:
    facts = {"name_vi": "Pin", "parent": "CD-CONG-THUONG", "level": "superior", "valid_from": "2022-01-01"}
    assert service.put("/v1/units/HC-PIN-HA-NOI", facts, ADMIN, version=1).status_code == 200
    slow = HeldUp(service.parts.administration.units)
    parts = bootstrap.parts(settings(), service.db, service.clock)
    parts.reference.refresh()
    other = replace(parts, administration=replace(parts.administration, units=cast("UnitStore", slow)))
    process = bootstrap.application(settings(), other, cast("TokenVerifier", service.people), {})
    headers = {"Authorization": f"Bearer {ADMIN}", "If-Match": '"2"'}

    def change() -> TestResponse:
        path = "/v1/units/HC-PIN-HA-NOI"
        return process.test_client().put(path, json=facts | first, headers=headers)

    with ThreadPoolExecutor(2) as pool:
        changing = pool.submit(change)
        assert slow.has_read.wait(10)
        creating = pool.submit(service.put, "/v1/units/HC-MOI", facts | {"name_vi": "Mới"} | second, ADMIN)
        # Without the lock it is done by now; with it, it waits.
        done, _ = wait([creating], timeout=0.5)
        slow.goes_on.set()

    assert not done
    assert changing.result().status_code == 200, changing.result().text
    assert creating.result().status_code == outcome, creating.result().text
    units = {unit["_id"]: unit for unit in service.db["units"].find()}
    for unit in units.values():
        above = units[unit["parent"]]["path"] if unit["parent"] else []
        assert unit["path"] == [*above, unit["_id"]]


def test_after_a_crash_the_tree_can_be_changed_again(service: SubmissionService) -> None:
    leases = Leases(service.db["leases"], service.clock)
    assert leases.acquire(tree_lock.NAME, "a process that is no more", tree_lock.HELD) is not None
    facts = {"name_vi": "Mới", "parent": "HNI-KCN", "level": "grassroots", "valid_from": "2022-01-01"}

    service.later(seconds=tree_lock.HELD.total_seconds() + 1)

    assert service.put("/v1/units/HNI-MOI", facts, ADMIN).status_code == 200


def test_a_process_that_lost_the_lock_while_it_judged_writes_nothing(service: SubmissionService) -> None:
    leases = Leases(service.db["leases"], service.clock)

    class Slow:
        """Judges for so long that another process has the lock by then."""

        def __getattr__(self, name: str) -> Any:
            return getattr(service.parts.administration.units, name)

        def look_alikes(self, code: str, facts: UnitFacts) -> Sequence[Unit]:
            service.later(seconds=tree_lock.HELD.total_seconds() + 1)
            assert leases.acquire(tree_lock.NAME, "another", tree_lock.HELD) is not None
            return ()

    slow = replace(service.parts.administration, units=cast("UnitStore", Slow()))
    admin = service.people.verify(ADMIN)
    new = UnitFacts("Mới", None, "HNI-KCN", UnitLevel.GRASSROOTS, None, None, date(2022, 1, 1), valid_to=None)

    with pytest.raises(Problem, match="unavailable"):
        slow.put_unit(admin, "HNI-MOI", new, None)

    assert service.db["units"].find_one({"_id": "HNI-MOI"}) is None


def test_who_waits_too_long_for_the_tree_is_asked_to_come_again(
    service: SubmissionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_lock, "PATIENCE", 0.05)
    Leases(service.db["leases"], service.clock).acquire(tree_lock.NAME, "another", tree_lock.HELD)
    facts = {"name_vi": "Mới", "parent": "HNI-KCN", "level": "grassroots", "valid_from": "2022-01-01"}

    assert problem(service.put("/v1/units/HNI-MOI", facts, ADMIN)) == (503, "unavailable")
    # Who changes nothing or may not waits for nobody.
    assert problem(service.put("/v1/units/HNI-MOI", facts, MEMBER)) == (403, "superior-unit-decides")
    canon = service.get("/v1/units/HNI-CANON-VIET-NAM").json
    assert canon is not None
    same = {name: value for name, value in canon.items() if name not in ("code", "path", "version")}
    assert service.put("/v1/units/HNI-CANON-VIET-NAM", same, ADMIN).status_code == 200
