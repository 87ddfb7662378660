"""Exponential backoff between attempts, bounded, with jitter so that clients do not retry at the same
time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Seconds: `first` after one failure, doubling up to `longest`; shortened by up to a half at random."""

    first: float = 0.1
    longest: float = 15.0
    chance: Callable[[], float] = random.random

    def seconds(self, failures: int) -> float:
        """The wait after that many failures in a row, at least 1."""
        # The exponent is bounded: 2 ** 2000 does not fit into a float.
        full: float = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        return full * (1 - self.chance() / 2)
