"""Units and campaigns: administered, published in full, read from the process's own copy."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
import pytest
from pymongo.database import Database

from chassis.problems import Problem
from submission.adapters.reference import ReferenceCopy
from submission.adapters.reference_documents import unit_fields
from submission.migrations import m0005_change_numbers
from tests.support.round_trips import RoundTrips
from tests.support.submission_service import (
    ADMIN,
    PATH,
    UNIT,
    UNITS,
    SubmissionService,
    errors,
    problem,
)
from tests.support.unit_trees import unit
from union.kept_copy import Changes

FACTS = {
    "name_vi": "Công đoàn Công ty CP Phân đạm Hà Bắc",
    "parent": "CT-HOA-CHAT",
    "level": "grassroots",
    "block": "enterprise",
    "valid_from": "2022-01-01",
}


def load(db: Database[dict[str, Any]], codes: list[str]) -> None:
    """Units as a bulk load leaves them."""
    change = {"kind": "unit", "change": 1}
    db["units"].insert_many({"_id": code, **change, **unit_fields(unit("TLD", code))} for code in codes)


def reads(round_trips: RoundTrips) -> dict[str, int]:
    found = Counter(command["find"] for name, command in round_trips.commands if name == "find")
    round_trips.reset()
    return dict(found)


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
    assert len(list(other.units())) == len(UNITS)


def test_a_refresh_after_a_bulk_load_reads_nothing(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    other = ReferenceCopy(service.db, refresh_seconds=60)
    load(service.db, [f"BULK-{number}" for number in range(300)])
    round_trips.reset()

    other.refresh()
    first = reads(round_trips)
    other.refresh()
    other.refresh()

    assert first == {"meta": 1, "units": 1, "campaigns": 1}
    assert reads(round_trips) == {"meta": 2}
    assert other.unit("BULK-299") is not None


def test_a_refresh_reads_what_changed_since_the_last_one_and_no_more(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    other = ReferenceCopy(service.db, refresh_seconds=60)
    load(service.db, [f"BULK-{number}" for number in range(300)])
    other.refresh()
    service.put("/v1/units/HC-DAM-HA-BAC", FACTS, ADMIN)
    service.put(f"/v1/units/{UNIT}", FACTS | {"name_vi": "Tên mới"}, ADMIN, version=1)
    round_trips.reset()

    other.refresh()

    (query,) = [command["filter"] for name, command in round_trips.commands if command.get("find") == "units"]
    assert sorted(found["_id"] for found in service.db["units"].find(query)) == [UNIT, "HC-DAM-HA-BAC"]
    for read, stages in round_trips.stages(service.db).items():
        assert "COLLSCAN" not in stages, read


def test_a_change_that_commits_late_is_not_missed(service: SubmissionService) -> None:
    other = ReferenceCopy(service.db, refresh_seconds=60)
    other.refresh()
    changes = Changes(service.db)

    with service.db.client.start_session() as session, session.start_transaction():
        number = changes.next(session)
        service.db["units"].update_one(
            {"_id": UNIT}, {"$set": {"name_vi": "Muộn", "version": 2, "change": number}}, session=session
        )
        other.refresh()
        other.refresh()
    other.refresh()

    found = other.unit(UNIT)
    assert found is not None
    assert found.facts.name_vi == "Muộn"


def test_a_restored_database_is_read_again_as_a_whole(service: SubmissionService) -> None:
    other = ReferenceCopy(service.db, refresh_seconds=60)
    saved = list(service.db["units"].find()), list(service.db["meta"].find())
    service.put("/v1/units/HC-DAM-HA-BAC", FACTS, ADMIN)
    other.refresh()

    for name, documents in zip(("units", "meta"), saved, strict=True):
        service.db[name].delete_many({})
        service.db[name].insert_many(documents)
    other.refresh()

    assert other.unit("HC-DAM-HA-BAC") is None
    assert len(list(other.units())) == len(UNITS)


def test_units_from_before_there_were_numbers_get_one(service: SubmissionService) -> None:
    service.put("/v1/units/HC-DAM-HA-BAC", FACTS, ADMIN)
    numbered = service.db["units"].find_one({"_id": "HC-DAM-HA-BAC"})
    service.db["units"].update_many({"_id": {"$ne": "HC-DAM-HA-BAC"}}, {"$unset": {"change": 1, "kind": 1}})

    m0005_change_numbers.run(service.db)
    m0005_change_numbers.run(service.db)

    found = list(service.db["units"].find({"kind": "unit", "change": {"$gt": 0}}))
    assert len(found) == len(UNITS) + 1
    assert numbered in found


def test_a_search_is_cached_and_a_list_below_a_unit_is_not(service: SubmissionService) -> None:
    assert service.get("/v1/units?q=hoa+chat").headers["Cache-Control"] == "public, max-age=30"
    assert service.get("/v1/units?parent=TLD").headers["Cache-Control"] == "no-store"
    assert service.get(f"/v1/units/{UNIT}").headers["Cache-Control"] != "public, max-age=30"


@pytest.mark.parametrize("text", ["c", "%C4%91", "a-b+1"])
def test_one_letter_is_no_search(service: SubmissionService, text: str) -> None:
    answer = service.get(f"/v1/units?q={text}")

    assert errors(answer) == {("query q", "search-too-short")}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_process_that_never_loaded_its_copy_says_so(service: SubmissionService) -> None:
    copy = ReferenceCopy(service.db, refresh_seconds=60)

    for read in (copy.check, lambda: copy.unit(UNIT), copy.campaigns):
        with pytest.raises(Problem, match="unavailable"):
            read()
