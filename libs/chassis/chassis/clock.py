"""Owns what "now" and "today" mean: UTC instants in milliseconds inside, days of Asia/Ho_Chi_Minh at the edge.
It never formats for people.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def utc_now() -> datetime:
    """The current instant in UTC, cut to milliseconds: MongoDB keeps no more, and what was answered to a
    client must equal what is read back."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(ts: datetime) -> datetime:
    """`ts` without what is finer than a millisecond."""
    return ts.replace(microsecond=ts.microsecond // 1000 * 1000)


def local_day(ts: datetime) -> date:
    """The calendar day of an aware instant in Vietnam. ValueError for a naive one."""
    if ts.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return ts.astimezone(LOCAL_ZONE).date()
