"""Token buckets by key, in this process's memory: how often somebody may do something. With n processes of a
service behind one address the whole service allows up to n times as much; a restart fills every bucket.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

# Some 10 MB. Beyond it the bucket that was used longest ago is forgotten, which fills it.
MOST_KEYS = 50_000


@dataclass(frozen=True)
class Rate:
    """per_second: tokens that a bucket regains; burst: tokens of a full bucket."""

    per_second: float
    burst: int


@dataclass(frozen=True)
class Grant:
    """remaining: tokens left; seconds: until the next token when there was none, else until the bucket is
    full."""

    allowed: bool
    remaining: int
    seconds: float


class Buckets:
    """One bucket of `rate` for each key. Safe for threads."""

    def __init__(
        self, rate: Rate, monotonic: Callable[[], float] = time.monotonic, most: int = MOST_KEYS
    ) -> None:
        self.rate = rate
        self._monotonic = monotonic
        self._most = most
        # By key: when the bucket will be full again (GCRA's theoretical arrival time).
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> Grant:
        """Take one token, if there is one."""
        interval = 1 / self.rate.per_second
        capacity = self.rate.burst * interval
        with self._lock:
            now = self._monotonic()
            used = max(0.0, self._full_at.get(key, now) - now) + interval
            # A capacity that is not exactly a multiple of the interval must not cost the last token.
            if used > capacity + interval / 1000:
                return Grant(False, 0, used - capacity)
            self._full_at[key] = now + used
            self._full_at.move_to_end(key)
            if len(self._full_at) > self._most:
                self._full_at.popitem(last=False)
        return Grant(True, int((capacity - used) / interval + 0.001), used)
