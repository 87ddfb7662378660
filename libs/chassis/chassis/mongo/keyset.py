"""The sort key of keyset pages: one string field that orders by time and is unique. Lists then need an
equality prefix, one range on this field, its sort and a limit, which every engine serves from an index.
"""

from __future__ import annotations

from datetime import UTC, datetime


def sort_key(ts: datetime, id: str) -> str:
    """`<UTC milliseconds, 15 digits>.<id>`: sorts as a string, newest last, unique for unique ids.

    ts: an aware datetime not before 1970. Raises ValueError otherwise.
    """
    if ts.tzinfo is None:
        raise ValueError("a sort key needs an aware datetime")
    elapsed = ts.astimezone(UTC) - EPOCH
    milliseconds = (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000
    if milliseconds < 0:
        raise ValueError("a sort key needs a time from 1970 on")
    return f"{milliseconds:015d}.{id}"


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
