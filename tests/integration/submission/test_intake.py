"""The acts of an author over HTTP, on a real database."""

from __future__ import annotations

from typing import Any

import pytest

from chassis.events.codec import EventCodec
from submission.domain import codes
from tests.support.submission_service import (
    ADMIN,
    COLLEAGUE,
    FOREIGN,
    MEMBER,
    OFFICIAL,
    OUTSIDER,
    PATH,
    SIBLING,
    SUPPORT,
    UNIT,
    SubmissionService,
    content,
    errors,
    problem,
)


def test_a_draft_may_hold_no_more_than_a_unit(service: SubmissionService) -> None:
    answer = service.create({"unit": UNIT})

    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    assert answer.json is not None
    assert answer.json["state"] == "draft"
    assert answer.json["code"] is None
    assert service.emitted(answer.json["id"]) == []


def test_a_draft_is_saved_submitted_and_receipted(service: SubmissionService) -> None:
    id = service.draft(title=None)

    saved = service.put(f"/v1/initiatives/{id}", content(), MEMBER, version=1)
    answer = service.submit(id, content(), version=2)

    assert saved.headers["ETag"] == '"2"'
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == '"3"'
    body = answer.json
    assert body is not None
    assert codes.is_well_formed(body["code"])
    assert body["campaigns"] == ["peak-40-days", "phase-1"]
    assert body["expected_answer_on"] == "2022-08-30"
    receipt = service.get(f"/v1/receipts/{body['code']}")
    assert receipt.json == {
        "code": body["code"],
        "state": "submitted",
        "unit": UNIT,
        "unit_name_vi": "Công đoàn Công ty TNHH MTV Apatit Việt Nam",
        "campaign": "phase-1",
        "campaign_name_vi": "Giai đoạn 1",
        "campaign_name_en": "Phase 1",
        "submitted_on": "2022-05-30",
        "expected_answer_on": "2022-08-30",
    }


def test_a_stored_draft_is_submitted_without_a_body(service: SubmissionService) -> None:
    id = service.draft()

    answer = service.submit(id, None)

    assert answer.status_code == 200, answer.text
    assert service.seen(id)["content"]["title"] == content()["title"]


def test_the_event_carries_the_frozen_path_and_no_personal_data(service: SubmissionService) -> None:
    id = service.submitted()["id"]

    [(topic, sequence, data)] = service.emitted(id)

    assert (topic, sequence) == ("initiative.submitted", "000001.000000")
    assert data["unit_path"] == list(PATH)
    assert data["author_ids"] == [MEMBER]
    assert data["author_count"] == 2
    assert data["detail"] == {"resubmission": False}
    assert "Nguyễn Văn Ngoài" not in str(data)


def test_a_confidential_initiative_sends_no_title(service: SubmissionService) -> None:
    id = service.submitted(confidential=True)["id"]

    assert service.emitted(id)[0][2]["title"] is None


def test_every_problem_of_form_and_rules_is_reported_at_once(service: SubmissionService) -> None:
    id = service.draft()
    faulty = content(
        title="Ngắn",
        field=None,
        authors=[{"member_id": MEMBER, "share": "99.999", "lead": True}],
        first_applied_on="2022-13-01",
        benefit={"declared_vnd": -1},
        declarations={"lawful": True},
        colour="xanh",
    )

    answer = service.submit(id, faulty)

    assert problem(answer) == (422, "validation-failed")
    assert errors(answer) == {
        ("#/colour", "unknown-field"),
        ("#/authors/0/share", "not-a-share"),
        ("#/first_applied_on", "not-a-day"),
        ("#/benefit/declared_vnd", "not-an-amount"),
        ("#/title", "too-short"),
        ("#/field", "required"),
        ("#/declarations/not_recognised_elsewhere", "must-declare"),
        ("#/declarations/no_ip_conflict", "must-declare"),
    }
    assert service.seen(id)["version"] == 1


def test_an_implausible_benefit_is_confirmed_and_backed_by_the_decision_of_recognition(
    service: SubmissionService,
) -> None:
    limits = service.get("/v1/benefit-limits").json or {}
    amount = limits["most_without_evidence_vnd"] + 1
    benefit = {"declared_vnd": amount, "method": "Sản lượng nhân đơn giá", "social": None}
    recognition = {"decision_no": "7", "decided_on": "2022-04-01", "issuer": "Tổng công ty", "level": "Cơ sở"}

    id = service.draft(benefit=benefit)
    bare = service.submit(id)
    confirmed = service.submit(id, content(benefit={**benefit, "confirmed": True}))
    backed = service.submit(id, content(benefit={**benefit, "confirmed": True}, recognition=recognition))

    assert errors(bare) == {
        ("#/benefit/declared_vnd", "benefit-without-evidence"),
        ("#/benefit/confirmed", "benefit-unconfirmed"),
    }
    assert errors(confirmed) == {("#/benefit/declared_vnd", "benefit-without-evidence")}
    assert backed.status_code == 200
    assert service.seen(id)["content"]["benefit"]["confirmed"] is True
    assert service.emitted(id)[0][2]["benefit_declared"] == amount


def test_refusals_speak_the_clients_language(service: SubmissionService) -> None:
    id = service.draft()

    vietnamese = service.submit(id, content(title="Ngắn"))
    english = service.submit(id, content(title="Ngắn"), language="en")

    assert vietnamese.json is not None
    assert english.json is not None
    assert vietnamese.json["errors"][0]["detail"] == "Cần ít nhất 10 ký tự."
    assert english.json["errors"][0]["detail"] == "At least 10 characters are needed."


def test_the_last_minute_of_a_campaign_counts_and_the_next_is_late(service: SubmissionService) -> None:
    in_time, late = service.draft(), service.draft()
    service.later(hours=32, minutes=44)  # 23:59 of 31 May in Vietnam

    accepted = service.submit(in_time, content())
    service.later(minutes=1)
    refused = service.submit(late, content())

    assert accepted.status_code == 200, accepted.text
    assert problem(refused) == (409, "campaign-closed")
    assert refused.json is not None
    assert "00:00 01/06/2022" in refused.json["detail"]
    assert service.seen(late)["state"] == "draft"


def test_a_campaign_that_is_not_open_yet_says_when_it_opens(service: SubmissionService) -> None:
    answer = service.create(content(campaign="phase-2"), submit=True)

    assert problem(answer) == (409, "campaign-not-open")


def test_a_stale_version_is_refused_and_a_missing_one_asked_for(service: SubmissionService) -> None:
    id = service.draft()
    service.put(f"/v1/initiatives/{id}", content(title="Bản thứ hai của tôi"), MEMBER, version=1)

    assert problem(service.put(f"/v1/initiatives/{id}", content(), MEMBER, version=1)) == (
        412,
        "version-conflict",
    )
    assert problem(service.submit(id, content(), version=1)) == (412, "version-conflict")
    assert problem(service.submit(id, content(), version=None)) == (428, "precondition-required")
    assert service.seen(id)["content"]["title"] == "Bản thứ hai của tôi"


def test_submitting_twice_gives_one_submission(service: SubmissionService) -> None:
    id = service.draft()
    first = service.submit(id, content(), key="once")

    repeated = service.submit(id, content(), key="once")
    other_key = service.submit(id, content(), key="another")
    other_body = service.submit(id, content(title="Một tên khác hẳn"), key="once")

    assert (repeated.status_code, repeated.json) == (first.status_code, first.json)
    assert problem(other_key) == (409, "not-allowed-in-state")
    assert problem(other_body) == (422, "idempotency-key-reused")
    assert len(service.emitted(id)) == 1


def test_a_repeated_creation_gives_the_first_answer(service: SubmissionService) -> None:
    first = service.create(submit=True, key="once")

    repeated = service.create(submit=True, key="once")
    reused = service.create(content(title="Một tên khác hẳn"), submit=True, key="once")
    of_another = service.create(
        content(authors=[{"member_id": COLLEAGUE, "share": "100", "lead": True}]),
        who=COLLEAGUE,
        submit=True,
        key="once",
    )

    assert (repeated.status_code, repeated.json) == (201, first.json)
    assert problem(reused) == (422, "idempotency-key-reused")
    assert of_another.status_code == 201
    assert service.db["initiatives"].estimated_document_count() == 2


def test_the_answer_to_a_creation_outlives_the_submission(service: SubmissionService) -> None:
    first = service.create(key="made")
    assert first.json is not None
    service.submit(first.json["id"], content())

    repeated = service.create(key="made")

    assert repeated.json == first.json


def test_a_member_registers_in_the_own_unit_only(service: SubmissionService) -> None:
    assert problem(service.create(content(unit=SIBLING))) == (403, "forbidden")
    assert problem(service.create(content(unit=PATH[2]))) == (403, "forbidden")
    assert problem(service.create(who=OUTSIDER)) == (403, "forbidden")
    assert problem(service.create(content(unit="NO-SUCH-UNIT"))) == (422, "validation-failed")
    assert problem(service.post("/v1/initiatives", content())) == (401, "not-authenticated")


def test_a_support_group_submits_for_a_member_who_may_go_on_with_it(service: SubmissionService) -> None:
    drafted = service.create(content(on_behalf_of=MEMBER), who=SUPPORT)
    assert drafted.json is not None
    id = drafted.json["id"]

    by_member = service.submit(id, content(on_behalf_of=MEMBER), who=MEMBER)

    assert by_member.status_code == 200, by_member.text
    [(_, _, data)] = service.emitted(id)
    assert data["submitted_by"] == MEMBER
    by_support = service.create(content(on_behalf_of=MEMBER), who=SUPPORT, submit=True)
    assert by_support.json is not None
    assert service.emitted(by_support.json["id"])[0][2]["source"] == "on_behalf"


def test_whom_a_draft_is_made_for_cannot_be_changed(service: SubmissionService) -> None:
    id = service.draft()

    answer = service.submit(id, content(on_behalf_of=MEMBER))

    assert errors(answer) == {("#/on_behalf_of", "frozen")}


def test_a_draft_is_seen_by_its_owners_only(service: SubmissionService) -> None:
    id = service.draft(authors=[{"member_id": COLLEAGUE, "share": "100", "lead": True}])

    assert service.seen(id, MEMBER)["state"] == "draft"
    assert service.seen(id, COLLEAGUE)["state"] == "draft"
    for stranger in (OUTSIDER, SUPPORT, OFFICIAL, ADMIN):
        assert problem(service.get(f"/v1/initiatives/{id}", stranger)) == (404, "not-found")


def test_a_co_author_reads_but_changes_nothing(service: SubmissionService) -> None:
    shared = content(
        authors=[
            {"member_id": MEMBER, "share": "50", "lead": True},
            {"member_id": COLLEAGUE, "share": "50", "lead": False},
        ]
    )
    id = service.draft(**shared)

    assert problem(service.put(f"/v1/initiatives/{id}", shared, COLLEAGUE, version=1)) == (403, "forbidden")
    assert problem(service.submit(id, shared, COLLEAGUE)) == (403, "forbidden")
    submitted = service.submit(id, shared)
    assert submitted.status_code == 200
    assert problem(service.withdraw(id, 2, COLLEAGUE)) == (403, "forbidden")


def test_officials_see_title_effect_and_evidence_of_a_confidential_initiative(
    service: SubmissionService,
) -> None:
    id = service.submitted(confidential=True)["id"]

    shown = service.seen(id, OFFICIAL)["content"]

    assert shown["title"] == content()["title"]
    assert shown["benefit"]["declared_vnd"] == 185_000_000
    assert shown.keys().isdisjoint({"problem", "solution", "novelty", "authors"})
    assert service.seen(id, SUPPORT)["content"]["solution"] == content()["solution"]


def test_withdrawing_ends_it_and_is_announced_above_any_decision(service: SubmissionService) -> None:
    id = service.submitted()["id"]

    answer = service.withdraw(id, 1, key="back")
    repeated = service.withdraw(id, 1, key="back")

    assert answer.status_code == 200, answer.text
    assert repeated.json == answer.json
    topic, sequence, data = service.emitted(id)[-1]
    assert (topic, sequence, data["state"]) == ("initiative.withdrawn", "000002.000000", "withdrawn")
    assert data["milestones"]["withdrawn"] == "2022-05-30T08:15:00Z"
    assert len(service.emitted(id)) == 2
    assert problem(service.submit(id, content(), version=2)) == (409, "not-allowed-in-state")
    assert problem(service.withdraw(id, 2)) == (409, "not-allowed-in-state")


def test_the_reason_of_a_withdrawal_stays_here(service: SubmissionService) -> None:
    id = service.submitted()["id"]

    service.withdraw(id, 1, reason="Chị Hoa đã nộp cùng nội dung.")

    assert service.seen(id)["withdrawal_reason"] == "Chị Hoa đã nộp cùng nội dung."
    assert "Hoa" not in str(service.emitted(id))


def test_a_draft_cannot_be_withdrawn(service: SubmissionService) -> None:
    assert problem(service.withdraw(service.draft(), 1)) == (409, "not-allowed-in-state")


@pytest.mark.parametrize("who", [SUPPORT, ADMIN])
def test_an_import_keeps_the_date_of_the_record(service: SubmissionService, who: str) -> None:
    record = {"source": "import", "registered_at": "2022-02-14T03:00:00Z", "submit": True}

    answer = service.create(content(first_applied_on="2022-01-10") | record, who=who)

    assert answer.status_code == 201, answer.text
    assert answer.json is not None
    assert answer.json["submitted_at"] == "2022-02-14T03:00:00Z"
    assert answer.json["campaigns"] == ["phase-1"]
    assert answer.json["expected_answer_on"] == "2022-05-16"
    [(_, _, data)] = service.emitted(answer.json["id"])
    assert (data["source"], data["submitted_by"]) == ("import", who)
    # It stands in its author's list and not in that of who typed it in.
    assert [row["id"] for row in service.get("/v1/initiatives", MEMBER).json["items"]] == [  # type: ignore[index]
        answer.json["id"]
    ]
    assert service.get("/v1/initiatives", who).json["items"] == []  # type: ignore[index]


def test_an_import_outside_of_the_window_or_the_past_is_refused(service: SubmissionService) -> None:
    early = service.create(
        content(), who=ADMIN, submit=True, source="import", registered_at="2022-01-07T16:59:00Z"
    )
    future = service.create(
        content(), who=ADMIN, submit=True, source="import", registered_at="2022-05-31T00:00:00Z"
    )
    undated = service.create(content(), who=ADMIN, submit=True, source="import")
    draft = service.create(content(), who=ADMIN, source="import", registered_at="2022-02-14T03:00:00Z")
    by_member = service.create(content(), submit=True, source="import", registered_at="2022-05-01T03:00:00Z")

    assert problem(early) == (409, "campaign-not-open")
    assert errors(future) == {("#/registered_at", "future-moment")}
    assert errors(undated) == {("#/registered_at", "import-dated")}
    assert errors(draft) == {("#/submit", "import-submits")}
    assert problem(by_member) == (403, "forbidden")


def test_a_contract_violation_writes_nothing(
    service: SubmissionService, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chassis.events.codec import ContractViolation

    def refuse(*args: object, **kwargs: object) -> None:
        raise ContractViolation("a bug of ours")

    monkeypatch.setattr(EventCodec, "pending", refuse)

    answer = service.create(submit=True)

    assert problem(answer) == (500, "internal")
    assert service.db["initiatives"].estimated_document_count() == 0


def test_a_code_that_is_taken_is_drawn_again(service: SubmissionService) -> None:
    draws = iter([1, 1, 2])
    registrar = service.parts.intake.registrar
    object.__setattr__(registrar, "draw", lambda below: next(draws))

    first, second = service.submitted(), service.submitted()

    assert first["code"] == codes.compose(UNIT, 2022, 1)
    assert second["code"] == codes.compose(UNIT, 2022, 2)


def test_an_unknown_initiative_and_an_unknown_receipt_are_not_found(service: SubmissionService) -> None:
    nobody = "00000000-0000-4000-8000-000000000000"

    assert problem(service.get(f"/v1/initiatives/{nobody}", MEMBER)) == (404, "not-found")
    assert problem(service.withdraw(nobody, 1)) == (404, "not-found")
    assert problem(service.submit(nobody, content())) == (404, "not-found")
    assert problem(service.get(f"/v1/receipts/{codes.compose(UNIT, 2022, 7)}")) == (404, "not-found")
    assert problem(service.get(f"/v1/initiatives/{nobody}", FOREIGN[0] and OUTSIDER)) == (404, "not-found")


@pytest.mark.parametrize("body", [{"unit": 1}, {"unit": None}, {"unit": "no code"}, {"other": 1}])
def test_a_body_that_cannot_be_read_does_not_submit_what_is_stored(
    service: SubmissionService, body: dict[str, Any]
) -> None:
    id = service.draft()

    answer = service.submit(id, body)

    assert answer.status_code == 422
    assert service.seen(id)["state"] == "draft"
