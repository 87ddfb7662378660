"""The one rule of statistics: counters are the sum of postings over the newest snapshots."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stats.domain.counting import ALL, Amount, Posting, Tally, add, fold, postings, sum_of_postings
from stats.domain.snapshots import Basis, InvalidSnapshotError, Snapshot
from tests.support.stats_histories import (
    FIRST_DAY,
    TOLD_AT,
    approved,
    choices,
    delivered,
    histories,
    newest,
    rejected,
    submitted,
    withdrawn,
)

NEXT_DAY = FIRST_DAY + timedelta(days=1)


def counted(batches: list[list[Snapshot]]) -> tuple[Tally, dict[str, Snapshot]]:
    counters: Tally = {}
    stored: dict[str, Snapshot] = {}
    for batch in batches:
        change = fold(stored, batch)
        add(counters, change.deltas)
        stored.update(change.newest)
    return counters, stored


def figure(tally: Tally, basis: Basis, unit: str = "TLD", day: date | None = None) -> int:
    return sum(
        amount.initiatives
        for posting, amount in tally.items()
        if (posting.unit, posting.dimension, posting.basis) == (unit, ALL, basis)
        and day in (None, posting.day)
    )


def test_a_submission_counts_as_submitted_and_in_review_for_every_unit_campaign_and_dimension() -> None:
    snapshot = submitted(path=("TLD", "LD-A"), campaigns=("phase-1", "peak"), benefit=7, authors=2)

    tally = postings(snapshot)

    assert tally == {
        Posting(unit, campaign, dimension, basis, FIRST_DAY): Amount(1, 7, 2)
        for unit in ("TLD", "LD-A")
        for campaign in ("phase-1", "peak")
        for dimension in ("all", "type:ky_thuat", "block:enterprise")
        for basis in (Basis.SUBMITTED, Basis.IN_REVIEW)
    }


def test_an_approval_moves_the_initiative_out_of_review_on_the_day_of_the_approval() -> None:
    tally = postings(approved(submitted(), NEXT_DAY))

    assert figure(tally, Basis.SUBMITTED, day=FIRST_DAY) == 1
    assert figure(tally, Basis.IN_REVIEW, day=FIRST_DAY) == 1
    assert figure(tally, Basis.IN_REVIEW, day=NEXT_DAY) == -1
    assert figure(tally, Basis.APPROVED, day=NEXT_DAY) == 1
    assert figure(tally, Basis.APPROVED, day=FIRST_DAY) == 0


def test_an_initiative_that_ends_on_its_first_day_was_never_in_review_at_the_end_of_a_day() -> None:
    tally = postings(rejected(submitted(), FIRST_DAY))

    assert {posting.basis for posting in tally} == {Basis.SUBMITTED, Basis.REJECTED}


def test_a_withdrawal_beats_a_concurrent_approval_in_either_order() -> None:
    first = submitted()
    decided, taken_back = approved(first, NEXT_DAY), withdrawn(first, NEXT_DAY)

    for order in ([first, decided, taken_back], [taken_back, decided, first], [decided, taken_back]):
        counters, _ = counted([[snapshot] for snapshot in order])
        assert figure(counters, Basis.WITHDRAWN) == 1
        assert figure(counters, Basis.APPROVED) == 0
        assert figure(counters, Basis.IN_REVIEW) == 0


def test_a_resubmission_keeps_the_first_day_and_replaces_benefit_and_authors() -> None:
    first = submitted(benefit=5, authors=1)
    again = replace(first, sequence="000002.000000", benefit=9, authors=3)

    counters, _ = counted([[first], [again]])

    assert counters[Posting("TLD", "phase-1", ALL, Basis.SUBMITTED, FIRST_DAY)] == Amount(1, 9, 3)


def test_a_duplicate_is_ignored_and_said_to_be() -> None:
    change = fold({"i-1": submitted()}, [submitted(), submitted()])

    assert (change.deltas, change.newest, change.ignored) == ({}, {}, 2)


def test_only_the_newest_snapshot_of_a_batch_is_kept() -> None:
    first = submitted()

    change = fold({}, [first, approved(first), first])

    assert change.newest == {"i-1": approved(first)}
    assert change.ignored == 2


def test_an_initiative_without_a_block_has_no_block_dimension() -> None:
    assert {posting.dimension for posting in postings(submitted(block=None))} == {"all", "type:ky_thuat"}


@settings(deadline=None)
@given(choices, st.integers(1, 12))
def test_any_duplication_order_and_batching_gives_the_sum_of_postings(
    pick: random.Random, initiatives: int
) -> None:
    stories = histories(pick, initiatives)

    counters, stored = counted(delivered(pick, stories))

    assert counters == sum_of_postings(newest(stories))
    assert stored == {snapshot.initiative: snapshot for snapshot in newest(stories)}


@settings(deadline=None)
@given(choices, st.integers(1, 12), st.integers(1, 4))
def test_any_partitioning_gives_the_sum_of_postings(
    pick: random.Random, initiatives: int, partitions: int
) -> None:
    stories = histories(pick, initiatives)
    by_partition: defaultdict[int, list[list[Snapshot]]] = defaultdict(list)
    for number, story in enumerate(stories):
        by_partition[number % partitions].append(story)
    queues = [delivered(pick, part) for part in by_partition.values()]

    # Each partition is worked off by a worker of its own; their batches interleave.
    counters: Tally = {}
    stored: dict[str, Snapshot] = {}
    while queues:
        queue = pick.choice(queues)
        change = fold(stored, queue.pop(0))
        add(counters, change.deltas)
        stored.update(change.newest)
        queues = [queue for queue in queues if queue]

    assert counters == sum_of_postings(newest(stories))


@settings(deadline=None)
@given(choices, st.integers(1, 6))
def test_submitted_is_in_review_plus_every_ending_for_every_unit_campaign_dimension_and_day(
    pick: random.Random, initiatives: int
) -> None:
    counters, _ = counted(delivered(pick, histories(pick, initiatives)))

    # A count "of a day" is what had happened by its end.
    days = sorted({posting.day for posting in counters})
    places = {(posting.unit, posting.campaign, posting.dimension) for posting in counters}
    for place in places:
        for day in days:
            by_basis: defaultdict[Basis, Amount] = defaultdict(Amount)
            for posting, amount in counters.items():
                if posting[:3] == place and posting.day <= day:
                    by_basis[posting.basis] = by_basis[posting.basis].plus(amount)
            parts = Amount()
            for basis in Basis:
                if basis is not Basis.SUBMITTED:
                    parts = parts.plus(by_basis[basis])
                assert min(by_basis[basis]) >= 0
            assert by_basis[Basis.SUBMITTED] == parts


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"path": ()}, "nowhere-to-count"),
        ({"campaigns": ()}, "nowhere-to-count"),
        ({"solution_type": "ky.thuat"}, "reserved-character"),
        ({"campaigns": ("a|b",)}, "reserved-character"),
    ],
)
def test_a_snapshot_that_no_counter_could_hold_is_refused(broken: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidSnapshotError) as refusal:
        submitted(**broken)  # type: ignore[arg-type]

    assert refusal.value.code == code


def test_an_ending_without_its_day_is_refused() -> None:
    with pytest.raises(InvalidSnapshotError, match="no date"):
        Snapshot("i", "1", ("TLD",), ("c",), "t", None, FIRST_DAY, Basis.APPROVED, None, 0, 1, TOLD_AT)


def test_an_open_basis_cannot_end_an_initiative() -> None:
    with pytest.raises(InvalidSnapshotError, match="does not end"):
        Snapshot("i", "1", ("TLD",), ("c",), "t", None, FIRST_DAY, Basis.IN_REVIEW, FIRST_DAY, 0, 1, TOLD_AT)
