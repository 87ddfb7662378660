"""Units and campaigns: administered, published in full, read from the process's own copy."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from chassis.problems import Problem
from submission.adapters.reference import ReferenceCopy
from tests.support.submission_service import (
    ADMIN,
    PATH,
    UNIT,
    UNITS,
    SubmissionService,
    errors,
    problem,
)

FACTS = {
    "name_vi": "Công đoàn Công ty CP Phân đạm Hà Bắc",
    "parent": "CT-HOA-CHAT",
    "level": "grassroots",
    "block": "enterprise",
    "valid_from": "2022-01-01",
}


def _events(service: SubmissionService, collection: str, id: str) -> list[dict[str, Any]]:
    document = service.db[collection].find_one({"_id": id})
    assert document is not None
    return [orjson.loads(event["value"]) for event in document.get("outbox", [])]


def test_a_new_unit_is_placed_published_and_found_at_once(service: SubmissionService) -> None:
    answer = service.put("/v1/units/HC-DAM-HA-BAC", FACTS, ADMIN)

    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == '"1"'
    assert answer.json is not None
    assert answer.json["path"] == [*PATH[:3], "HC-DAM-HA-BAC"]
    assert _events(service, "units", "HC-DAM-HA-BAC") == [answer.json]
    found = service.get("/v1/units?q=dam+ha+bac").json
    assert found is not None
    assert [unit["code"] for unit in found["items"]] == ["HC-DAM-HA-BAC"]


def test_the_same_facts_again_change_and_publish_nothing(service: SubmissionService) -> None:
    service.put("/v1/units/HC-DAM-HA-BAC", FACTS, ADMIN)

    again = service.put("/v1/units/HC-DAM-HA-BAC", FACTS, ADMIN)

    assert again.status_code == 200
    assert again.headers["ETag"] == '"1"'
    assert len(_events(service, "units", "HC-DAM-HA-BAC")) == 1


def test_a_change_needs_the_version_that_was_read(service: SubmissionService) -> None:
    service.put("/v1/units/HC-DAM-HA-BAC", FACTS, ADMIN)
    changed = FACTS | {"name_vi": "Tên mới"}

    assert problem(service.put("/v1/units/HC-DAM-HA-BAC", changed, ADMIN)) == (428, "precondition-required")
    assert problem(service.put("/v1/units/HC-DAM-HA-BAC", changed, ADMIN, version=7)) == (
        412,
        "version-conflict",
    )
    answer = service.put("/v1/units/HC-DAM-HA-BAC", changed, ADMIN, version=1)
    assert answer.headers["ETag"] == '"2"'
    assert [event["version"] for event in _events(service, "units", "HC-DAM-HA-BAC")] == [1, 2]


def test_what_would_break_the_tree_is_refused(service: SubmissionService) -> None:
    def refused(code: str, **change: Any) -> set[tuple[str, str]]:
        return errors(service.put(f"/v1/units/{code}", FACTS | change, ADMIN))

    assert refused("HC-X", parent="NO-SUCH") == {("#/parent", "unknown-parent")}
    assert refused("HC-X", parent=None) == {("#/parent", "second-root")}
    assert refused("HC-X", valid_to="2021-12-31") == {("#/valid_to", "days-reversed")}
    assert refused("hc-x") == {("path code", "bad-code")}
    moved = service.put("/v1/units/CT-HOA-CHAT", FACTS | {"parent": "LD-HA-NOI"}, ADMIN, version=1)
    assert problem(moved) == (409, "unit-has-children")


def test_units_are_paged_by_name_and_by_parent(service: SubmissionService) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        page = service.get(f"/v1/units?limit=3{cursor}").json
        assert page is not None
        assert len(page["items"]) <= 3
        seen += [unit["code"] for unit in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert sorted(seen) == sorted(UNITS)
    below = service.get("/v1/units?parent=CT-HOA-CHAT").json
    assert below is not None
    assert [unit["code"] for unit in below["items"]] == ["HC-PIN-HA-NOI", "HC-APATIT-VIET-NAM"]
    assert problem(service.get("/v1/units?cursor=abc")) == (400, "bad-cursor")


def test_campaigns_are_published_and_listed_by_their_opening(service: SubmissionService) -> None:
    window = {"opens_at": "2022-05-01T17:00:00Z", "closes_at": "2022-05-08T17:00:00.500Z"}
    dates = {"eligible_from": "2021-09-01", "eligible_to": "2023-09-01"}
    names = {"programme": "1-trieu-sang-kien", "name_vi": "Tuần cao điểm", "name_en": "Peak week"}

    answer = service.put("/v1/campaigns/peak-week", names | window | dates, ADMIN)

    assert answer.status_code == 200, answer.text
    assert _events(service, "campaigns", "peak-week") == [answer.json]
    listed = service.get("/v1/campaigns").json
    assert listed is not None
    assert [campaign["id"] for campaign in listed["items"]] == [
        "phase-1",
        "peak-40-days",
        "peak-week",
        "phase-2",
    ]


def test_the_fields_of_work_are_public(service: SubmissionService) -> None:
    listed = service.get("/v1/fields").json

    assert listed is not None
    assert {"slug": "co-khi", "name_vi": "Cơ khí"} in listed["items"]


def test_a_campaign_is_changed_by_who_administers_the_root_only(service: SubmissionService) -> None:
    service.people.add("m-localadmin", ("admin", "CD-CONG-THUONG"))
    campaign = service.get("/v1/campaigns/phase-2").json
    assert campaign is not None
    facts = {name: value for name, value in campaign.items() if name not in ("id", "version")}
    longer = facts | {"closes_at": "2023-12-31T17:00:00Z"}

    assert problem(service.put("/v1/campaigns/phase-2", longer, "m-localadmin", version=1)) == (
        403,
        "forbidden",
    )
    assert service.put("/v1/campaigns/phase-2", longer, ADMIN, version=1).status_code == 200
    upside_down = facts | {"closes_at": facts["opens_at"], "eligible_to": "2020-01-01"}
    assert errors(service.put("/v1/campaigns/phase-2", upside_down, ADMIN, version=2)) == {
        ("#/closes_at", "window-empty"),
        ("#/eligible_to", "days-reversed"),
    }
    assert problem(service.get("/v1/campaigns/none")) == (404, "not-found")


def test_another_process_learns_of_a_change_at_its_next_refresh(service: SubmissionService) -> None:
    other = ReferenceCopy(service.db, refresh_seconds=60)
    other.refresh()
    service.later(minutes=5)
    service.put(f"/v1/units/{UNIT}", FACTS | {"name_vi": "Tên mới"}, ADMIN, version=1)

    before = other.unit(UNIT)
    other.refresh()
    after = other.unit(UNIT)

    assert before is not None
    assert after is not None
    assert (before.version, after.version) == (1, 2)
    assert len(other.search("")) == len(UNITS)


def test_a_process_that_never_loaded_its_copy_says_so(service: SubmissionService) -> None:
    copy = ReferenceCopy(service.db, refresh_seconds=60)

    for read in (copy.check, lambda: copy.unit(UNIT), copy.campaigns):
        with pytest.raises(Problem, match="unavailable"):
            read()
