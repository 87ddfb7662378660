"""Adaptive polling interval of the outbox relay: short while a collection has events, long when it is idle,
and never so short that polling itself becomes the load.
"""

from __future__ import annotations

# Seconds between polls of a collection: the minimum while there are events; without events it doubles up to
# the idle interval, and up to the resting one after a long time, as is usual for units and campaigns.
BUSY_SECONDS = 0.005
IDLE_SECONDS = 0.1
RESTING_SECONDS = 0.25
# After its last event a collection counts as busy, and then as idle, for these times.
BUSY_FOR_SECONDS = 1.0
IDLE_FOR_SECONDS = 10.0
# Spend at most 1/10 of the time on polls that find nothing (but never wait longer than IDLE_SECONDS); they
# cost the database about the same time. A fixed interval of 5 ms cost the embedded platform 0.4 of a core
# more at 5 submissions a second. The busier the database is, the longer a poll takes, and the more the next
# finds.
EMPTY_PARTS = 10
# At most half of the time on polls that found events, including publishing and deleting them.
FULL_PARTS = 2


class PollInterval:
    """The time of the next poll of one collection. All times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.due = 0.0
        self._interval = BUSY_SECONDS
        self._last_found = now

    def polled(self, found: int, began: float, now: float) -> None:
        """Record a poll, from `began` to `now`, that found and handled `found` events."""
        if found:
            self._last_found = now
        quiet = now - self._last_found
        if quiet < BUSY_FOR_SECONDS:
            parts = FULL_PARTS if found else EMPTY_PARTS
            self._interval = min(max(BUSY_SECONDS, (now - began) * (parts - 1)), IDLE_SECONDS)
        else:
            longest = IDLE_SECONDS if quiet < IDLE_FOR_SECONDS else RESTING_SECONDS
            self._interval = min(self._interval * 2, longest)
        self.due = now + self._interval
