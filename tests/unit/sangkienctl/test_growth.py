from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sangkienctl.seed import growth
from sangkienctl.seed.growth import CURVE, Grown, grow, moment
from sangkienctl.seed.sample import Sample

SAMPLE = Sample()
UNITS = [unit for unit in SAMPLE.units.values() if unit.level == "grassroots"]
OPENS, CLOSES = CURVE[0][0], CURVE[-1][0]
SHARES = st.floats(0, 1, exclude_max=True)


def grown(number: int, of: int = 1000, batch: int = 1) -> Grown:
    reviewable = frozenset(unit.code for unit in UNITS[:50])
    return grow(number, of, batch, UNITS, SAMPLE.initiatives, reviewable)


@given(SHARES)
def test_every_moment_lies_within_the_window(share: float) -> None:
    assert OPENS <= moment(share) < CLOSES
    assert moment(share).microsecond % 1000 == 0


@given(SHARES, SHARES)
def test_more_of_them_is_never_earlier(one: float, other: float) -> None:
    low, high = sorted((one, other))

    assert moment(low) <= moment(high)


def test_half_of_them_come_in_the_last_twenty_days_and_the_last_hours_are_the_busiest() -> None:
    moments = [moment((number + 0.5) / 1000) for number in range(1000)]

    last_twenty_days = [at for at in moments if at >= CLOSES - timedelta(days=20)]
    first_twenty_days = [at for at in moments if at < OPENS + timedelta(days=20)]
    last_six_hours = [at for at in moments if at >= CLOSES - timedelta(hours=6)]
    six_hours_before = [
        at for at in moments if CLOSES - timedelta(hours=12) <= at < CLOSES - timedelta(hours=6)
    ]
    assert 430 <= len(last_twenty_days) <= 600
    assert len(first_twenty_days) < 40
    assert len(last_six_hours) > len(six_hours_before)


@pytest.mark.parametrize("share", [-0.1, 1.0, 2.0])
def test_a_share_outside_the_whole_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="not within"):
        moment(share)


@given(st.integers(0, 999), st.integers(1, 5))
def test_the_same_numbers_give_the_same_initiative(number: int, batch: int) -> None:
    assert grown(number, batch=batch) == grown(number, batch=batch)


@given(st.integers(0, 999))
def test_what_is_grown_can_be_submitted(number: int) -> None:
    body = grown(number).body

    assert 10 <= len(body["title"]) <= 300
    assert sum(Decimal(author["share"]) for author in body["authors"]) == 100
    assert sum(author["lead"] for author in body["authors"]) == 1
    assert "2021-09-01" <= body["first_applied_on"] <= body["registered_at"][:10]
    benefit = body["benefit"]
    assert (benefit["declared_vnd"] is None) == (benefit["method"] is None)
    assert (benefit["declared_vnd"] is None) == (benefit["social"] is not None)


def test_two_thirds_of_what_can_be_reviewed_are_validated() -> None:
    made = [grown(number) for number in range(1000)]
    reviewable = frozenset(unit.code for unit in UNITS[:50])

    validated = [one for one in made if one.validated]
    possible = [one for one in made if one.unit.code in reviewable]

    assert all(one.unit.code in reviewable for one in validated)
    assert len(validated) / len(possible) == pytest.approx(growth.VALID_SHARE, abs=0.1)


def test_every_unit_of_the_sample_stands_below_its_parent() -> None:
    for unit in SAMPLE.units.values():
        assert unit.path[-1] == unit.code
        assert unit.path[0] == "TLD"
        assert unit.facts["parent"] == (unit.path[-2] if len(unit.path) > 1 else None)


def test_the_decider_is_the_nearest_and_never_one_of_those_left_out() -> None:
    path = SAMPLE.units["HC-APATIT-VIET-NAM"].path

    nearest = SAMPLE.decider("support", path, frozenset())
    assert nearest is not None
    assert nearest.username == "apatit.support"
    next_one = SAMPLE.decider("support", path, frozenset({nearest.member_id}))
    assert next_one is not None
    assert next_one.username == "hoachat.support"
    assert SAMPLE.decider("support", ("NOBODY",), frozenset()) is None


def test_the_evaluation_campaign_opens_at_local_midnight_of_the_day_of_loading() -> None:
    from sangkienctl.seed.programme import evaluation_campaign

    (campaign,) = [entry for entry in SAMPLE.campaigns if "relative" in entry]

    # 20:00 UTC is the next day in Vietnam.
    facts = evaluation_campaign(campaign, datetime(2026, 3, 1, 20, tzinfo=UTC))

    assert facts["opens_at"] == "2026-03-01T17:00:00.000Z"
    assert facts["closes_at"] == "2027-03-01T17:00:00.000Z"
    assert "relative" not in facts
    assert "id" not in facts
