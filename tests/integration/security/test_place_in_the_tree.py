"""Who administers the union tree (decision 0019), over the interfaces of submission and review: a unit's
place belongs to its superior unit, and whoever gets a unit by a move does not get what was submitted before.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.four_services import CAMPAIGN_FACTS, SUBMITTER, FourServices, signed
from tests.support.submission_service import content

# Rights do not depend on the engine.
pytestmark = pytest.mark.tiers("embedded")

SECTOR, UPPER, OTHER_CITY, OTHER_UPPER = "CD-CONG-THUONG", "CT-HOA-CHAT", "LD-HA-NOI", "HNI-KCN"
ADMINISTRATOR = "m-admin00001"
ROOT_ADMIN = signed(ADMINISTRATOR, ("admin", "TLD"))


def admin(*units: str) -> dict[str, str]:
    return signed(ADMINISTRATOR, *(("admin", unit) for unit in units))


def facts(parent: str | None, **changes: Any) -> dict[str, Any]:
    made = {
        "name_vi": f"Công đoàn {uuid.uuid4().hex[:8]}",
        "name_en": None,
        "parent": parent,
        "level": "grassroots",
        "block": "enterprise",
        "cluster": "Cụm 1",
        "valid_from": "2022-01-01",
        "valid_to": None,
    }
    return made | changes


def put(on: FourServices, code: str, body: Mapping[str, Any], who: Mapping[str, str]) -> TestResponse:
    """With the version that is stored now, so that only rights and rules refuse."""
    stored = on.ask("submission", "GET", f"/v1/units/{code}", {})
    version = None if stored.status_code == 404 else int(stored.headers["ETag"].strip('"'))
    return on.ask("submission", "PUT", f"/v1/units/{code}", who, body=body, version=version)


def new_unit(on: FourServices, parent: str = UPPER, **changes: Any) -> tuple[str, dict[str, Any]]:
    code, body = f"ZZ-{uuid.uuid4().hex[:8].upper()}", facts(parent, **changes)
    answer = put(on, code, body, ROOT_ADMIN)
    assert answer.status_code == 200, answer.text
    return code, body


def codes(answer: TestResponse) -> set[tuple[str, str]]:
    return {(error["pointer"], error["code"]) for error in (answer.json or {}).get("errors", [])}


# ── rights ──

PLACE: dict[str, dict[str, Any]] = {
    "move": {"parent": OTHER_UPPER},
    "move up": {"parent": "TLD"},
    "move up and raise": {"parent": "TLD", "level": "federation"},
    "raise": {"level": "federation"},
    "lower": {"level": "grassroots"},
    "block": {"block": "school"},
    "cluster": {"cluster": None},
    "begin later": {"valid_from": "2022-02-01"},
    "begin earlier": {"valid_from": "2021-01-01"},
    "end": {"valid_to": "2022-05-01"},
    "rename and end": {"name_vi": "Công đoàn khác hẳn", "valid_to": "2022-05-01"},
    "make it a root": {"parent": None},
}


@pytest.mark.parametrize("act", PLACE)
def test_no_grant_on_a_unit_or_below_it_or_elsewhere_changes_its_place(
    services: FourServices, act: str
) -> None:
    code, body = new_unit(services, parent=SECTOR, level="superior")
    child, _ = new_unit(services, parent=code)
    sibling, _ = new_unit(services, parent=SECTOR)

    for held in ([code], [child], [sibling], [code, child, sibling], ["NO-SUCH-UNIT"], [OTHER_CITY]):
        answer = put(services, code, body | PLACE[act], admin(*held))
        assert answer.status_code == 403, (held, answer.text)
    for role in ("support", "reviewer", "official", "operator", "member"):
        answer = put(services, code, body | PLACE[act], signed(ADMINISTRATOR, (role, "TLD")))
        assert answer.status_code == 403, role
    stored = services.ask("submission", "GET", f"/v1/units/{code}", {}).json
    assert stored is not None
    assert stored["version"] == 1


@pytest.mark.parametrize("act", ["block", "cluster", "begin later", "end", "rename and end"])
@pytest.mark.parametrize("holder", [UPPER, SECTOR, "TLD"])
def test_who_administers_a_superior_unit_changes_the_place(
    services: FourServices, act: str, holder: str
) -> None:
    code, body = new_unit(services)
    changed = body | PLACE[act] | {"name_vi": f"Công đoàn {code}"}

    answer = put(services, code, changed, admin(holder))
    again = put(services, code, changed, admin(holder))

    assert answer.status_code == 200, answer.text
    assert (again.status_code, again.json) == (200, answer.json)


@pytest.mark.parametrize(
    ("held", "status"),
    [
        ([], 403),
        ([UPPER], 403),
        ([SECTOR], 403),
        ([OTHER_UPPER], 403),
        ([OTHER_CITY], 403),
        (["itself"], 403),
        (["itself", OTHER_UPPER], 403),
        (["itself", UPPER], 403),
        ([UPPER, OTHER_UPPER], 200),
        ([SECTOR, OTHER_CITY], 200),
        (["TLD"], 200),
    ],
)
def test_a_move_needs_the_present_superior_and_the_new_one(
    services: FourServices, held: list[str], status: int
) -> None:
    code, body = new_unit(services)
    who = admin(*(code if unit == "itself" else unit for unit in held))

    answer = put(services, code, body | {"parent": OTHER_UPPER}, who)

    assert answer.status_code == status, answer.text
    if status == 403:
        # It says whom to ask: the superior unit that is lacking.
        assert (answer.json or {})["code"] == "superior-unit-decides"
        assert any(f"quản trị của {unit}," in (answer.json or {})["detail"] for unit in (UPPER, OTHER_UPPER))
    else:
        # Sent again it is the same act, and changes nothing.
        assert put(services, code, body | {"parent": OTHER_UPPER}, who).json == answer.json


def test_the_own_administrator_changes_names_and_nothing_else(services: FourServices) -> None:
    code, body = new_unit(services)
    named = body | {"name_vi": f"Công đoàn Công ty {code}", "name_en": f"Union of {code}"}

    answer = put(services, code, named, admin(code))

    assert answer.status_code == 200, answer.text
    assert put(services, code, named, admin(code)).json == answer.json
    assert put(services, code, named, admin("HC-PIN-HA-NOI")).status_code == 403


@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("Tổng Liên đoàn Lao động Việt Nam", "name-taken"),
        ("TONG LIEN DOAN LAO DONG VIET NAM", "name-taken"),
        ("Liên đoàn Lao động thành phố Hà Nội.", "name-taken"),
        ("Công đoàn công ty CP Pin Hà Nội", "name-taken"),
        ("Tổng Liên đoàn Lао động Việt Nam", "name-letters"),  # Cyrillic а and о
    ],
)
def test_the_own_administrator_gives_it_no_name_of_another(
    services: FourServices, name: str, finding: str
) -> None:
    code, body = new_unit(services)

    for pointer in ("name_vi", "name_en"):
        answer = put(services, code, body | {pointer: name}, admin(code))
        assert (answer.status_code, codes(answer)) == (422, {(f"#/{pointer}", finding)})


@pytest.mark.parametrize("parent", [UPPER, OTHER_UPPER, "TLD", None])
def test_a_grant_for_a_code_that_does_not_exist_creates_nothing(
    services: FourServices, parent: str | None
) -> None:
    body = facts(parent, level="federation" if parent in ("TLD", None) else "grassroots")

    assert put(services, "GHOST", body, admin("GHOST")).status_code == 403
    assert services.ask("submission", "GET", "/v1/units/GHOST", {}).status_code == 404
    assert put(services, "GHOST", body, admin("GHOST", "HC-PIN-HA-NOI")).status_code == 403


def test_a_unit_is_created_by_who_administers_its_superior(services: FourServices) -> None:
    for held, status in (
        (UPPER, 200),
        (SECTOR, 200),
        ("TLD", 200),
        (OTHER_CITY, 403),
        ("HC-PIN-HA-NOI", 403),
    ):
        code = f"ZZ-{uuid.uuid4().hex[:8].upper()}"
        assert put(services, code, facts(UPPER), admin(held)).status_code == status, held


def test_the_root_stays_the_root(services: FourServices) -> None:
    stored = services.ask("submission", "GET", "/v1/units/TLD", {}).json
    assert stored is not None
    root = {name: value for name, value in stored.items() if name not in ("code", "path", "version")}
    renamed = root | {"name_en": "VGCL"}

    assert put(services, "TLD", renamed, admin(SECTOR, OTHER_CITY)).status_code == 403
    assert put(services, "TLD", renamed, ROOT_ADMIN).status_code == 200
    assert codes(put(services, "TLD", renamed | {"parent": SECTOR}, ROOT_ADMIN)) == {
        ("#/parent", "own-parent")
    }
    assert codes(put(services, "TLD2", facts(None), ROOT_ADMIN)) == {("#/parent", "second-root")}
    assert codes(put(services, UPPER, facts(None), ROOT_ADMIN)) == {("#/parent", "second-root")}
    ended = put(services, "TLD", renamed | {"valid_to": "2022-05-01"}, ROOT_ADMIN)
    assert (ended.json or {})["code"] == "unit-children-outlast"


def test_the_first_unit_is_the_whole_programmes_and_made_by_its_administrator(services: FourServices) -> None:
    units = services.submission.db["units"]
    kept = list(units.find())
    units.delete_many({})
    try:
        for code, who, status in (
            ("GHOST", admin("GHOST"), 403),
            ("GHOST", admin("GHOST", "TLD"), 422),
            ("TLD", admin("GHOST"), 403),
            ("TLD", ROOT_ADMIN, 200),
        ):
            national = facts(None, level="national")
            made = services.ask("submission", "PUT", f"/v1/units/{code}", who, body=national)
            assert made.status_code == status, made.text
    finally:
        units.delete_many({})
        units.insert_many(kept)


def test_a_unit_with_living_subordinates_does_not_end_and_they_are_named(services: FourServices) -> None:
    code, body = new_unit(services, parent=SECTOR, level="superior")
    children = [new_unit(services, parent=code)[0] for _ in range(7)]

    refused = put(services, code, body | {"valid_to": "2022-05-01"}, ROOT_ADMIN)

    assert (refused.status_code, (refused.json or {})["code"]) == (409, "unit-children-outlast")
    detail = (refused.json or {})["detail"]
    assert "7 đơn vị" in detail
    assert sum(child in detail for child in children) == 5
    for child in children:
        one = services.ask("submission", "GET", f"/v1/units/{child}", {}).json
        assert one is not None
        ended = {name: one[name] for name in body} | {"valid_to": "2022-04-30"}
        assert put(services, child, ended, admin(code)).status_code == 200
    assert put(services, code, body | {"valid_to": "2022-05-01"}, ROOT_ADMIN).status_code == 200
    # Nothing living begins below it, and what ended below it stays ended.
    assert codes(put(services, "ZZ-LATE", facts(code), ROOT_ADMIN)) == {("#/valid_to", "after-parent")}
    reopened = put(services, child, ended | {"valid_to": None}, ROOT_ADMIN)
    assert codes(reopened) == {("#/valid_to", "after-parent")}


# ── the attacks ──


def submit(on: FourServices, unit: str, title: str) -> str:
    """A confidential initiative of a member of the unit, submitted and known to review."""
    authors = [{"member_id": SUBMITTER, "share": "100.00", "lead": True}]
    body = content(unit=unit, authors=authors, title=title, confidential=True) | {"submit": True}
    answer = on.ask("submission", "POST", "/v1/initiatives", signed(SUBMITTER, ("member", unit)), body=body)
    assert answer.status_code == 201, answer.text
    on.submission.later(minutes=1)
    on.review.later(minutes=1)
    on.relay()
    return str((answer.json or {})["id"])


def listed(on: FourServices, who: Mapping[str, str], unit: str) -> tuple[list[str], list[str]]:
    """The ids that submission and review list of a unit."""
    rows = on.ask("submission", "GET", "/v1/initiatives", who, query={"unit": unit})
    cases = on.ask("review", "GET", "/v1/cases", who, query={"unit": unit})
    assert (rows.status_code, cases.status_code) == (200, 200), rows.text + cases.text
    return (
        [row["id"] for row in (rows.json or {})["items"]],
        [case["initiative_id"] for case in (cases.json or {})["items"]],
    )


@pytest.fixture
def on(services: FourServices) -> FourServices:
    """Review knows the other branch too, and its clock is after submission's, as it is where both are one."""
    services.review.tell_path(("TLD", OTHER_CITY, OTHER_UPPER))
    services.review.clock.now = max(services.review.clock.now, services.submission.now)
    return services


def decide(on: FourServices, case: str, who: Mapping[str, str], version: int) -> TestResponse:
    path, body = f"/v1/cases/{case}/decisions", {"decision": "validate"}
    return on.ask("review", "POST", path, who, body=body, version=version)


def test_a_units_own_administrator_does_not_choose_its_reviewer(on: FourServices) -> None:
    code, body = new_unit(on)
    earlier = submit(on, code, "Quy trình bí mật của phân xưởng")
    friend, proper = (
        signed("m-fr1end0001", ("reviewer", OTHER_UPPER)),
        signed("m-pr0per0001", ("reviewer", UPPER)),
    )
    support = signed("m-supp0rt001", ("support", code))

    for parent in (OTHER_UPPER, OTHER_CITY, SECTOR, "TLD"):
        assert put(on, code, body | {"parent": parent}, admin(code)).status_code == 403
    later = submit(on, code, "Một sáng kiến sau lần chuyển hụt")

    for case in (earlier, later):
        assert decide(on, case, support, 1).status_code == 201
        assert decide(on, case, friend, 2).status_code == 404
        assert decide(on, case, proper, 2).status_code == 201
    for service, path in (("submission", "/v1/initiatives"), ("review", "/v1/cases")):
        assert on.ask(service, "GET", path, friend, query={"unit": code}).status_code == 403


def test_a_units_own_reviewer_gives_no_final_approval_by_way_of_a_unit_below(on: FourServices) -> None:
    code, _ = new_unit(on)
    child = f"{code}-CON"

    refused = put(on, child, facts(code), admin(code))

    assert (refused.status_code, codes(refused)) == (422, {("#/level", "level-not-below")})
    # Neither below it under another level, nor next to it.
    for level in ("national", "federation", "superior"):
        assert put(on, child, facts(code, level=level), admin(code)).status_code == 422
    assert put(on, child, facts(UPPER), admin(code, child)).status_code == 403
    paper = {"submit": True, "source": "import", "registered_at": "2022-05-03T02:00:00Z"}
    support = signed("m-supp0rt001", ("support", code), ("support", child))
    imported = on.ask("submission", "POST", "/v1/initiatives", support, body=content(unit=child) | paper)
    assert codes(imported) == {("#/unit", "unknown-unit")}


def test_after_a_move_each_superior_has_what_was_submitted_under_it(on: FourServices) -> None:
    code, body = new_unit(on)
    before = [submit(on, code, f"Trước khi chuyển, bí mật số {n}") for n in range(3)]
    moved = put(on, code, body | {"parent": OTHER_UPPER}, ROOT_ADMIN)
    assert moved.status_code == 200, moved.text
    on.relay()
    after = [submit(on, code, f"Sau khi chuyển, bí mật số {n}") for n in range(2)]
    former, newly = (
        signed("m-f0rmer0001", ("reviewer", UPPER)),
        signed("m-newly00001", ("reviewer", OTHER_UPPER)),
    )

    # By the unit: the new superior, who alone administers its place today, sees what is under the new path.
    assert listed(on, newly, code) == (after[::-1], after[::-1])
    for role, unit in (("official", OTHER_CITY), ("admin", OTHER_UPPER)):
        above = signed("m-an0ther001", (role, unit))
        assert listed(on, above, code) == (after[::-1], after[::-1])
    # By their own unit: each what was frozen under it.
    assert set(listed(on, newly, OTHER_UPPER)[0]) & {*before, *after} == set(after)
    for service_list in listed(on, former, UPPER):
        assert set(service_list) & {*before, *after} == set(before)
    # The unit itself, the root, and who holds grants on both sides see all of it.
    both = signed("m-b0th000001", ("reviewer", OTHER_UPPER), ("official", SECTOR))
    for who in (signed("m-own0000001", ("support", code)), ROOT_ADMIN, both):
        assert listed(on, who, code) == ([*after[::-1], *before[::-1]], [*after[::-1], *before[::-1]])
    # Who may not see it in the list may not by its id either, and the former levels decide the former cases.
    for id in before:
        assert on.ask("submission", "GET", f"/v1/initiatives/{id}", newly).status_code == 404
        assert on.ask("review", "GET", f"/v1/cases/{id}", newly).status_code == 404
        assert decide(on, id, signed("m-supp0rt001", ("support", code)), 1).status_code == 201
        assert decide(on, id, newly, 2).status_code == 404
        assert decide(on, id, former, 2).status_code == 201
    # Moved back, the second superior keeps its own and no more.
    assert put(on, code, body, ROOT_ADMIN).status_code == 200
    on.relay()
    assert on.ask("review", "GET", "/v1/cases", newly, query={"unit": code}).status_code == 403
    for service_list in listed(on, newly, OTHER_UPPER):
        assert set(service_list) & {*before, *after} == set(after)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_a_moved_unit_are_full_in_both_services(on: FourServices, limit: int) -> None:
    code, body = new_unit(on)
    places = [UPPER, OTHER_UPPER, UPPER, OTHER_UPPER]
    expected = []
    for place in places:
        assert put(on, code, body | {"parent": place}, ROOT_ADMIN).status_code == 200
        on.relay()
        made = [submit(on, code, f"Sáng kiến bí mật thứ {n}") for n in range(3)]
        expected += made if place == OTHER_UPPER else []
    who = signed("m-newly00001", ("reviewer", OTHER_UPPER))

    lists = (("submission", "/v1/initiatives", "id"), ("review", "/v1/cases", "initiative_id"))
    for service, path, name in lists:
        seen: list[str] = []
        query: dict[str, Any] = {"unit": code, "limit": limit}
        while True:
            page = on.ask(service, "GET", path, who, query=query).json
            assert page is not None
            seen += [row[name] for row in page["items"]]
            if page["next"] is None:
                break
            assert len(page["items"]) == limit
            query["cursor"] = page["next"]
        assert seen == expected[::-1]


def test_a_campaign_is_no_units_own(services: FourServices) -> None:
    path = f"/v1/campaigns/c-{uuid.uuid4().hex[:8]}"
    for held in (SECTOR, "NO-SUCH-UNIT", "HC-PIN-HA-NOI"):
        assert services.ask("submission", "PUT", path, admin(held), body=CAMPAIGN_FACTS).status_code == 403
