"""Lists: my own, and those of a unit's subtree; newest first, page by page."""

from __future__ import annotations

from typing import Any

from tests.support.submission_service import (
    ADMIN,
    COLLEAGUE,
    FOREIGN,
    MEMBER,
    OFFICIAL,
    OUTSIDER,
    SUPPORT,
    UNIT,
    SubmissionService,
    content,
    problem,
)


def _pages(service: SubmissionService, who: str, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = service.get(f"/v1/initiatives?limit=2&{query}{cursor}", who).json
        assert page is not None
        assert len(page["items"]) <= 2
        rows += page["items"]
        if page["next"] is None:
            return rows
        cursor = f"&cursor={page['next']}"


def _three(service: SubmissionService) -> list[str]:
    ids = []
    for _ in range(3):
        ids.append(service.submitted()["id"])
        service.later(minutes=1)
    return ids


def test_my_own_list_has_drafts_and_submitted_ones_newest_first(service: SubmissionService) -> None:
    ids = _three(service)
    draft = service.draft()

    rows = _pages(service, MEMBER)

    assert [row["id"] for row in rows] == [draft, *reversed(ids)]
    assert rows[0]["code"] is None
    assert rows[1]["submitted_at"] == "2022-05-30T08:17:00Z"
    assert [row["id"] for row in _pages(service, MEMBER, "state=draft")] == [draft]
    assert _pages(service, COLLEAGUE) == []


def test_a_co_authors_list_has_it_too(service: SubmissionService) -> None:
    shared = [
        {"member_id": MEMBER, "share": "50", "lead": True},
        {"member_id": COLLEAGUE, "share": "50", "lead": False},
    ]
    id = service.submitted(authors=shared)["id"]

    assert [row["id"] for row in _pages(service, COLLEAGUE)] == [id]


def test_a_units_list_has_its_subtree_without_drafts(service: SubmissionService) -> None:
    ids = _three(service)
    service.draft()

    for who, unit in ((SUPPORT, UNIT), (OFFICIAL, "CT-HOA-CHAT"), (ADMIN, "TLD")):
        rows = _pages(service, who, f"unit={unit}")
        assert [row["id"] for row in rows] == list(reversed(ids))
    assert _pages(service, ADMIN, f"unit={FOREIGN[0]}") == []
    assert _pages(service, OFFICIAL, "unit=CD-CONG-THUONG&state=approved") == []


def test_a_units_list_is_for_those_who_watch_over_it(service: SubmissionService) -> None:
    service.submitted()

    for who, unit in ((MEMBER, UNIT), (SUPPORT, "CT-HOA-CHAT"), (OUTSIDER, UNIT), (OFFICIAL, "TLD")):
        assert problem(service.get(f"/v1/initiatives?unit={unit}", who)) == (403, "forbidden")
    assert problem(service.get("/v1/initiatives")) == (401, "not-authenticated")


def test_a_resubmission_does_not_move_a_row(service: SubmissionService) -> None:
    first, second = service.submitted()["id"], None
    service.later(minutes=1)
    second = service.submitted()["id"]
    service.handler(
        [service.review_event("initiative.revision_requested", first, "000001.000001", "revision_requested")]
    )
    service.later(minutes=1)
    assert service.submit(first, content(), version=2).status_code == 200

    assert [row["id"] for row in _pages(service, MEMBER)] == [second, first]


def test_a_bad_query_is_named(service: SubmissionService) -> None:
    for query in ("state=lost", "limit=0", "limit=101", "unit=x"):
        assert service.get(f"/v1/initiatives?{query}", MEMBER).status_code == 422
    assert problem(service.get("/v1/initiatives?cursor=zzz", MEMBER)) == (400, "bad-cursor")
