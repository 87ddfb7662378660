"""Who had a part in an initiative, or decided one of its levels, tries to decide on it: over HTTP, through
both services, with every grant that there is. Decision 0021 has the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.corpus.write import ASK, PASS, History
from tests.support.four_services import PATH, UNIT, FourServices, signed

# Permissions do not depend on the engine.
pytestmark = pytest.mark.tiers("embedded")

SUBMITTER, AUTHOR, OTHER = "m-subm1t0001", "m-auth0r0001", "m-0ther00001"
REVIEWER, SUPPORTER = "m-rev1ewer01", "m-supp0rt001"
EVERYWHERE = [(role, PATH[0]) for role in ("member", "support", "reviewer", "official", "admin")]


def mighty(member: str) -> dict[str, str]:
    """This person with every grant at the root, and a member of the unit."""
    return signed(member, *EVERYWHERE, ("member", UNIT))


@pytest.fixture
def history(services: FourServices) -> History:
    return History(services)


def authors(*members: str) -> list[dict[str, Any]]:
    share = f"{100 / len(members):.2f}"
    return [{"member_id": one, "share": share, "lead": one == members[0]} for one in members]


def decide(history: History, id: str, who: Mapping[str, str], decision: str = "validate") -> TestResponse:
    body: dict[str, Any] = {"decision": decision}
    if decision == "request_revision":
        body |= {"items": [{"pointer": "#/title", "code": "vague", "text": "Rõ hơn"}]}
    if decision == "reject":
        body |= {"reason_code": "not-new", "text": "Đã có."}
    version = history.on.review.document(id)["version"]
    return history.on.ask("review", "POST", f"/v1/cases/{id}/decisions", who, body=body, version=version)


def refused(history: History, id: str, member: str, code: str = "conflict-of-interest") -> None:
    """Every decision of this person is refused, and none is offered."""
    for decision in ("validate", "request_revision", "reject"):
        answer = decide(history, id, mighty(member), decision)
        assert (answer.status_code, (answer.json or {}).get("code")) == (403, code), answer.text
    seen = history.on.ask("review", "GET", f"/v1/cases/{id}", mighty(member)).json or {}
    barred = "involved" if code == "conflict-of-interest" else "other-level"
    assert (seen["acts"], seen["barred"], seen["own"]) == ([], barred, barred == "involved")
    assert seen["next_step"]["mine"] is False


def resubmit(history: History, id: str, who: Mapping[str, str], **changes: Any) -> None:
    version = history.on.submission.document(id)["version"]
    path = f"/v1/initiatives/{id}/submit"
    body = history.on.content(**changes)
    history.act("submission", "POST", path, who, body=body, version=version)


def test_a_former_co_author_does_not_decide(history: History) -> None:
    id = history.submit(authors=authors(SUBMITTER, REVIEWER))["id"]
    history.decide(id, ASK)
    resubmit(history, id, mighty(SUBMITTER), authors=authors(SUBMITTER, AUTHOR))

    refused(history, id, REVIEWER)
    history.decide(id, PASS[:1])
    refused(history, id, REVIEWER)


def test_who_drafted_it_for_another_does_not_decide(history: History) -> None:
    body = history.on.content(on_behalf_of=SUBMITTER, authors=authors(SUBMITTER))
    made = history.act("submission", "POST", "/v1/initiatives", mighty(SUPPORTER), body=body)
    resubmit(history, made["id"], mighty(SUBMITTER), on_behalf_of=SUBMITTER, authors=authors(SUBMITTER))

    refused(history, made["id"], SUPPORTER)
    refused(history, made["id"], SUBMITTER)


def test_who_drafted_it_and_has_the_stored_content_submitted_by_another_does_not_decide(
    history: History,
) -> None:
    body = history.on.content(on_behalf_of=SUBMITTER, authors=authors(SUBMITTER))
    made = history.act("submission", "POST", "/v1/initiatives", mighty(SUPPORTER), body=body)
    path = f"/v1/initiatives/{made['id']}/submit"
    history.act("submission", "POST", path, mighty(SUBMITTER), version=1)

    refused(history, made["id"], SUPPORTER)


def test_who_rewrites_a_revision_does_not_decide(history: History) -> None:
    body = history.on.content(on_behalf_of=SUBMITTER, authors=authors(SUBMITTER))
    made = history.act("submission", "POST", "/v1/initiatives", mighty(SUPPORTER), body=body)
    resubmit(history, made["id"], mighty(SUBMITTER), on_behalf_of=SUBMITTER, authors=authors(SUBMITTER))
    history.decide(made["id"], [(mighty(OTHER), ASK[0][1])])
    benefit = {"declared_vnd": 999_000_000_000, "method": "x", "social": None, "confirmed": True}
    changes = {"on_behalf_of": SUBMITTER, "authors": authors(SUBMITTER), "benefit": benefit}
    resubmit(history, made["id"], mighty(SUPPORTER), **changes)

    refused(history, made["id"], SUPPORTER)


def test_one_person_does_not_decide_both_levels(history: History) -> None:
    id = history.submit()["id"]
    history.decide(id, [(mighty(OTHER), {"decision": "validate"})])

    refused(history, id, OTHER, "other-level-decided")
    assert decide(history, id, mighty(REVIEWER)).status_code == 201


def test_who_asked_for_a_revision_at_one_level_does_not_decide_the_next(history: History) -> None:
    id = history.submit()["id"]
    history.decide(id, [(mighty(OTHER), ASK[0][1])])
    resubmit(history, id, mighty(SUBMITTER))
    history.decide(id, PASS[:1])

    refused(history, id, OTHER, "other-level-decided")


def test_a_new_author_who_passed_the_first_level_sends_the_case_back_to_it(history: History) -> None:
    id = history.submit()["id"]
    history.decide(id, PASS[:1])
    history.decide(id, [(PASS[1][0], ASK[0][1])])
    resubmit(history, id, mighty(SUBMITTER), authors=authors(SUBMITTER, SUPPORTER))

    refused(history, id, SUPPORTER)
    seen = history.on.ask("submission", "GET", f"/v1/initiatives/{id}", mighty(SUBMITTER)).json or {}
    assert (seen["state"], seen["level"], seen["milestones"]["validated"]) == ("in_review", 1, [])
    history.decide(id, [(mighty(OTHER), {"decision": "validate"}), PASS[1]])
    assert history.on.submission.document(id)["state"] == "approved"


def test_who_types_in_a_paper_record_does_not_decide(history: History) -> None:
    paper = {"submit": True, "source": "import", "registered_at": "2022-05-03T02:00:00Z"}
    body = history.on.content(authors=authors(SUBMITTER)) | paper
    made = history.act("submission", "POST", "/v1/initiatives", mighty(SUPPORTER), body=body)

    refused(history, made["id"], SUPPORTER)


def test_a_withdrawn_name_in_a_draft_shuts_nobody_out(history: History) -> None:
    body = history.on.content(authors=authors(SUBMITTER, REVIEWER))
    made = history.act("submission", "POST", "/v1/initiatives", mighty(SUBMITTER), body=body)
    resubmit(history, made["id"], mighty(SUBMITTER), authors=authors(SUBMITTER))
    history.decide(made["id"], PASS)

    assert history.on.submission.document(made["id"])["state"] == "approved"


def test_those_who_may_decide_are_offered_what_they_may_do(history: History) -> None:
    id = history.submit()["id"]

    seen = history.on.ask("review", "GET", f"/v1/cases/{id}", PASS[0][0]).json or {}
    other = history.on.ask("review", "GET", f"/v1/cases/{id}", PASS[1][0]).json or {}

    assert (seen["acts"], seen["barred"]) == (["validate", "request_revision", "reject"], None)
    # No bar, but the level is not this reviewer's.
    assert (other["acts"], other["barred"]) == ([], None)
