"""Guesses how far back a page of a list reaches, so that the query for it has two ends. It only makes pages
cheaper: a guess that falls short is followed by a query without a lower end.

MongoDB stops at the limit by itself. The embedded database reads the whole range before it applies the
limit, so that an open range costs as much as the list is long.
"""

from __future__ import annotations

# Positions begin with the moment in milliseconds; see chassis.mongo.keyset.
_DIGITS = 15

# Lists that are remembered; beyond them everything is forgotten and learned anew.
MOST_LISTS = 10_000

# How much more than the last page took is looked at: the next page is rarely as dense.
MARGIN = 2


class PageWindows:
    def __init__(self) -> None:
        self._spans: dict[str, int] = {}
        self._newest: dict[str, int] = {}

    def floor(self, list_key: str, before: str | None) -> str | None:
        """The position from which on a page is likely complete; None when nothing is known of the list."""
        span = self._spans.get(list_key)
        upper = self._newest.get(list_key) if before is None else _moment(before)
        if span is None or upper is None:
            return None
        return f"{max(upper - MARGIN * span, 0):0{_DIGITS}d}"

    def learn(self, list_key: str, before: str | None, positions: list[str]) -> None:
        """What a full page says about the list: `positions` of its rows, the newest first."""
        if len(self._spans) >= MOST_LISTS:
            self._spans.clear()
            self._newest.clear()
        newest, oldest = _moment(positions[0]), _moment(positions[-1])
        upper = max(newest, self._newest.get(list_key, newest))
        if before is None:
            upper = self._newest[list_key] = newest
        # A client may begin a page anywhere; where there are no rows it says nothing about the list.
        self._spans[list_key] = (upper if before is None else min(upper, _moment(before))) - oldest


def _moment(position: str) -> int:
    return int(position[:_DIGITS])
