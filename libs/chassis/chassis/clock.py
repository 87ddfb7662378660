"""Defines "now" and "today": UTC instants in milliseconds inside, days of Asia/Ho_Chi_Minh at the edge. It
formats for machines (RFC 3339), never for people.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def utc_now() -> datetime:
    """The current instant in UTC, truncated to milliseconds: MongoDB stores no more, and a time in an answer
    must equal the time that is read later."""
    return to_milliseconds(datetime.now(UTC))


def to_milliseconds(ts: datetime) -> datetime:
    """`ts` truncated to milliseconds."""
    return ts.replace(microsecond=ts.microsecond // 1000 * 1000)


def local_day(ts: datetime) -> date:
    """The calendar day of an aware instant in Vietnam. Raises ValueError for a naive one."""
    if ts.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return ts.astimezone(LOCAL_ZONE).date()


_RFC3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def rfc3339(ts: datetime) -> str:
    """An aware instant such as 2022-05-31T16:59:00Z, with milliseconds only if they are not zero."""
    if ts.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    ts = ts.astimezone(UTC)
    precision = "milliseconds" if ts.microsecond >= 1000 else "seconds"
    return ts.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def parse_rfc3339(text: str) -> datetime:
    """The instant in UTC, truncated to milliseconds. Raises ValueError for anything but RFC 3339 with a time
    zone, and for the first and last year of the calendar, some instants of which have no date in other
    zones."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 timestamp with a zone")
    fraction = match[1] or ""
    if len(fraction) > 7:
        text = text.replace(fraction, fraction[:7], 1)
    ts = datetime.fromisoformat(text.upper())
    if not MINYEAR < ts.year < MAXYEAR:
        raise ValueError("an instant at the end of the calendar")
    return to_milliseconds(ts.astimezone(UTC))
