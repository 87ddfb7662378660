"""Counting on a real database: in any order and repetition, the sum of postings."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest

from stats.domain.counting import ALL, Posting, Tally, add, sum_of_postings
from stats.domain.figures import STORED_BASES
from stats.domain.snapshots import Basis, Snapshot
from tests.support.stats_histories import (
    FIRST_DAY,
    approved,
    delivered,
    histories,
    newest,
    submitted,
    withdrawn,
)
from tests.support.stats_service import Stats


def expected(snapshots: list[Snapshot]) -> Tally:
    tally = sum_of_postings(snapshots)
    return {posting: amount for posting, amount in tally.items() if posting.basis in STORED_BASES}


@pytest.mark.parametrize("seed", range(3))
def test_any_history_in_any_order_gives_the_sum_of_postings(stats: Stats, seed: int) -> None:
    pick = random.Random(seed)
    stories = histories(pick, 25)

    for batch in delivered(pick, stories):
        stats.count(*batch)

    days, totals = stats.counters()
    assert days == expected(newest(stories))
    summed: Tally = {}
    for posting, amount in days.items():
        add(summed, {posting._replace(day=next(iter(totals)).day): amount})
    assert totals == summed
    assert stats.reconcile().agrees


def test_two_workers_at_once_count_everything_once(make_stats: Callable[..., Stats]) -> None:
    pick = random.Random(7)
    stories = histories(pick, 60)
    stats, other = make_stats(), make_stats()
    errors: list[BaseException] = []

    def work(service: Stats, part: list[list[Snapshot]]) -> None:
        try:
            for story in part:
                for snapshot in story:
                    service.count(snapshot)
        except BaseException as error:
            errors.append(error)

    # Both touch the counters of the nation with every batch.
    threads = [
        threading.Thread(target=work, args=(stats, stories[::2])),
        threading.Thread(target=work, args=(other, stories[1::2])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert errors == []
    assert stats.counters()[0] == expected(newest(stories))


def test_a_crash_after_the_effect_and_before_the_commit_changes_nothing_at_redelivery(stats: Stats) -> None:
    batch = [submitted("i-1"), approved(submitted("i-2")), withdrawn(submitted("i-3"))]
    assert stats.count(*batch) == 3
    before = stats.counters()

    assert stats.count(*batch) == 0

    assert stats.counters() == before


def test_a_failure_in_the_middle_of_a_batch_writes_nothing(
    stats: Stats, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats.count(submitted("i-1"))
    before = stats.counters()

    def fail(*arguments: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("stats.application.count_initiatives.settle_targets", fail)
        with pytest.raises(RuntimeError, match="killed"):
            stats.count(approved(submitted("i-1")), submitted("i-2"))

    assert stats.counters() == before
    stats.count(approved(submitted("i-1")), submitted("i-2"))
    assert stats.reconcile().agrees
    assert stats.counters()[0][Posting("TLD", "phase-1", ALL, Basis.APPROVED, FIRST_DAY)].initiatives == 1


def test_a_batch_is_one_transaction_with_a_handful_of_round_trips(stats: Stats) -> None:
    stats.count(submitted("i-0"))
    batch = [submitted(f"i-{number}") for number in range(1, 101)]
    stats.trips.reset()

    stats.count(*batch)

    # Turn (read and taken), snapshots and counters read and written, commit: no matter how many initiatives.
    assert stats.trips.names == {"find": 3, "update": 2, "insert": 1, "commitTransaction": 1}


def test_a_batch_too_large_for_one_transaction_is_halved(
    stats: Stats, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stats.application.errors import TooSlowError

    transact = stats.store.transact
    sizes: list[int] = []

    def impatient(work: Any, **options: Any) -> Any:
        def measured(projection: Any) -> Any:
            stored = projection.stored

            def at_most_three(initiatives: Any) -> Any:
                sizes.append(len(initiatives))
                if len(initiatives) > 3:
                    raise TooSlowError
                return stored(initiatives)

            projection.stored = at_most_three
            return work(projection)

        return transact(measured, **options)

    monkeypatch.setattr(stats.store, "transact", impatient)

    counted = stats.count(*(submitted(f"i-{number}") for number in range(10)))

    assert counted == 10
    assert max(sizes[1:]) == 5
    assert stats.reconcile().initiatives == 10
    assert stats.reconcile().agrees


def test_reads_of_a_batch_are_served_by_indexes(stats: Stats) -> None:
    stats.tell_tree([("TLD", "LD-A")])
    stats.people.add("admin", ("admin", "TLD"))
    assert stats.put_target("LD-A", 5, "admin").status_code == 200
    stats.trips.reset()

    stats.count(approved(submitted("i-1", path=("TLD", "LD-A"))))
    stats.copy.refresh()

    stages = stats.trips.stages(stats.db)
    assert stages
    assert [query for query, plan in stages.items() if "COLLSCAN" in plan] == []
