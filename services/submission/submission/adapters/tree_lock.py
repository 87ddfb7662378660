"""One change of the union tree at a time, over all processes: what a change is judged by must not change
before it is written. Requests that only read never come here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from chassis.clock import Clock
from chassis.mongo.leases import Lease, Leases
from chassis.problems import COMMON, Problem

NAME = "union-tree"
# A change takes milliseconds. After a crash the next one waits for the end of the lease.
HELD = timedelta(seconds=10)
# By so much may the clocks of the processes differ, the time of the write included.
MARGIN = timedelta(seconds=3)
# How long a request waits for its turn before it is asked to come again, and how often it asks.
PATIENCE = 5.0
POLL = 0.01


class TreeLock:
    def __init__(self, leases: Leases, owner: str, clock: Clock) -> None:
        self._leases = leases
        self._owner = owner
        self._clock = clock
        # The threads of a process queue here, and only one of them asks the database.
        self._in_process = threading.Lock()

    @contextmanager
    def held(self) -> Iterator[Callable[[], None]]:
        """Problem `unavailable` when others hold it for too long. What it gives is to be called right before
        the change is written: Problem `unavailable` when the process was so slow that the lease was lost."""
        until = time.monotonic() + PATIENCE
        if not self._in_process.acquire(timeout=PATIENCE):
            raise Problem(COMMON["unavailable"])
        try:
            lease = self._acquire(until)
            try:
                yield lambda: self._ensure(lease)
            finally:
                self._leases.release(lease)
        finally:
            self._in_process.release()

    def _acquire(self, until: float) -> Lease:
        while True:
            lease = self._leases.acquire(NAME, self._owner, HELD)
            if lease is not None:
                return lease
            if time.monotonic() >= until:
                raise Problem(COMMON["unavailable"])
            time.sleep(POLL)

    def _ensure(self, lease: Lease) -> None:
        # Nobody else gets the lease before its end; asking the database would say no more.
        if self._clock() > lease.until - MARGIN:
            raise Problem(COMMON["unavailable"])
