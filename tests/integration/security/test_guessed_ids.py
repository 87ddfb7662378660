"""An id that was guessed tells nothing: what exists and is not for the caller answers word for word as what
does not exist. Ids of people, whose existence only the administration may learn, answer 403 either way.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.four_services import AUTHOR, STRANGER, SUBMITTER, UNIT, FourServices, signed

pytestmark = pytest.mark.tiers("embedded")

# Who has a role, but elsewhere; a member of the very unit; and who may watch over what is submitted there.
STRANGERS = {
    "another member": signed(STRANGER, ("member", UNIT)),
    "a reviewer elsewhere": signed(STRANGER, ("reviewer", "LD-HA-NOI"), ("support", "LD-HA-NOI")),
    "an administrator elsewhere": signed(STRANGER, ("admin", "LD-HA-NOI")),
    "an operator": signed(STRANGER, ("operator", "TLD")),
}
WATCHER = signed(STRANGER, ("admin", "TLD"))


def told(on: FourServices, service: str, method: str, path: str, who: Mapping[str, str], body: Any) -> Any:
    """Status and words of an answer, without what must differ: the address, the trace."""
    answer = on.ask(service, method, path, who, body=body, version=1)
    said = dict(answer.json or {})
    del said["instance"], said["trace_id"]
    names = {name for name, _ in answer.headers} - {"traceparent", "X-Request-ID", "Content-Length"}
    return answer.status_code, said, names


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("submit", [False, True], ids=["draft", "submitted"])
def test_an_initiative_of_others_answers_as_one_that_does_not_exist(
    services: FourServices, who: str, submit: bool
) -> None:
    there, absent = services.initiative(submit=submit)["id"], str(uuid.uuid4())
    mine = services.content()

    for method, act, body in (
        ("GET", "", None),
        ("PUT", "", mine),
        ("POST", "/submit", None),
        ("POST", "/submit", mine),
        ("POST", "/withdraw", {"reason": None}),
    ):
        answers = [
            told(services, "submission", method, f"/v1/initiatives/{id}{act}", STRANGERS[who], body)
            for id in (there, absent)
        ]
        assert answers[0] == answers[1], (method, act)
        assert answers[0][0] == 404


def test_a_draft_is_hidden_from_the_administration_too(services: FourServices) -> None:
    draft, absent = services.initiative(submit=False)["id"], str(uuid.uuid4())

    answers = [
        told(services, "submission", "GET", f"/v1/initiatives/{id}", WATCHER, None) for id in (draft, absent)
    ]

    assert answers[0] == answers[1]


@pytest.mark.parametrize("who", STRANGERS)
def test_a_case_of_others_answers_as_one_that_does_not_exist(services: FourServices, who: str) -> None:
    there, absent = services.case(), str(uuid.uuid4())

    for method, act, body in (("GET", "", None), ("POST", "/decisions", {"decision": "validate"})):
        answers = [
            told(services, "review", method, f"/v1/cases/{id}{act}", STRANGERS[who], body)
            for id in (there, absent)
        ]
        assert answers[0] == answers[1], (method, act)
        assert answers[0][0] == 404


@pytest.mark.parametrize("who", STRANGERS)
def test_whether_a_person_is_known_is_for_the_administration(services: FourServices, who: str) -> None:
    services.contact(AUTHOR)

    for method in ("GET", "DELETE"):
        answers = [
            told(services, "notify", method, f"/v1/contacts/{member}", STRANGERS[who], None)
            for member in (AUTHOR, "m-n0b0dy0001", "-", "x" * 500)
        ]
        assert [answer[0] for answer in answers] == [403] * 4
        assert answers[0] == answers[1] == answers[2] == answers[3]


def test_an_inbox_entry_of_others_answers_as_one_that_does_not_exist(services: FourServices) -> None:
    there, absent = services.inbox_entry(), str(uuid.uuid4())
    who = STRANGERS["another member"]

    answers = [told(services, "notify", "POST", f"/v1/inbox/{id}/read", who, None) for id in (there, absent)]

    assert answers[0] == answers[1]
    assert answers[0][0] == 404


@pytest.mark.parametrize("owner", [SUBMITTER, None], ids=["of a member", "of a schedule"])
def test_a_job_of_others_answers_as_one_that_does_not_exist(
    services: FourServices, owner: str | None
) -> None:
    there, absent = services.job(owner), str(uuid.uuid4())

    for name in set(STRANGERS) - {"an operator"}:  # operators see every job
        for method, act in (("GET", ""), ("POST", "/cancel")):
            answers = [
                told(services, "notify", method, f"/v1/jobs/{id}{act}", STRANGERS[name], None)
                for id in (there, absent)
            ]
            assert answers[0] == answers[1], (name, method, act)
            assert answers[0][0] == 404


def test_lists_show_strangers_nothing_of_others(services: FourServices) -> None:
    initiative, case = services.initiative(submit=True)["id"], services.case()
    services.initiative(submit=False)
    services.inbox_entry()
    services.job(SUBMITTER)

    for who in STRANGERS.values():
        own = services.ask("submission", "GET", "/v1/initiatives", who)
        queue = services.ask("review", "GET", "/v1/cases", who)
        inbox = services.ask("notify", "GET", "/v1/inbox", who)
        jobs = services.ask("notify", "GET", "/v1/jobs", who)
        seen_of_others = [answer.json and answer.json["items"] for answer in (own, queue, inbox, jobs)]
        assert seen_of_others == [[], [], [], []]
    query = {"unit": UNIT, "limit": 100}
    watched = services.ask("submission", "GET", "/v1/initiatives", WATCHER, query=query)
    seen = services.ask("review", "GET", "/v1/cases", WATCHER, query=query)
    assert initiative in {row["id"] for row in (watched.json or {})["items"]}
    assert "draft" not in {row["state"] for row in (watched.json or {})["items"]}
    assert case in {row["initiative_id"] for row in (seen.json or {})["items"]}


def test_an_idempotency_key_cannot_fetch_what_another_person_was_answered(services: FourServices) -> None:
    # The id is made from the person and the key, so that a repeated request meets its own document. No other
    # pair may give the same id, wherever one ends and the other begins.
    body = services.content()
    key = "x:key-of-the-submitter"
    victim = signed(SUBMITTER, ("member", UNIT)) | {"Idempotency-Key": key}
    first = services.client("submission").post("/v1/initiatives", json=body, headers=victim)
    thief = signed(f"{SUBMITTER}:x", ("member", UNIT)) | {"Idempotency-Key": "key-of-the-submitter"}

    second = services.client("submission").post("/v1/initiatives", json=body, headers=thief)

    assert first.status_code == 201
    assert first.json is not None
    assert second.status_code == 201, second.text
    assert second.json is not None
    assert second.json["id"] != first.json["id"]
