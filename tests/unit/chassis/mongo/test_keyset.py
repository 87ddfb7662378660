"""Sort keys order by time, then stay apart by id."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.mongo.keyset import sort_key

MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


@given(MOMENTS, MOMENTS)
def test_keys_order_as_their_times(one: datetime, other: datetime) -> None:
    assert (sort_key(one, "x") < sort_key(other, "x")) == (one < other)


def test_keys_of_the_same_time_differ_by_id() -> None:
    moment = datetime(2022, 5, 31, tzinfo=UTC)

    assert sort_key(moment, "a") < sort_key(moment, "b")


def test_the_zone_does_not_matter() -> None:
    utc = datetime(2022, 5, 31, 17, tzinfo=UTC)

    assert sort_key(utc, "a") == sort_key(utc.astimezone(timezone(timedelta(hours=7))), "a")
    assert sort_key(utc, "a") == "001654016400000.a"


@pytest.mark.parametrize("moment", [datetime(2022, 5, 31), datetime(1969, 12, 31, tzinfo=UTC)])
def test_a_time_that_cannot_be_ordered_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="sort key"):
        sort_key(moment, "a")
