"""What a request costs the database: counted, not timed. And that no web process knows Kafka."""

from __future__ import annotations

import subprocess
import sys

import pytest

from submission.domain.states import State
from tests.support.round_trips import RoundTrips
from tests.support.submission_service import (
    ADMIN,
    MEMBER,
    OFFICIAL,
    PATH,
    UNIT,
    SubmissionService,
    content,
    problem,
)


def test_a_submission_at_once_is_exactly_one_database_command(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    answer = service.create(submit=True)

    assert answer.status_code == 201
    assert round_trips.names == {"insert": 1}


def test_submitting_a_draft_with_its_content_is_exactly_one_database_command(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    id = service.draft()
    round_trips.reset()

    answer = service.submit(id, content())

    assert answer.status_code == 200
    assert round_trips.names == {"update": 1}


def test_an_import_is_one_command_too(service: SubmissionService, round_trips: RoundTrips) -> None:
    answer = service.create(who=ADMIN, submit=True, source="import", registered_at="2022-05-01T03:00:00Z")

    assert answer.status_code == 201, answer.text
    assert round_trips.count == 1


def test_submitting_what_is_stored_is_a_read_and_a_write(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    id = service.draft()
    round_trips.reset()

    service.submit(id, None)

    assert round_trips.names == {"find": 1, "update": 1}


def test_a_refused_content_costs_no_write(service: SubmissionService, round_trips: RoundTrips) -> None:
    assert problem(service.create(content(title="Ngắn"), submit=True)) == (422, "validation-failed")

    assert round_trips.count == 0


def test_units_campaigns_and_mistyped_receipts_cost_no_query(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    for path in ("units?q=hoa", f"units/{UNIT}", "units?parent=TLD", "campaigns", "campaigns/phase-1"):
        assert service.get(f"/v1/{path}").status_code == 200
    assert service.get(f"/v1/receipts/{UNIT}-2022-12345678").status_code == 404

    assert round_trips.count == 0


@pytest.mark.parametrize("state", [None, "submitted"])
@pytest.mark.parametrize("unit", [None, "CD-CONG-THUONG"])
def test_a_page_is_at_most_two_queries_by_an_index(
    service: SubmissionService, round_trips: RoundTrips, state: State | None, unit: str | None
) -> None:
    for _ in range(5):
        service.submitted()
        service.later(minutes=1)
    who = MEMBER if unit is None else OFFICIAL
    query = "&".join(f"{k}={v}" for k, v in (("state", state), ("unit", unit), ("limit", 2)) if v)
    round_trips.reset()

    first = service.get(f"/v1/initiatives?{query}", who)
    assert first.json is not None
    assert round_trips.names == {"find": 1}
    second = service.get(f"/v1/initiatives?{query}&cursor={first.json['next']}", who)
    assert second.json is not None
    assert len(second.json["items"]) == 2

    stages = round_trips.stages(service.db)
    assert 2 <= len(stages) <= 3
    for plan in stages.values():
        assert "IXSCAN" in plan
        assert "COLLSCAN" not in plan


def test_receipts_and_administration_find_by_an_index(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    code = service.submitted()["code"]
    service.draft()
    round_trips.reset()

    assert service.get(f"/v1/receipts/{code}").status_code == 200
    facts = {"name_vi": "Mới", "parent": PATH[-2], "level": "grassroots", "valid_from": "2022-01-01"}
    assert service.put("/v1/units/HC-MOI", facts, ADMIN).status_code == 200
    ended = facts | {"name_vi": "Mới hơn", "valid_to": "2022-12-31"}
    assert service.put("/v1/units/HC-MOI", ended, ADMIN, version=1).status_code == 200
    service.parts.reference.refresh()

    for query, plan in round_trips.stages(service.db).items():
        if "'_id'" not in query.split("projection")[0]:
            assert "IXSCAN" in plan, query
        assert "COLLSCAN" not in plan, query


def test_no_web_process_imports_a_kafka_client() -> None:
    code = (
        "import sys, submission.__main__, submission.bootstrap as b; b.openapi_document();"
        "print([name for name in sys.modules if name.split('.')[0] == 'kafka'])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_a_units_page_that_was_learned_is_one_query_with_two_ends(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    for _ in range(6):
        service.submitted()
        service.later(minutes=1)
    first = service.get("/v1/initiatives?unit=TLD&limit=2", ADMIN).json
    round_trips.reset()

    again = service.get("/v1/initiatives?unit=TLD&limit=2", ADMIN).json
    assert first is not None
    after = service.get(f"/v1/initiatives?unit=TLD&limit=1&cursor={first['next']}", ADMIN).json

    assert again == first
    assert after is not None
    assert len(after["items"]) == 1
    assert round_trips.names == {"find": 2}
    for _, command in round_trips.commands:
        assert "$gte" in command["filter"]["sort_key"]


def test_a_page_of_a_moved_unit_is_full_and_read_by_an_index(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    before = [_one_later(service) for _ in range(3)]
    _move(service, "HNI-KCN", version=1)
    elsewhere = [_one_later(service) for _ in range(7)]
    _move(service, PATH[-2], version=2)
    after = [_one_later(service) for _ in range(3)]
    service.people.add("m-reviewer01", ("reviewer", PATH[-2]))
    service.people.add("m-reviewer02", ("reviewer", PATH[-1]))
    round_trips.reset()

    seen: list[str] = []
    cursor = ""
    while True:
        page = service.get(f"/v1/initiatives?unit={UNIT}&limit=2{cursor}", "m-reviewer01").json
        assert page is not None
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        assert len(page["items"]) == 2
        cursor = f"&cursor={page['next']}"

    assert seen == [*reversed(after), *reversed(before)]
    for plan in round_trips.stages(service.db).values():
        assert "IXSCAN" in plan
        assert "COLLSCAN" not in plan
    everything = service.get(f"/v1/initiatives?unit={UNIT}&limit=100", "m-reviewer02").json
    assert everything is not None
    assert {row["id"] for row in everything["items"]} == {*before, *elsewhere, *after}


def test_a_long_stay_elsewhere_is_passed_over_in_few_queries(
    service: SubmissionService, round_trips: RoundTrips
) -> None:
    oldest = _one_later(service)
    _move(service, "HNI-KCN", version=1)
    for _ in range(60):
        _one_later(service)
    _move(service, PATH[-2], version=2)
    service.people.add("m-reviewer01", ("reviewer", PATH[-2]))
    round_trips.reset()

    page = service.get(f"/v1/initiatives?unit={UNIT}&limit=1", "m-reviewer01").json

    assert page is not None
    assert [row["id"] for row in page["items"]] == [oldest]
    assert page["next"] is None
    # Each reads twice as many as the one before: 2, 4, 8, 16, 32.
    assert round_trips.count <= 6


def _one_later(service: SubmissionService) -> str:
    service.later(minutes=1)
    return str(service.submitted()["id"])


def _move(service: SubmissionService, parent: str, version: int) -> None:
    facts = {"name_vi": "Apatit", "parent": parent, "level": "grassroots", "valid_from": "2022-01-01"}
    answer = service.put(f"/v1/units/{UNIT}", facts, ADMIN, version=version)
    assert answer.status_code == 200, answer.text
