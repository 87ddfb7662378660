"""Targets: who may set one, against which version, and that reaching one is told once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stats_histories import FIRST_DAY, PATHS, approved, submitted
from tests.support.stats_service import Stats


@pytest.fixture
def allotted(stats: Stats) -> Stats:
    """A known tree, and an administrator."""
    stats.tell_tree(PATHS)
    stats.people.add("admin", ("admin", "TLD"))
    return stats


def approve(stats: Stats, *numbers: int) -> None:
    stats.count(*(approved(submitted(f"i-{number}", path=("TLD", "LD-A"))) for number in numbers))


def test_a_target_shows_in_the_progress_of_its_unit_at_once(allotted: Stats) -> None:
    approve(allotted, 1)

    answer: Any = allotted.put_target("LD-A", 3, "admin")

    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"1"'
    assert (answer.json["target"], answer.json["basis"], answer.json["reached"]) == (3, "approved", False)
    progress = allotted.progress("LD-A")
    assert (progress["target"], progress["percent"]) == (3, 33.3)
    assert progress["pace"]["expected"] == 3


def test_a_target_is_read_with_the_etag_that_its_change_needs(allotted: Stats) -> None:
    unset = allotted.get("/v1/targets/phase-1/LD-A")
    assert ((unset.json or {})["target"], unset.headers["ETag"]) == (None, '"0"')

    assert allotted.put_target("LD-A", 3, "admin", version=0).status_code == 200
    assert allotted.put_target("LD-A", 4, "admin", version=0).status_code == 412
    assert allotted.put_target("LD-A", 4, "admin", version=None).status_code == 428
    assert allotted.put_target("LD-A", 4, "admin", version=1).status_code == 200

    found = allotted.get("/v1/targets/phase-1/LD-A")
    assert ((found.json or {})["target"], found.headers["ETag"]) == (4, '"2"')


def test_a_target_can_be_taken_back(allotted: Stats) -> None:
    allotted.put_target("LD-A", 3, "admin")

    assert allotted.put_target("LD-A", None, "admin", version=1).status_code == 200

    progress = allotted.progress("LD-A")
    assert (progress["target"], progress["percent"], progress["pace"]["expected"]) == (None, None, None)


@pytest.mark.parametrize("target", [0, -1, 1.5, "7", 10**9 + 1, True])
def test_a_target_is_a_whole_number_from_one_up(allotted: Stats, target: object) -> None:
    answer: Any = allotted.put_target("LD-A", target, "admin")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "#/target"


@pytest.mark.parametrize(
    ("grant", "status"),
    [
        (("official", "TLD"), 200),
        (("official", "LD-A"), 200),
        (("official", "A-1"), 403),
        (("official", "LD-B"), 403),
        (("admin", "TLD"), 200),
        (("reviewer", "LD-A"), 403),
        (("support", "LD-A"), 403),
        (("operator", "TLD"), 403),
        (None, 403),
    ],
)
def test_a_target_is_allotted_from_above(allotted: Stats, grant: tuple[str, str] | None, status: int) -> None:
    allotted.people.add("someone", *([grant] if grant else []))

    assert allotted.put_target("A-1", 3, "someone").status_code == status


def test_nobody_sets_a_target_without_signing_in(allotted: Stats) -> None:
    assert allotted.put_target("A-1", 3, None).status_code == 401


def test_a_target_of_an_unknown_unit_or_campaign_is_refused(allotted: Stats) -> None:
    assert allotted.put_target("NOWHERE", 3, "admin").status_code == 404
    assert allotted.put_target("LD-A", 3, "admin", campaign="never").status_code == 404


def test_reaching_a_target_is_told_once(allotted: Stats) -> None:
    allotted.put_target("LD-A", 2, "admin")

    approve(allotted, 1)
    assert allotted.announced() == []
    approve(allotted, 2)
    approve(allotted, 3)
    approve(allotted, 1, 2, 3)

    assert allotted.announced() == [
        (
            "phase-1:LD-A",
            {
                "campaign": "phase-1",
                "unit": "LD-A",
                "unit_path": ["TLD", "LD-A"],
                "target": 2,
                "count": 2,
                "basis": "approved",
                "reached_at": "2022-06-20T05:00:00.000Z",
            },
        )
    ]
    assert (allotted.get("/v1/targets/phase-1/LD-A").json or {})["reached"] is True


def test_a_target_that_is_reached_already_is_told_when_it_is_set(allotted: Stats) -> None:
    approve(allotted, 1, 2)

    allotted.put_target("LD-A", 2, "admin")

    assert [data["target"] for _, data in allotted.announced()] == [2]


def test_a_raised_target_is_news_again_but_an_old_one_is_not(allotted: Stats) -> None:
    approve(allotted, 1, 2)
    allotted.put_target("LD-A", 2, "admin", version=0)

    allotted.put_target("LD-A", 3, "admin", version=1)
    approve(allotted, 3)
    allotted.put_target("LD-A", 2, "admin", version=2)
    approve(allotted, 4)

    assert [data["target"] for _, data in allotted.announced()] == [2, 3]


def test_only_approved_initiatives_reach_a_target(allotted: Stats) -> None:
    allotted.put_target("LD-A", 1, "admin")

    allotted.count(submitted("i-1", path=("TLD", "LD-A"), day=FIRST_DAY))

    assert allotted.announced() == []
