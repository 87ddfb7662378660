"""When schedules are due: in Vietnam's local time, strictly after the given instant."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.schedule.rules import Daily, Every, Rule

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
DIVISORS = [minutes for minutes in range(1, 1441) if 1440 % minutes == 0]


def test_two_at_night_in_vietnam_is_the_evening_before_in_utc() -> None:
    rule = Daily(time(2, 0))

    assert rule.next_after(datetime(2022, 5, 31, 12, 0, tzinfo=UTC)) == datetime(
        2022, 5, 31, 19, 0, tzinfo=UTC
    )
    assert rule.next_after(datetime(2022, 5, 31, 19, 0, tzinfo=UTC)) == datetime(
        2022, 6, 1, 19, 0, tzinfo=UTC
    )
    assert rule.next_after(datetime(2022, 5, 31, 18, 59, 59, 999_000, tzinfo=UTC)).day == 31


def test_every_two_hours_counts_from_local_midnight() -> None:
    # 10:30 UTC is 17:30 in Vietnam.
    assert Every(120).next_after(datetime(2022, 5, 31, 10, 30, tzinfo=UTC)) == datetime(
        2022, 5, 31, 11, 0, tzinfo=UTC
    )


@given(INSTANTS, st.one_of(st.builds(Daily, st.times().map(lambda t: t.replace(second=0, microsecond=0))),
                           st.builds(Every, st.sampled_from(DIVISORS))))  # fmt: skip
def test_the_next_occurrence_is_later_within_a_day_and_skips_none(ts: datetime, rule: Rule) -> None:
    following = rule.next_after(ts)

    assert ts < following <= ts + timedelta(days=1)
    assert rule.next_after(following - timedelta(milliseconds=1)) == following
    between = ts + (following - ts) / 2
    assert rule.next_after(between) == following or between == following


@pytest.mark.parametrize("minutes", [0, -5, 7, 1441])
def test_minutes_that_do_not_divide_a_day_are_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="do not divide"):
        Every(minutes)


@pytest.mark.parametrize("at", [time(2, 0, 1), time(2, 0, tzinfo=UTC)])
def test_a_time_of_day_is_local_and_in_whole_minutes(at: time) -> None:
    with pytest.raises(ValueError, match="whole minutes"):
        Daily(at)


def test_another_rule_reads_differently() -> None:
    texts = {str(rule) for rule in (Daily(time(2, 0)), Daily(time(2, 1)), Every(2), Every(120))}

    assert len(texts) == 4
