"""The HTTP API of review on a real database: decide, repeat, race, be overtaken, read, list."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from pymongo.database import Database

from tests.support.review_api import ReviewService
from tests.support.review_cases import (
    AUTHOR,
    INITIATIVE,
    PATH,
    REVIEWER,
    SUBMITTED_AT,
    SUBMITTER,
    SUPPORTER,
    Submission,
    initiative_id,
)

VALIDATE = {"decision": "validate"}
ITEM = {"pointer": "#/problem", "code": "too-vague", "text": "Nêu rõ tình trạng trước khi cải tiến."}
ASK = {"decision": "request_revision", "items": [ITEM], "text": "Cảm ơn bạn."}
REJECT = {"decision": "reject", "reason_code": "not-new", "text": "Giải pháp đã có ở phân xưởng khác."}


@pytest.fixture
def review(mongo_db: Database[dict[str, Any]]) -> ReviewService:
    service = ReviewService(mongo_db)
    service.person(SUPPORTER, ("support", "HC-APATIT-VIET-NAM"))
    service.person("m-supp0rt002", ("support", "CT-HOA-CHAT"))
    service.person(REVIEWER, ("reviewer", "CT-HOA-CHAT"))
    service.person(AUTHOR, ("member", "HC-APATIT-VIET-NAM"), ("support", "TLD"), ("reviewer", "TLD"))
    service.person(SUBMITTER, ("support", "HC-APATIT-VIET-NAM"))
    service.person("m-0fficial01", ("official", "CD-CONG-THUONG"))
    service.person("m-stranger01", ("support", "LD-HA-NOI"), ("reviewer", "LD-HA-NOI"))
    return service


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_two_validations_lead_to_approval_and_to_the_events_of_each_step(review: ReviewService) -> None:
    review.tell(Submission().submit())

    first = review.decide(INITIATIVE, SUPPORTER, VALIDATE)
    second = review.decide(INITIATIVE, REVIEWER, {**VALIDATE, "verified_benefit_vnd": 90_000_000})

    assert (first.status_code, first.get_json()["waiting_for"]) == (
        201,
        {"role": "reviewer", "unit": "CT-HOA-CHAT"},
    )
    assert (second.status_code, second.get_json()["state"]) == (201, "approved")
    assert second.headers["ETag"] == '"3"'
    assert [(topic, sequence) for topic, sequence, _ in review.emitted(INITIATIVE)] == [
        ("review.assigned", "000001.000001"),
        ("initiative.validated", "000001.000002"),
        ("review.assigned", "000001.000003"),
        ("initiative.approved", "000001.000004"),
    ]
    assert review.emitted(INITIATIVE)[-1][2]["benefit_verified"] == 90_000_000


def test_a_repeated_request_gets_the_first_answer_and_decides_once(review: ReviewService) -> None:
    review.tell(Submission().submit())

    first = review.decide(INITIATIVE, SUPPORTER, VALIDATE, version=1, key="once")
    again = review.decide(INITIATIVE, SUPPORTER, VALIDATE, version=1, key="once")

    assert (again.status_code, again.get_json()) == (first.status_code, first.get_json())
    assert again.headers["ETag"] == first.headers["ETag"]
    assert len(review.emitted(INITIATIVE)) == 3


def test_a_key_that_was_used_for_another_decision_is_refused(review: ReviewService) -> None:
    review.tell(Submission().submit())
    review.decide(INITIATIVE, SUPPORTER, ASK, version=1, key="once")

    answer = review.decide(INITIATIVE, SUPPORTER, REJECT, version=1, key="once")

    assert code_of(answer) == (422, "idempotency-key-reused")


def test_of_many_decisions_at_the_same_time_one_counts_and_the_others_are_told(review: ReviewService) -> None:
    review.tell(Submission().submit())
    people = [SUPPORTER, "m-supp0rt002"] * 4
    bodies: list[dict[str, Any]] = [VALIDATE, ASK, REJECT, VALIDATE] * 2

    def one(n: int) -> Any:
        return review.decide(INITIATIVE, people[n], bodies[n], version=1, key=f"k{n}")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    assert {a.get_json()["code"] for a in answers if a.status_code == 409} == {"case-already-decided"}
    assert review.document(INITIATIVE)["version"] == 2


def test_of_the_same_request_sent_many_times_at_once_one_counts_and_all_get_its_answer(
    review: ReviewService,
) -> None:
    review.tell(Submission().submit())

    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(
                lambda _: review.decide(INITIATIVE, SUPPORTER, VALIDATE, version=1, key="same"), range(6)
            )
        )

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.get_data() for answer in answers}) == 1
    assert review.document(INITIATIVE)["version"] == 2


def test_who_comes_second_is_told_the_role_and_unit_that_was_faster(review: ReviewService) -> None:
    review.tell(Submission().submit())
    review.decide(INITIATIVE, SUPPORTER, VALIDATE, version=1)

    answer = review.decide(INITIATIVE, "m-supp0rt002", REJECT, version=1)

    assert code_of(answer) == (409, "case-already-decided")
    assert "Tổ hỗ trợ sáng kiến của đơn vị HC-APATIT-VIET-NAM" in answer.get_json()["detail"]
    assert SUPPORTER not in answer.get_data(as_text=True)


def test_a_decision_that_a_withdrawal_overtook_is_told_so(review: ReviewService) -> None:
    review.tell(Submission().submit())
    review.tell(Submission().withdraw())

    answer = review.decide(INITIATIVE, SUPPORTER, VALIDATE, version=1)

    assert code_of(answer) == (409, "case-closed")
    assert "tác giả đã rút sáng kiến" in answer.get_json()["detail"]


def test_while_the_author_is_asked_nobody_can_decide_and_afterwards_the_same_level_goes_on(
    review: ReviewService,
) -> None:
    review.tell(Submission().submit())
    review.decide(INITIATIVE, SUPPORTER, ASK)

    assert code_of(review.decide(INITIATIVE, SUPPORTER, VALIDATE)) == (409, "case-with-author")

    review.tell(Submission().submit(2, level=1))
    assert review.decide(INITIATIVE, SUPPORTER, VALIDATE).status_code == 201
    assert [sequence for _, sequence, _ in review.emitted(INITIATIVE)] == [
        "000001.000001",
        "000001.000002",
        "000002.000001",
        "000002.000002",
        "000002.000003",
    ]


@pytest.mark.parametrize("who", [AUTHOR, SUBMITTER])
@pytest.mark.parametrize("decision", [VALIDATE, ASK, REJECT])
def test_nobody_decides_on_an_own_initiative_whatever_the_grants(
    review: ReviewService, who: str, decision: dict[str, Any]
) -> None:
    review.tell(Submission().submit())

    assert code_of(review.decide(INITIATIVE, who, decision)) == (403, "conflict-of-interest")
    assert review.document(INITIATIVE)["version"] == 1


def test_the_reviewer_of_the_next_level_cannot_decide_before_its_turn(review: ReviewService) -> None:
    review.tell(Submission().submit())

    assert code_of(review.decide(INITIATIVE, REVIEWER, VALIDATE)) == (403, "forbidden")


def test_a_stranger_does_not_learn_that_there_is_a_case(review: ReviewService) -> None:
    review.tell(Submission().submit())

    assert code_of(review.case(INITIATIVE, "m-stranger01")) == (404, "case-not-found")
    assert code_of(review.decide(INITIATIVE, "m-stranger01", VALIDATE)) == (404, "case-not-found")
    assert code_of(review.case(initiative_id(404), SUPPORTER)) == (404, "case-not-found")


def test_without_signing_in_there_is_nothing_to_see(review: ReviewService) -> None:
    for path in ("/v1/cases", f"/v1/cases/{INITIATIVE}", "/v1/cases?unit=TLD"):
        assert code_of(review.get(path, None)) == (401, "not-authenticated")


def test_a_decision_needs_its_two_headers(review: ReviewService) -> None:
    review.tell(Submission().submit())
    path = f"/v1/cases/{INITIATIVE}/decisions"
    signed = {"Authorization": f"Bearer {SUPPORTER}"}

    without_version = review.client.post(path, json=VALIDATE, headers={**signed, "Idempotency-Key": "k"})
    without_key = review.client.post(path, json=VALIDATE, headers={**signed, "If-Match": '"1"'})

    assert code_of(without_version) == (428, "precondition-required")
    assert code_of(without_key) == (400, "idempotency-key-missing")


def test_every_fault_of_a_decision_is_told_at_once_with_its_place(review: ReviewService) -> None:
    review.tell(Submission().submit())

    answer = review.decide(
        INITIATIVE, SUPPORTER, {"decision": "reject", "items": [ITEM], "reason_code": "dislike"}
    )

    assert code_of(answer) == (422, "validation-failed")
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [
        ("#/items", "items-unexpected"),
        ("#/reason_code", "reason-unknown"),
        ("#/text", "text-missing"),
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"decision": "approve"}, "#/decision"),
        ({}, "#/decision"),
        ({**ASK, "items": [{**ITEM, "pointer": "Ông Nam viết sai"}]}, "#/items/0/pointer"),
        ({**ASK, "items": [{**ITEM, "code": "Rất Tệ"}]}, "#/items/0/code"),
        ({**VALIDATE, "verified_benefit_vnd": -1}, "#/verified_benefit_vnd"),
        ({**VALIDATE, "verified_benefit_vnd": "1"}, "#/verified_benefit_vnd"),
        ({**VALIDATE, "expected_level": 0}, "#/expected_level"),
        ({**VALIDATE, "decided_at": "2022-05-10"}, "#/decided_at"),
        ({**VALIDATE, "state": "approved"}, "#/state"),
    ],
)
def test_a_body_of_the_wrong_shape_is_refused_with_its_place(
    review: ReviewService, body: dict[str, Any], pointer: str
) -> None:
    review.tell(Submission().submit())

    answer = review.decide(INITIATIVE, SUPPORTER, body)

    assert code_of(answer) == (422, "validation-failed")
    assert [error["pointer"] for error in answer.get_json()["errors"]] == [pointer]


def test_an_imported_decision_keeps_its_date_and_another_must_not_have_one(review: ReviewService) -> None:
    other = initiative_id(1)
    review.tell(Submission(source="import").submit(), Submission(id=other).submit())
    dated = {**VALIDATE, "decided_at": "2022-05-09T10:00:00+07:00"}

    assert review.decide(INITIATIVE, SUPPORTER, dated).status_code == 201
    assert review.emitted(INITIATIVE)[1][2]["milestones"]["validated"] == [
        {"level": 1, "unit": "HC-APATIT-VIET-NAM", "at": "2022-05-09T03:00:00.000Z"}
    ]
    refused = review.decide(other, SUPPORTER, dated)
    assert [error["code"] for error in refused.get_json()["errors"]] == ["date-not-allowed"]


def test_a_case_shows_its_history_levels_due_date_and_next_step(review: ReviewService) -> None:
    review.tell_path()
    review.tell(Submission().submit())
    review.decide(INITIATIVE, SUPPORTER, {**VALIDATE, "text": "Hồ sơ đầy đủ."})

    answer = review.get(f"/v1/cases/{INITIATIVE}", REVIEWER, **{"Accept-Language": "en"})

    body = answer.get_json()
    assert (answer.status_code, answer.headers["ETag"], body["version"]) == (200, '"2"', 2)
    assert body["next_step"] == {
        "step": "decision",
        "role": "reviewer",
        "unit": "CT-HOA-CHAT",
        "unit_name": "Union of CT-HOA-CHAT",
        "due_on": body["due_on"],
        "mine": True,
    }
    assert [entry["what"] for entry in body["history"]] == ["opened", "validate"]
    entry = body["history"][1]
    assert (entry["by"], entry["role"], entry["unit"], entry["text"]) == (
        SUPPORTER,
        "support",
        "HC-APATIT-VIET-NAM",
        "Hồ sơ đầy đủ.",
    )
    assert [level["validated_at"] is not None for level in body["path_of_levels"]] == [True, False]
    assert {"code": "not-new", "text": "Not new within the establishment"} in body["reject_reasons"]


def test_an_author_sees_what_to_change_and_whose_turn_it_is(review: ReviewService) -> None:
    review.tell(Submission().submit())
    review.decide(INITIATIVE, SUPPORTER, ASK)

    body = review.case(INITIATIVE, AUTHOR).get_json()

    assert (body["next_step"]["step"], body["next_step"]["mine"], body["due_on"]) == ("revision", True, None)
    assert body["history"][-1]["items"] == [ITEM]
    assert body["history"][-1]["text"] == "Cảm ơn bạn."


def test_my_queue_holds_what_waits_for_my_grants_the_most_urgent_first(review: ReviewService) -> None:
    ids = [initiative_id(n) for n in range(6)]
    # Opened later, due later; told in another order.
    review.tell(
        *(
            Submission(id=ids[n], submitted_at=SUBMITTED_AT + timedelta(days=n)).submit()
            for n in (3, 1, 5, 0, 2, 4)
        )
    )
    review.decide(ids[0], SUPPORTER, VALIDATE)
    review.decide(ids[1], SUPPORTER, ASK)

    mine = review.get("/v1/cases?queue=mine", SUPPORTER).get_json()
    asked = review.get("/v1/cases?state=revision_requested", SUPPORTER).get_json()
    above = review.get("/v1/cases", REVIEWER).get_json()
    nobody = review.get("/v1/cases", "m-stranger01").get_json()

    assert [item["initiative_id"] for item in mine["items"]] == ids[2:]
    assert [item["initiative_id"] for item in asked["items"]] == [ids[1]]
    assert [item["initiative_id"] for item in above["items"]] == [ids[0]]
    assert nobody == {"items": [], "next": None}


def test_a_queue_is_paged_without_gaps_or_repeats_over_several_grants(review: ReviewService) -> None:
    who = review.person("m-b0thr0les1", ("support", "HC-APATIT-VIET-NAM"), ("support", "CT-HOA-CHAT"))
    review.person(who, ("support", "HC-APATIT-VIET-NAM"), ("support", "CT-HOA-CHAT"), ("reviewer", "TLD"))
    ids = [initiative_id(n) for n in range(23)]
    review.tell(*(Submission(id=one).submit() for one in ids))
    for one in ids[:6]:
        review.decide(one, SUPPORTER, VALIDATE)

    seen: list[str] = []
    cursor = ""
    for _ in range(10):
        page = review.get(f"/v1/cases?limit=4{cursor}", who).get_json()
        seen += [item["initiative_id"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert len(seen) == len(set(seen)) == 23
    assert seen == ids[6:] + ids[:6]


def test_an_own_case_is_marked_in_a_list(review: ReviewService) -> None:
    review.tell(Submission().submit())

    (item,) = review.get("/v1/cases", AUTHOR).get_json()["items"]

    assert (item["own"], item["barred"]) == (True, "involved")


def test_a_case_of_which_i_decided_another_level_is_marked_in_a_list(review: ReviewService) -> None:
    both = review.person("m-b0th000001", ("support", PATH[-1]), ("reviewer", PATH[-2]))
    review.tell(Submission().submit())
    assert review.decide(INITIATIVE, both, {"decision": "validate"}).status_code == 201

    (item,) = review.get("/v1/cases", both).get_json()["items"]

    assert (item["own"], item["barred"]) == (False, "other-level")


def test_officials_list_the_cases_of_their_subtree_by_state(review: ReviewService) -> None:
    review.tell_path()
    review.tell_units(("TLD", "LD-HA-NOI"))
    ids = [initiative_id(n) for n in range(5)]
    review.tell(
        *(Submission(id=ids[n], submitted_at=SUBMITTED_AT + timedelta(hours=n)).submit() for n in range(4)),
        Submission(id=ids[4], path=("TLD", "LD-HA-NOI")).submit(),
    )
    review.decide(ids[1], SUPPORTER, REJECT)
    who = "m-0fficial01"

    waiting = review.get("/v1/cases?unit=CD-CONG-THUONG", who).get_json()["items"]
    rejected = review.get("/v1/cases?unit=CT-HOA-CHAT&state=rejected", who).get_json()["items"]
    first = review.get("/v1/cases?unit=CD-CONG-THUONG&limit=2", who).get_json()
    rest = review.get(f"/v1/cases?unit=CD-CONG-THUONG&limit=2&cursor={first['next']}", who).get_json()

    assert [item["initiative_id"] for item in waiting] == [ids[3], ids[2], ids[0]]
    assert [item["initiative_id"] for item in rejected] == [ids[1]]
    assert [i["initiative_id"] for i in first["items"] + rest["items"]] == [ids[3], ids[2], ids[0]]
    assert rest["next"] is None
    assert code_of(review.get("/v1/cases?unit=TLD", who)) == (403, "forbidden")
    assert code_of(review.get("/v1/cases?unit=LD-HA-NOI", who)) == (403, "forbidden")


def test_a_list_asks_for_known_units_and_states(review: ReviewService) -> None:
    unknown = review.get("/v1/cases?unit=NO-SUCH-UNIT", SUPPORTER)
    ended = review.get("/v1/cases?queue=mine&state=approved", SUPPORTER)

    assert [(e["pointer"], e["code"]) for e in unknown.get_json()["errors"]] == [("?unit", "unit-unknown")]
    assert [(e["pointer"], e["code"]) for e in ended.get_json()["errors"]] == [
        ("?state", "state-not-in-queue")
    ]
    assert code_of(review.get("/v1/cases?cursor=nonsense", SUPPORTER)) == (400, "bad-cursor")


def test_a_confidential_initiative_shows_no_title(review: ReviewService) -> None:
    review.tell(Submission(confidential=True).submit())

    body = review.case(INITIATIVE, SUPPORTER).get_json()

    assert (body["confidential"], body["title"]) == (True, None)
    assert body["unit_path"] == list(PATH)
