"""How often the relay looks at a collection: at once while events come, seldom where none do, and never so
often that looking itself becomes the load.
"""

from __future__ import annotations

# Seconds between looks at a collection: at least so long while events come; then doubling to the idle one;
# and the resting one where nothing has come for long, as for units and campaigns.
BUSY_SECONDS = 0.005
IDLE_SECONDS = 0.1
RESTING_SECONDS = 0.25
# A collection counts as busy, then idle, for so long after its last event.
BUSY_FOR_SECONDS = 1.0
IDLE_FOR_SECONDS = 10.0
# Looks in vain take one part in so many of the time, unless the wait would be longer than the idle one; the
# database spends about as much on them. A fixed 5 ms cost the embedded platform 0.4 of a core more at 5
# submissions a second. The busier the database is, the longer a look takes, and the more the next one finds.
EMPTY_PARTS = 10
# The same for a look that found some, with their publishing and removal.
FULL_PARTS = 2


class Pace:
    """When to look at one collection next. All times are monotonic seconds."""

    def __init__(self, now: float) -> None:
        self.due = 0.0
        self._interval = BUSY_SECONDS
        self._last_found = now

    def looked(self, found: int, began: float, now: float) -> None:
        """A look from `began` to `now` found so many events, and dealt with them."""
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
