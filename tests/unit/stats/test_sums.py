"""No amount and no sum of amounts stops a count: sums of money are exact at any size, in any order, with what
is taken back, whichever way the stored parts are changed.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import bson
import orjson
import pytest
from bson.codec_options import CodecOptions
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.web.json_body import dump, exact
from stats.adapters.documents import (
    TOTAL,
    Document,
    amount_of,
    changed_counter,
    counter_changes,
    day_postings,
    snapshot_document,
    snapshot_of,
    total_postings,
)
from stats.domain import sums
from stats.domain.counting import ALL, NOTHING, Amount, Posting, Tally, add, fold, sum_of_postings
from stats.domain.figures import STORED_BASES
from stats.domain.snapshots import Basis, Snapshot
from tests.support.stats_histories import approved, choices, delivered, histories, newest, submitted

MAXIMUM = 10**15  # of one amount, by the contract
# What 9,223 submissions at the maximum make: one more exceeds 64 bits.
FULL = 9_223 * MAXIMUM
CODEC_OPTIONS: CodecOptions[Document] = CodecOptions(tz_aware=True)
INT64 = range(-(2**63), 2**63)

amounts = st.one_of(st.sampled_from([0, 1, 10**9 - 1, 10**9, MAXIMUM - 1, MAXIMUM]), st.integers(0, MAXIMUM))


class Counters:
    """The stored counters as documents; every write must be one that the database can hold."""

    def __init__(self) -> None:
        self.documents: dict[str, Document] = {}
        self.snapshots: dict[str, Document] = {}

    def count(self, batch: list[Snapshot]) -> None:
        stored = {id: snapshot_of(document) for id, document in self.snapshots.items()}
        change = fold(stored, batch)
        for id, counter in counter_changes(change.deltas, change.newest).items():
            self._write(self.documents, changed_counter(id, self.documents.get(id), counter))
        for snapshot in change.newest.values():
            self._write(self.snapshots, snapshot_document(snapshot))

    def tallies(self) -> tuple[Tally, Tally]:
        days: Tally = {}
        totals: Tally = {}
        for id, document in self.documents.items():
            if id.endswith(f"|{TOTAL}"):
                totals.update(total_postings(document, date.min))
            else:
                days.update(day_postings(document))
        return days, totals

    @staticmethod
    def _write(into: dict[str, Document], document: Document) -> None:
        into[document["_id"]] = bson.decode(bson.encode(document), CODEC_OPTIONS)


def expected(snapshots: list[Snapshot]) -> tuple[Tally, Tally]:
    tally = sum_of_postings(snapshots)
    days = {posting: amount for posting, amount in tally.items() if posting.basis in STORED_BASES}
    totals: Tally = {}
    for posting, amount in days.items():
        add(totals, {posting._replace(day=date.min): amount})
    return days, totals


@given(st.integers(-(10**27), 10**27))
def test_either_form_of_a_sum_gives_it_back_and_fits_into_64_bits(number: int) -> None:
    for low, high in (sums.stored(number), sums.split(number)):
        assert sums.joined(low, high) == number
        assert low in INT64
        assert high in INT64


@given(st.integers(-sums.GREATEST_PLAIN, sums.GREATEST_PLAIN))
def test_a_plausible_sum_is_stored_as_the_number_itself(number: int) -> None:
    assert sums.stored(number) == (number, 0)


@given(st.lists(st.tuples(amounts, st.sampled_from([1, -1]), st.booleans(), st.integers(1, 10**9))))
def test_parts_stay_exact_when_they_are_incremented_replaced_or_both(
    changes: list[tuple[int, int, bool, int]],
) -> None:
    low, high = FULL, 0  # what a document holds that knows no high part
    total = FULL

    for amount, sign, by_increment, times in changes:
        total += sign * amount * times
        if by_increment:
            # As many increments at once as `times`: the parts grow as they would one by one.
            more_low, more_high = sums.split(sign * amount)
            low, high = low + more_low, high + more_high * times + more_low * (times - 1) // sums.LIMB
            low += more_low * (times - 1) % sums.LIMB
        else:
            low, high = sums.stored(sums.joined(low, high) + sign * amount * times)
        assert sums.joined(low, high) == total
        assert low in INT64
        assert high in INT64


def test_increments_alone_hold_a_thousand_million_maximum_amounts() -> None:
    low, high = sums.split(MAXIMUM - 1)

    assert low * 10**9 in INT64
    assert high * 10**9 in INT64


@settings(deadline=None)
@given(choices, st.integers(1, 10), st.data())
def test_any_multiset_of_amounts_in_any_order_with_take_backs_gives_the_exact_totals(
    pick: random.Random, initiatives: int, data: st.DataObject
) -> None:
    stories = [
        [
            replace(
                snapshot,
                benefit=data.draw(amounts),
                quantified=data.draw(st.booleans()),
                verified=data.draw(st.none() | amounts),
            )
            for snapshot in story
        ]
        for story in histories(pick, initiatives)
    ]
    counters = Counters()

    for batch in delivered(pick, stories):
        counters.count(batch)

    assert counters.tallies() == expected(newest(stories))


def full_counters() -> Counters:
    """Counters as 9,223 submissions at the maximum left them, in the form without high parts."""
    counters = Counters()
    counters.count([submitted("i-0", benefit=MAXIMUM)])
    for document in counters.documents.values():
        _fill(document)
    return counters


def _fill(numbers: Document) -> None:
    for name, value in numbers.items():
        if isinstance(value, dict):
            _fill(value)
        elif name == "b":
            numbers["b"] = FULL


def test_a_counter_at_the_limit_of_64_bits_counts_on_and_back() -> None:
    counters = full_counters()
    more = [submitted(f"i-{number}", benefit=MAXIMUM) for number in range(1, 25)]
    where = Posting("TLD", "phase-1", ALL, Basis.SUBMITTED, date.min)

    counters.count(more)
    over = counters.tallies()[1][where]
    counters.count([replace(one, sequence="000002.000000", benefit=0) for one in more])

    assert (over.initiatives, over.benefit) == (25, FULL + 24 * MAXIMUM)
    assert counters.tallies()[1][where].benefit == FULL


def test_in_review_is_exact_where_no_single_number_of_64_bits_could_hold_it() -> None:
    counters = full_counters()
    counters.count([approved(submitted(f"i-{number}", benefit=MAXIMUM)) for number in range(1, 40)])

    totals = counters.tallies()[1]

    place = Posting("TLD", "phase-1", ALL, Basis.SUBMITTED, date.min)
    submissions, approvals = totals[place], totals[place._replace(basis=Basis.APPROVED)]
    assert submissions.minus(approvals) == Amount(1, FULL, 1)


@pytest.mark.parametrize(
    "numbers", [{}, {"n": 3, "b": 7, "a": 4}, {"n": 1, "b": 2**63 - 1}, {"b": -5, "bh": 1}]
)
def test_documents_from_before_and_half_written_ones_are_read(numbers: Mapping[str, Any]) -> None:
    benefit = numbers.get("b", 0) + numbers.get("bh", 0) * sums.LIMB

    assert amount_of(numbers) == Amount(numbers.get("n", 0), benefit, numbers.get("a", 0))
    assert amount_of({}) == NOTHING


def test_a_snapshot_from_before_counts_nothing_as_quantified_or_verified_until_its_next_event() -> None:
    counters = Counters()
    counters.count([submitted("i-1", benefit=9)])
    for name in ("quantified", "verified"):
        del counters.snapshots["i-1"][name]

    later = replace(submitted("i-1", benefit=9), sequence="000001.000002", quantified=True, verified=7)
    counters.count([later])

    assert counters.tallies() == expected([later])


@given(st.integers(-(10**30), 10**30))
def test_an_answer_says_a_sum_of_any_size_as_an_exact_integer(number: int) -> None:
    body = dump({"benefit_vnd": exact(number)})

    assert body == b'{"benefit_vnd":%d}' % number
    assert orjson.dumps({"benefit_vnd": exact(number)}) == body
