"""Campaign windows, to the minute, and which campaigns count an initiative."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submission.domain.campaigns import (
    Campaign,
    CampaignClosed,
    CampaignFacts,
    CampaignNotOpen,
    all_at,
    require_open,
)

OPENS = datetime(2022, 1, 7, 17, 0, tzinfo=UTC)
CLOSES = datetime(2022, 5, 31, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def _campaign(
    id: str = "phase-1", opens: datetime = OPENS, closes: datetime = CLOSES, programme: str = "p"
) -> Campaign:
    facts = CampaignFacts(programme, id, id, opens, closes, date(2021, 9, 1), date(2023, 9, 1))
    return Campaign(id, facts, 1)


def test_a_window_holds_its_first_moment_and_its_last_minute_but_not_its_end() -> None:
    campaign = _campaign()

    assert campaign.holds(OPENS)
    assert campaign.holds(CLOSES - MINUTE)
    assert campaign.holds(CLOSES - timedelta(milliseconds=1))
    assert not campaign.holds(CLOSES)
    assert not campaign.holds(OPENS - timedelta(milliseconds=1))


def test_early_and_late_are_told_apart() -> None:
    require_open(_campaign(), OPENS)
    with pytest.raises(CampaignNotOpen):
        require_open(_campaign(), OPENS - MINUTE)
    with pytest.raises(CampaignClosed):
        require_open(_campaign(), CLOSES)


@given(st.integers(-3, 300_000))
def test_a_moment_is_early_within_or_late_and_never_two_of_them(minutes: int) -> None:
    moment = OPENS + minutes * MINUTE
    campaign = _campaign()

    try:
        require_open(campaign, moment)
    except CampaignNotOpen:
        assert moment < OPENS
    except CampaignClosed:
        assert moment >= CLOSES
    else:
        assert campaign.holds(moment)


def test_overlapping_windows_of_one_programme_all_count_it() -> None:
    peak = _campaign("peak-40-days", opens=datetime(2022, 4, 21, 17, 0, tzinfo=UTC))
    phase_2 = _campaign("phase-2", opens=CLOSES, closes=CLOSES + timedelta(days=400))
    foreign = _campaign("other", programme="another")
    chosen = _campaign()
    everything = (chosen, peak, phase_2, foreign)

    assert all_at(everything, chosen, CLOSES - MINUTE) == ("peak-40-days", "phase-1")
    assert all_at(everything, chosen, OPENS) == ("phase-1",)
    assert all_at(everything, phase_2, CLOSES) == ("phase-2",)


@pytest.mark.parametrize(
    ("day", "eligible"),
    [
        (date(2021, 8, 31), False),
        (date(2021, 9, 1), True),
        (date(2023, 9, 1), True),
        (date(2023, 9, 2), False),
    ],
)
def test_both_ends_of_the_eligible_days_are_eligible(day: date, eligible: bool) -> None:
    assert _campaign().is_eligible(day) is eligible
