"""What the public reads about a unit, in one round trip each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from stats.adapters.generations import Generations
from stats.adapters.reference import ReferenceCopy
from stats.application.errors import NotLoadedError
from stats.entrypoints.http.schemas import ChildrenAnswer, ProgressAnswer, TargetAnswer, TimelineAnswer
from tests.support.processes import wait_until
from tests.support.stats_histories import (
    CAMPAIGNS,
    PATHS,
    approved,
    rejected,
    submitted,
    withdrawn,
)
from tests.support.stats_service import Stats, pending_unit
from union.tree import UnitTree

MAY_25, MAY_28, MAY_31, JUNE_3 = (
    date(2022, 5, 25),
    date(2022, 5, 28),
    date(2022, 5, 31),
    date(2022, 6, 3),
)
A, B = PATHS[0], PATHS[2]


@pytest.fixture
def counted(stats: Stats) -> Stats:
    """Three of LD-A, one of them approved in May and one in June; two of LD-B, one approved in May."""
    stats.tell_tree([*PATHS, ("TLD", "LD-C")])
    stats.count(
        approved(submitted("i-1", path=A, day=MAY_25, benefit=10, authors=2), MAY_28),
        approved(submitted("i-2", path=A, day=MAY_28, benefit=5), JUNE_3),
        submitted("i-3", path=PATHS[1], day=MAY_31),
        approved(submitted("i-4", path=B, day=MAY_25), MAY_25),
        withdrawn(submitted("i-5", path=B, day=MAY_28, benefit=9), MAY_31),
    )
    return stats


def bases(answer: dict[str, Any]) -> dict[str, int]:
    return {basis: figures["count"] for basis, figures in answer["bases"].items()}


def test_what_was_declared_stands_next_to_how_much_of_it_was_verified(stats: Stats) -> None:
    stats.tell_tree(PATHS)
    stats.count(
        approved(replace(submitted("i-1", benefit=10**6), quantified=True, verified=10**5)),
        approved(replace(submitted("i-2", benefit=3 * 10**6), quantified=True)),
        approved(replace(submitted("i-3"), verified=0)),
        approved(submitted("i-4")),
    )

    figures = stats.progress("TLD")["bases"]["approved"]

    assert figures == {
        "count": 4,
        "benefit_vnd": 4 * 10**6,
        "authors": 4,
        "quantified": 2,
        "verified": 2,
        "verified_benefit_vnd": 10**5,
    }


def test_a_sum_beyond_64_bits_is_published_as_an_exact_integer(stats: Stats) -> None:
    stats.tell_tree(PATHS)
    stats.count(approved(submitted("i-1", benefit=10**15)))
    generation = stats.generations.head()["generation"]
    numbers = {"n": 9_224, "b": 2**63 - 1, "bh": 10**12, "a": 1}
    stats.generations.counters(generation).update_one(
        {"_id": "TLD|phase-1|total"}, {"$set": {"c.all.approved": numbers}}
    )

    answer = stats.get("/v1/units/TLD/progress", campaign="phase-1")

    exact = 2**63 - 1 + 10**21
    assert answer.status_code == 200
    assert json.loads(answer.data)["benefit_vnd"] == exact
    assert b'"benefit_vnd":%d,' % exact in answer.data


def test_progress_names_its_basis_and_gives_every_count(counted: Stats) -> None:
    answer = counted.progress("TLD")

    assert ProgressAnswer().validate(answer) == {}
    assert (answer["basis"], answer["count"], answer["as_of"]) == ("approved", 3, None)
    assert bases(answer) == {"submitted": 5, "in_review": 1, "approved": 3, "rejected": 0, "withdrawn": 1}
    assert (answer["benefit_vnd"], answer["authors"]) == (15, 4)
    assert (answer["rank"], answer["of"]) == (1, 1)
    assert answer["counted_at"] == "2022-05-25T03:00:00Z"


def test_a_unit_is_ranked_among_its_siblings_on_the_basis_that_was_asked_for(counted: Stats) -> None:
    assert [counted.progress(unit)["rank"] for unit in ("LD-A", "LD-B", "LD-C")] == [1, 2, 3]
    assert counted.progress("LD-B", basis="withdrawn")["rank"] == 1
    assert [counted.progress(unit, basis="withdrawn")["rank"] for unit in ("LD-A", "LD-C")] == [2, 2]
    assert counted.progress("LD-A")["of"] == 3


def test_as_of_gives_the_counts_and_the_rank_of_that_day(counted: Stats) -> None:
    on_25 = counted.progress("LD-A", as_of="2022-05-25")
    on_31 = counted.progress("LD-A", as_of="2022-05-31")

    assert bases(on_25) == {"submitted": 1, "in_review": 1, "approved": 0, "rejected": 0, "withdrawn": 0}
    assert (on_25["rank"], on_25["of"], on_25["as_of"]) == (2, 3, "2022-05-25")
    assert bases(on_31) == {"submitted": 3, "in_review": 2, "approved": 1, "rejected": 0, "withdrawn": 0}
    assert on_31["rank"] == 1
    assert counted.progress("LD-A", as_of="2022-06-03")["count"] == 2
    assert counted.progress("LD-A", as_of="2021-01-01")["count"] == 0


def test_children_come_in_the_order_of_their_rank(counted: Stats) -> None:
    answer: Any = counted.get("/v1/units/TLD/children", campaign="phase-1").json

    assert ChildrenAnswer().validate(answer) == {}
    listed = [(item["unit"], item["count"], item["rank"]) for item in answer["items"]]
    assert listed == [("LD-A", 2, 1), ("LD-B", 1, 2), ("LD-C", 0, 3)]
    as_of: Any = counted.get("/v1/units/TLD/children", campaign="phase-1", as_of="2022-05-25").json
    assert [(item["unit"], item["count"]) for item in as_of["items"]] == [
        ("LD-B", 1),
        ("LD-A", 0),
        ("LD-C", 0),
    ]


def test_a_unit_without_children_has_an_empty_list(counted: Stats) -> None:
    answer: Any = counted.get("/v1/units/A-1/children", campaign="phase-1").json

    assert answer["items"] == []


def test_the_timeline_gives_each_day_and_the_sum_so_far(counted: Stats) -> None:
    answer: Any = counted.get(
        "/v1/units/TLD/timeline", campaign="phase-1", **{"from": "2022-05-27", "to": "2022-06-03"}
    ).json

    assert TimelineAnswer().validate(answer) == {}
    days = {entry["day"]: (entry["count"], entry["cumulative"]) for entry in answer["days"]}
    assert len(days) == 8
    assert days["2022-05-27"] == (0, 1)
    assert days["2022-05-28"] == (1, 2)
    assert days["2022-06-02"] == (0, 2)
    assert days["2022-06-03"] == (1, 3)


def test_the_timeline_of_what_is_in_review_goes_down_when_answers_come(counted: Stats) -> None:
    answer: Any = counted.get("/v1/units/TLD/timeline", campaign="phase-1", basis="in_review").json

    assert (answer["from"], answer["to"]) == ("2022-01-08", "2022-06-20")
    days = {entry["day"]: (entry["count"], entry["cumulative"]) for entry in answer["days"]}
    assert days["2022-05-25"] == (1, 1)
    assert days["2022-05-28"] == (1, 2)
    assert days["2022-05-31"] == (0, 2)
    assert days["2022-06-03"] == (-1, 1)


def test_the_last_day_of_the_timeline_agrees_with_the_progress_of_every_basis(counted: Stats) -> None:
    for basis, count in bases(counted.progress("LD-B")).items():
        answer: Any = counted.get("/v1/units/LD-B/timeline", campaign="phase-1", basis=basis).json
        assert answer["days"][-1]["cumulative"] == count


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/units/LD-A/progress", {}),
        ("/v1/units/LD-A/progress", {"as_of": "2022-05-31"}),
        ("/v1/units/TLD/children", {}),
        ("/v1/units/TLD/children", {"as_of": "2022-05-31"}),
        ("/v1/units/LD-A/timeline", {}),
    ],
)
def test_every_read_is_one_round_trip_by_id(counted: Stats, path: str, query: dict[str, str]) -> None:
    counted.trips.reset()

    assert counted.get(path, campaign="phase-1", **query).status_code == 200

    assert counted.trips.names == {"find": 1}
    assert "COLLSCAN" not in next(iter(counted.trips.stages(counted.db).values()))


def test_a_read_among_hundreds_of_siblings_is_still_one_round_trip(stats: Stats) -> None:
    stats.tell_tree([("TLD", f"LD-{number}") for number in range(400)])
    stats.count(*(submitted(f"i-{n}", path=("TLD", f"LD-{n}"), benefit=n) for n in range(400)))
    stats.trips.reset()

    assert stats.progress("LD-7")["of"] == 400

    assert stats.trips.names == {"find": 1}


def test_an_unchanged_answer_is_a_304_with_the_same_etag(counted: Stats) -> None:
    path = "/v1/units/LD-A/progress"
    first = counted.get(path, campaign="phase-1")
    again = counted.get(path, campaign="phase-1", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.headers["Cache-Control"] == "public, max-age=0"

    counted.count(approved(submitted("i-3", path=PATHS[1], day=MAY_31)))
    changed = counted.get(path, campaign="phase-1", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_answers_of_the_last_moment_cost_no_round_trip(make_stats: Callable[..., Stats]) -> None:
    stats = make_stats(answer_seconds=30.0)
    stats.tell_tree(PATHS)
    first = stats.get("/v1/units/LD-A/progress", campaign="phase-1")
    stats.trips.reset()

    again = stats.get("/v1/units/LD-A/progress", campaign="phase-1")
    other = stats.get("/v1/units/LD-A/progress", campaign="phase-1", basis="submitted")

    assert again.data == first.data
    assert again.headers["Cache-Control"] == "public, max-age=30"
    assert other.status_code == 200
    assert stats.trips.count == 1


SPELLINGS = (
    "campaign=phase-1&basis=approved",
    "basis=approved&campaign=phase-1",
    "campaign=phase-1",
    "campaign=phase-1&&&",
    "&campaign=phase-1",
    "campaign=%70hase-1",
    "campaign=phase-1&campaign=phase-2",
    "campaign=phase-1&basis=approved&basis=approved",
)


@pytest.mark.parametrize("path", ["progress", "children", "timeline"])
def test_a_question_that_is_spelled_in_another_way_costs_no_round_trip(
    make_stats: Callable[..., Stats], path: str
) -> None:
    stats = make_stats(answer_seconds=30.0)
    stats.tell_tree(PATHS)
    first = stats.http.get(f"/v1/units/LD-A/{path}?campaign=phase-1")
    assert first.status_code == 200
    stats.trips.reset()

    for spelling in SPELLINGS:
        assert stats.http.get(f"/v1/units/LD-A/{path}?{spelling}").data == first.data
        assert stats.http.get(f"/v1/units/%4C%44-A/{path}?{spelling}").data == first.data

    assert stats.trips.count == 0


@pytest.mark.parametrize("path", ["progress", "children", "timeline"])
def test_another_question_gets_another_answer(make_stats: Callable[..., Stats], path: str) -> None:
    stats = make_stats(answer_seconds=30.0)
    stats.tell_tree(PATHS)
    names = ("LD-A", "LD-B", "TLD")

    answers = {
        stats.http.get(f"/v1/units/{name}/{path}?campaign=phase-1&basis={basis}").data
        for name in names
        for basis in ("approved", "submitted")
    }

    assert len(answers) == 6


def test_a_word_that_means_nothing_is_refused_and_keeps_nothing(make_stats: Callable[..., Stats]) -> None:
    stats = make_stats(answer_seconds=30.0)
    stats.tell_tree(PATHS)

    answer = stats.http.get("/v1/units/LD-A/progress?campaign=phase-1&zz=1")

    assert (answer.status_code, (answer.json or {})["errors"][0]["pointer"]) == (422, "?zz")


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/v1/units/NOWHERE/progress", {}, 404, "unit-not-found"),
        ("/v1/units/LD-A/progress", {"campaign": "never"}, 404, "campaign-not-found"),
        ("/v1/units/LD-A/progress", {"campaign": "$where"}, 422, "validation-failed"),
        ("/v1/units/LD-A/progress", {"basis": "registered"}, 422, "validation-failed"),
        ("/v1/units/LD-A/progress", {"as_of": "2022-06-21"}, 422, "validation-failed"),
        ("/v1/units/LD-A/progress", {"as_of": "31/5/2022"}, 422, "validation-failed"),
        ("/v1/units/LD-A/children", {"as_of": "2022-06-21"}, 422, "validation-failed"),
        ("/v1/units/LD-A/timeline", {"from": "2022-05-02", "to": "2022-05-01"}, 422, "validation-failed"),
        ("/v1/units/LD-A/timeline", {"from": "2020-01-01", "to": "2022-05-01"}, 422, "validation-failed"),
        ("/v1/targets/phase-1/NOWHERE", {}, 404, "unit-not-found"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    counted: Stats, path: str, query: dict[str, str], status: int, code: str
) -> None:
    wanted = query if path.startswith("/v1/targets") else {"campaign": "phase-1", **query}
    answer = counted.get(path, **wanted)

    assert (answer.status_code, (answer.json or {})["code"]) == (status, code)


def test_without_a_campaign_the_question_is_refused(counted: Stats) -> None:
    answer: Any = counted.get("/v1/units/LD-A/progress")

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == "?campaign"


def test_before_anything_is_loaded_reads_are_unavailable_and_not_ready(stats: Stats) -> None:
    answer = stats.get("/v1/units/TLD/progress", campaign="phase-1")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert stats.http.get("/readyz").status_code == 503


def test_after_a_switch_of_generations_reads_follow_with_the_next_refresh(counted: Stats) -> None:
    generations: Generations = counted.generations
    hold = generations.hold("rebuild", "test", make_generation=True)
    assert hold is not None
    assert hold.generation is not None
    generations.create(hold.generation)
    generations.switch(hold)

    assert counted.progress("LD-A")["count"] == 2
    counted.copy.refresh()
    assert counted.progress("LD-A")["count"] == 0


def test_a_renamed_or_moved_unit_is_seen_after_a_refresh_and_an_older_version_is_not(counted: Stats) -> None:
    counted.tell(pending_unit("TLD", "LD-A", version=3, name="Tên mới"))
    counted.tell(pending_unit("TLD", "LD-A", version=2, name="Tên cũ"))
    counted.copy.refresh()

    assert counted.progress("LD-A")["name_vi"] == "Tên mới"


def test_a_refresh_without_changes_is_one_round_trip(counted: Stats) -> None:
    counted.trips.reset()

    counted.copy.refresh()

    assert counted.trips.names == {"find": 1}


def test_campaigns_count_apart(stats: Stats) -> None:
    stats.tell_tree(PATHS)
    stats.count(*(submitted(f"i-{n}", campaigns=campaigns) for n, campaigns in enumerate(CAMPAIGNS)))
    stats.count(rejected(submitted("i-1", campaigns=CAMPAIGNS[1])))

    phase, peak = (stats.progress("TLD", campaign=campaign) for campaign in ("phase-1", "peak"))

    assert bases(phase) == bases(peak)
    assert bases(phase)["submitted"] == 2
    assert TargetAnswer().fields["basis"].required


def test_the_copy_follows_by_itself_and_is_not_used_once_it_is_stale(stats: Stats) -> None:
    now = [0.0]
    copy = ReferenceCopy(stats.client[stats.db.name], every=0.05, stale_after=10, monotonic=lambda: now[0])
    with pytest.raises(NotLoadedError):
        copy.current()

    copy.start()
    try:
        stats.tell(pending_unit("TLD"))
        wait_until(lambda: "TLD" in _tree_of(copy), "the new unit is in the copy")
    finally:
        copy.close()

    now[0] += 10.1
    with pytest.raises(NotLoadedError):
        copy.current()


def _tree_of(copy: ReferenceCopy) -> UnitTree:
    try:
        return copy.current().tree
    except NotLoadedError:
        return UnitTree()


def test_a_restored_database_is_read_from_its_beginning(stats: Stats) -> None:
    stats.tell_tree(PATHS)
    stats.db["units"].delete_one({"_id": "LD-A"})
    stats.db["meta"].update_one({"_id": "reference"}, {"$set": {"change": 0}})

    stats.copy.refresh()

    assert "LD-A" not in stats.copy.current().tree
    assert "LD-B" in stats.copy.current().tree
