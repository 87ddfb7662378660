"""The sort key of keyset pages: one string field that orders by time and is unique. Lists then need an
equality prefix, one range on this field, its sort and a limit, which every engine serves from an index.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

# The form of every key that `sort_key` makes; a cursor that comes back from a client must have it.
SORT_KEY = re.compile(r"[0-9]{15}\.[A-Za-z0-9._:-]{1,128}")


def sort_key(ts: datetime, id: str) -> str:
    """`<UTC milliseconds, 15 digits>.<id>`: sorts as a string, newest last, unique for unique ids.

    ts: an aware datetime not before 1970; id: 1 to 128 ASCII letters, digits and . _ : -. Raises
    ValueError otherwise.
    """
    if ts.tzinfo is None:
        raise ValueError("a sort key needs an aware datetime")
    elapsed = ts.astimezone(UTC) - EPOCH
    milliseconds = (elapsed.days * 86_400 + elapsed.seconds) * 1000 + elapsed.microseconds // 1000
    if milliseconds < 0:
        raise ValueError("a sort key needs a time from 1970 on")
    key = f"{milliseconds:015d}.{id}"
    if SORT_KEY.fullmatch(key) is None:
        raise ValueError("a sort key needs an id of ASCII letters and digits")
    return key


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
