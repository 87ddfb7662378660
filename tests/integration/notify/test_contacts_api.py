"""Contacts over HTTP: the directory enters, the person chooses, the administration erases; nobody else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from notify.application.permissions import PERMISSIONS
from notify.domain.kinds import Kind
from tests.support.notify_news import AUTHOR, event
from tests.support.notify_stage import ADMIN, OTHER, Notify, application, as_admin, as_member

ANH = {
    "name": "Nguyễn Thị Ánh",
    "email": "anh@example.org",
    "locale": "vi",
    "grants": [{"role": "support", "unit": "HC-APATIT-VIET-NAM"}],
}


@pytest.fixture
def http(notify: Notify) -> Iterator[FlaskClient]:
    with application(notify).test_client() as client:
        yield client


def enter(
    http: FlaskClient, member: str = AUTHOR, /, *, headers: dict[str, str] | None = None, **changes: Any
) -> TestResponse:
    return http.put(f"/v1/contacts/{member}", json=ANH | changes, headers=as_admin() | (headers or {}))


def prefer(http: FlaskClient, tag: str | None, **body: Any) -> TestResponse:
    precondition = {} if tag is None else {"If-Match": tag}
    sent = {"locale": "vi", "mail": {}} | body
    return http.put("/v1/contacts/me", json=sent, headers=as_member(AUTHOR) | precondition)


def code(answer: TestResponse) -> Any:
    assert answer.json is not None
    return answer.json.get("code")


def test_a_person_whom_the_administration_entered_is_told_by_mail(notify: Notify, http: FlaskClient) -> None:
    assert enter(http).status_code == 200

    notify.handle(event("review.assigned", {"submitted_by": OTHER, "author_ids": []}))

    assert [row["member"] for row in notify.mails()] == [AUTHOR]


def test_a_person_sees_the_own_contact(http: FlaskClient) -> None:
    enter(http)

    answer = http.get("/v1/contacts/me", headers=as_member(AUTHOR))

    assert answer.headers["ETag"] == '"1"'
    assert answer.json == {
        "member_id": AUTHOR,
        **ANH,
        "mail": {kind.value: True for kind in Kind},
    }


def test_a_person_of_whom_nothing_is_stored_sees_an_empty_contact_and_may_choose(http: FlaskClient) -> None:
    empty = http.get("/v1/contacts/me", headers=as_member(AUTHOR))
    chosen = prefer(http, empty.headers["ETag"], locale="en", mail={"withdrawn": False})

    assert empty.headers["ETag"] == '"0"'
    assert empty.json is not None
    assert empty.json["email"] is None
    assert chosen.headers["ETag"] == '"1"'
    assert chosen.json is not None
    assert (chosen.json["locale"], chosen.json["mail"]["withdrawn"]) == ("en", False)


def test_a_kind_that_a_person_switched_off_is_not_mailed_any_more(notify: Notify, http: FlaskClient) -> None:
    enter(http)
    prefer(http, '"1"', mail={"approved": False})

    notify.handle(event("initiative.approved"), event("initiative.rejected"))

    assert [row["kind"] for row in notify.mails()] == ["rejected"]
    assert len(notify.rows(channel="inbox")) == 2


def test_a_choice_that_is_not_named_stays(http: FlaskClient) -> None:
    prefer(http, '"0"', mail={"approved": False})
    answer = prefer(http, '"1"', mail={"withdrawn": False})

    assert answer.json is not None
    assert [kind for kind, on in answer.json["mail"].items() if not on] == ["approved", "withdrawn"]


def test_the_directory_does_not_overwrite_what_the_person_chose(http: FlaskClient) -> None:
    prefer(http, '"0"', locale="en", mail={"approved": False})

    answer = enter(http, locale="vi")

    assert answer.json is not None
    assert answer.json["locale"] == "en"
    assert answer.json["mail"]["approved"] is False
    assert answer.json["email"] == "anh@example.org"


def test_a_person_cannot_change_the_own_address_or_grants(http: FlaskClient) -> None:
    refused = prefer(http, '"0"', email="evil@example.org", grants=[{"role": "admin", "unit": "TLD"}])

    assert refused.status_code == 422
    assert refused.json is not None
    assert {error["pointer"] for error in refused.json["errors"]} == {"#/email", "#/grants"}


def test_entering_the_same_again_changes_nothing(http: FlaskClient) -> None:
    enter(http)

    assert enter(http).headers["ETag"] == '"1"'
    assert enter(http, name="Nguyễn Ánh").headers["ETag"] == '"2"'


@pytest.mark.parametrize(("tag", "status"), [(None, 428), ('"7"', 412), ("x", 400)])
def test_a_choice_needs_the_version_that_the_person_saw(
    http: FlaskClient, tag: str | None, status: int
) -> None:
    enter(http)

    assert prefer(http, tag).status_code == status


def test_the_directory_may_insist_on_a_version(http: FlaskClient) -> None:
    enter(http)

    stale = enter(http, headers={"If-Match": '"9"'}, name="B")

    assert (stale.status_code, code(stale), stale.headers["ETag"]) == (412, "version-conflict", '"1"')
    assert enter(http, headers={"If-Match": '"1"'}, name="B").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "no-at-sign",
        "two@at@example.org",
        "space in@example.org",
        "a@example.org\r\nBcc: b@example.org",
        "a@example.org\n",
        "<a@example.org>",
        "a@example.org, b@example.org",
        '"quoted"@example.org',
        "a@localhost",
        "á@example.org",
        "a@-example.org",
        f"{'a' * 65}@example.org",
    ],
)
def test_what_is_no_plain_mail_address_is_refused(http: FlaskClient, address: str) -> None:
    refused = enter(http, email=address)

    assert refused.status_code == 422
    assert refused.json is not None
    assert [error["code"] for error in refused.json["errors"]] == ["not-a-mail-address"]


@pytest.mark.parametrize("address", ["a@example.org", "an.thi+sk@cong-doan.example.vn", None])
def test_a_plain_mail_address_or_none_is_taken(http: FlaskClient, address: str | None) -> None:
    assert enter(http, email=address).status_code == 200


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": "A\r\nBcc: x"}, "#/name"),
        ({"name": ""}, "#/name"),
        ({"locale": "fr"}, "#/locale"),
        ({"grants": [{"role": "king", "unit": "TLD"}]}, "#/grants/0/role"),
        ({"grants": [{"role": "admin", "unit": "$ne"}]}, "#/grants/0/unit"),
        ({"grants": [{"role": "admin", "unit": {"$ne": 1}}]}, "#/grants/0/unit"),
        ({"grants": "all"}, "#/grants"),
        ({"phone": "1"}, "#/phone"),
    ],
)
def test_every_other_wrong_field_is_pointed_at(
    http: FlaskClient, change: dict[str, Any], pointer: str
) -> None:
    refused = enter(http, **change)

    assert refused.status_code == 422
    assert refused.json is not None
    assert [error["pointer"] for error in refused.json["errors"]] == [pointer]


def test_a_preference_is_true_or_false_and_of_a_known_kind(http: FlaskClient) -> None:
    assert prefer(http, '"0"', mail={"approved": "no"}).status_code == 422
    assert prefer(http, '"0"', mail={"gossip": True}).status_code == 422


def test_erasing_a_person_leaves_nothing_of_them(notify: Notify, http: FlaskClient) -> None:
    enter(http)
    notify.handle(event("initiative.approved", {"author_ids": [AUTHOR, OTHER]}))

    assert http.delete(f"/v1/contacts/{AUTHOR}", headers=as_admin()).status_code == 204
    assert http.delete(f"/v1/contacts/{AUTHOR}", headers=as_admin()).status_code == 204

    assert notify.db["contacts"].find_one({"_id": AUTHOR}) is None
    assert [row["member"] for row in notify.rows()] == [OTHER]
    assert code(http.get(f"/v1/contacts/{AUTHOR}", headers=as_admin())) == "contact-not-found"


def test_an_unknown_person_is_not_found_and_no_id_is_a_query(http: FlaskClient) -> None:
    assert code(http.get(f"/v1/contacts/{OTHER}", headers=as_admin())) == "contact-not-found"
    assert code(enter(http, "$where")) == "contact-not-found"
    assert code(enter(http, "x")) == "contact-not-found"


def test_no_log_line_of_a_request_holds_personal_data(
    http: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    # A service quiets its libraries, and so may a test before this one.
    caplog.set_level(logging.DEBUG, logger="pymongo")
    enter(http)
    enter(http, email="wrong address@example.org")
    prefer(http, '"1"', locale="en")
    http.get(f"/v1/contacts/{AUTHOR}", headers=as_admin())

    shown = " ".join(
        str(record.__dict__) for record in caplog.records if not record.name.startswith("pymongo")
    )

    assert caplog.records
    assert not [word for word in ("example.org", "Nguyễn", AUTHOR, ADMIN) if word in shown]


def test_the_officers_of_a_unit_are_told_by_name_and_role_without_address(http: FlaskClient) -> None:
    unit = "HC-APATIT-VIET-NAM"
    grants = [{"role": role, "unit": unit} for role in ("official", "support", "member")]
    enter(http, grants=[*grants, {"role": "reviewer", "unit": "CT-HOA-CHAT"}])
    enter(http, OTHER, name="Bế Văn Bá", grants=[{"role": "member", "unit": unit}])

    answer = http.get(f"/v1/units/{unit}/people", headers=as_member(OTHER, f"reviewer:{unit}"))

    assert answer.json == {"items": [{"name": "Nguyễn Thị Ánh", "roles": ["support", "official"]}]}


PEOPLE = {
    "nobody": {},
    "the person": as_member(AUTHOR),
    "another person": as_member(OTHER),
    "the administration": as_admin(),
    "an administrator of a branch": as_admin("CD-CONG-THUONG"),
    "an official of the root": as_member(OTHER, "official:TLD"),
    "an operator": as_member(OTHER, "operator:TLD"),
    "a reviewer": as_member(OTHER, "reviewer:HC-APATIT-VIET-NAM"),
}
THE_PERSON = {"the person"}
ANYONE_SIGNED_IN = set(PEOPLE) - {"nobody"}
ADMINISTRATION = {"the administration"}

# action → (method, path, body, who may). Paths with `me` act on the one who asks, so on nobody else's.
REQUESTS: dict[str, list[tuple[str, str, dict[str, Any] | None, set[str]]]] = {
    "inbox.read": [
        ("GET", "/v1/inbox", None, ANYONE_SIGNED_IN),
        ("GET", "/v1/inbox/summary", None, ANYONE_SIGNED_IN),
    ],
    "inbox.mark_read": [("POST", "/v1/inbox/{entry}/read", None, THE_PERSON)],
    "contact.read": [
        ("GET", f"/v1/contacts/{AUTHOR}", None, THE_PERSON | ADMINISTRATION),
        ("GET", "/v1/contacts/me", None, ANYONE_SIGNED_IN),
    ],
    "contact.prefer": [("PUT", "/v1/contacts/me", {"locale": "vi", "mail": {}}, ANYONE_SIGNED_IN)],
    "contact.enter": [("PUT", f"/v1/contacts/{AUTHOR}", ANH, ADMINISTRATION)],
    "contact.erase": [("DELETE", f"/v1/contacts/{AUTHOR}", None, ADMINISTRATION)],
    "unit.people": [
        (
            "GET",
            "/v1/units/HC-APATIT-VIET-NAM/people",
            None,
            {"the administration", "an official of the root", "a reviewer"},
        )
    ],
}


def test_every_action_of_the_permission_table_is_walked() -> None:
    assert set(REQUESTS) == set(PERMISSIONS.actions)


def test_every_route_is_walked(notify: Notify) -> None:
    rules = {
        (method, rule.rule.replace("<string:", "{").replace(">", "}"))
        for rule in application(notify).url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/v1/")
        and not rule.rule.endswith("openapi.json")
        # Of the chassis, which walks them itself.
        and not rule.rule.startswith(("/v1/operations", "/v1/jobs"))
    }
    walked = {
        (
            method,
            path.replace(AUTHOR, "{member_id}")
            .replace("{entry}", "{entry_id}")
            .replace("HC-APATIT-VIET-NAM", "{code}"),
        )
        for requests in REQUESTS.values()
        for method, path, _, _ in requests
    }

    assert walked == rules


@pytest.mark.parametrize("action", REQUESTS)
def test_exactly_those_whom_the_table_allows_may_do_it(
    notify: Notify, http: FlaskClient, action: str
) -> None:
    for method, path, body, allowed in REQUESTS[action]:
        for who, headers in PEOPLE.items():
            notify.db["contacts"].delete_many({})
            notify.db["messages"].delete_many({})
            approved = event("initiative.approved")
            notify.handle(approved)
            enter(http)
            own = http.get("/v1/contacts/me", headers=headers).headers.get("ETag", '"0"')
            sent = headers | ({"If-Match": own} if path.endswith("/me") else {})

            answer = http.open(path.replace("{entry}", approved.id), method=method, json=body, headers=sent)

            if who in allowed:
                assert answer.status_code in (200, 204), (who, method, path, answer.text)
            else:
                # An entry of another is not admitted to exist.
                refused = {401} if who == "nobody" else {404 if action == "inbox.mark_read" else 403}
                assert {answer.status_code} == refused, (who, method, path, answer.text)


def test_every_request_about_a_contact_takes_few_round_trips(notify: Notify, http: FlaskClient) -> None:
    enter(http)
    requests: dict[str, Callable[[], TestResponse]] = {
        "read own": lambda: http.get("/v1/contacts/me", headers=as_member(AUTHOR)),
        "prefer": lambda: prefer(http, '"1"', locale="en"),
        "enter": lambda: enter(http, name="B"),
        "erase": lambda: http.delete(f"/v1/contacts/{AUTHOR}", headers=as_admin()),
    }
    counts = {}

    for name, ask in requests.items():
        notify.trips.reset()
        assert ask().status_code < 300
        counts[name] = notify.trips.count
        assert all("COLLSCAN" not in found for found in notify.trips.stages(notify.db).values())

    assert counts == {"read own": 1, "prefer": 2, "enter": 2, "erase": 2}
