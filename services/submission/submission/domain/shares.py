"""Authors' shares: per cents with two decimals, counted in whole hundredths so that a sum is exact."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHARE = re.compile(r"(0|[1-9][0-9]{0,2})(?:\.([0-9]{1,2}))?", re.ASCII)

WHOLE = 100_00


def hundredths(share: str) -> int:
    """The share in hundredths of a per cent: "33.34" is 3334. ValueError unless it is 0 to 100 with at most
    two decimals."""
    match = _SHARE.fullmatch(share)
    if match is None:
        raise ValueError(f"no share: {share!r}")
    value = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if value > WHOLE:
        raise ValueError(f"above 100: {share!r}")
    return value


def text(value: int) -> str:
    """The share as it is written: 3334 is "33.34"."""
    return f"{value // 100}.{value % 100:02d}"


def add_up(values: Iterable[int]) -> bool:
    """Whether shares in hundredths make exactly 100.00 per cent (form of Circular 18/2013/TT-BKHCN)."""
    return sum(values) == WHOLE
