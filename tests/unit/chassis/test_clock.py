"""Instants in UTC to the millisecond, days of Vietnam."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.clock import local_day, parse_rfc3339, rfc3339, to_milliseconds, utc_now

# Within what is accepted, whatever the zone: neither the first nor the last year.
instants = st.datetimes(
    min_value=datetime(2, 1, 2),
    max_value=datetime(9998, 12, 30),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=7)), timezone(-timedelta(hours=3, minutes=30))]),
)


def test_now_is_in_utc_and_whole_milliseconds() -> None:
    now = utc_now()

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


def test_the_last_minute_of_a_campaign_in_vietnam_is_still_its_day() -> None:
    assert local_day(datetime(2022, 5, 31, 16, 59, 59, tzinfo=UTC)) == date(2022, 5, 31)
    assert local_day(datetime(2022, 5, 31, 17, 0, tzinfo=UTC)) == date(2022, 6, 1)


def test_a_naive_instant_has_no_day_and_no_text() -> None:
    naive = datetime(2022, 5, 31)

    with pytest.raises(ValueError, match="time zone"):
        local_day(naive)
    with pytest.raises(ValueError, match="time zone"):
        rfc3339(naive)


@given(instants)
def test_an_instant_survives_its_text(instant: datetime) -> None:
    assert parse_rfc3339(rfc3339(to_milliseconds(instant))) == to_milliseconds(instant)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-05-31T16:59:00Z", "2022-05-31T16:59:00Z"),
        ("2022-05-31t23:59:00+07:00", "2022-05-31T16:59:00Z"),
        ("2022-05-31T16:59:00.1239999Z", "2022-05-31T16:59:00.123Z"),
        ("2022-05-31T16:59:00.123456789Z", "2022-05-31T16:59:00.123Z"),
    ],
)
def test_a_timestamp_is_read_to_the_millisecond(text: str, expected: str) -> None:
    assert rfc3339(parse_rfc3339(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2022-05-31",
        "2022-05-31T16:59:00",
        "20220531T165900Z",
        "2022-05-31 16:59:00Z",
        "2022-02-30T00:00:00Z",
        "2022-05-31T24:00:01Z",
        "0001-01-01T00:00:00+07:00",
        "",
    ],
)
def test_what_is_no_timestamp_with_a_zone_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse_rfc3339(text)
