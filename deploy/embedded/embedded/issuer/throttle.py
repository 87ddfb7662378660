"""Limits failed sign-ins of people and programs, per account and per address. The counts are in memory and
lost at a restart, which is acceptable for evaluation.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 30
WINDOW_SECONDS = 15 * 60
MOST_KEYS = 10_000


class Throttle:
    """Counts failures in a time window that starts with the first. clock: monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def wait_seconds(self, username: str | None, address: str) -> int:
        """Seconds that this account, or everyone at this address, has to wait; 0 if an attempt is allowed.
        Without a user name only the address counts: otherwise anyone could lock out a program by failing to
        sign in with its account."""
        with self._lock:
            return max(
                0 if username is None else self._wait(("account", username), ACCOUNT_FAILURES),
                self._wait(("address", address), ADDRESS_FAILURES),
            )

    def failed(self, username: str | None, address: str) -> None:
        with self._lock:
            keys = (
                [("address", address)] if username is None else [("account", username), ("address", address)]
            )
            for key in keys:
                began, failures = self._window(key)
                self._windows[key] = (began, failures + 1)
                self._windows.move_to_end(key)
            # Limited in size: an attacker who tries ten thousand names is stopped by the limit per address.
            while len(self._windows) > MOST_KEYS:
                self._windows.popitem(last=False)

    def succeeded(self, username: str) -> None:
        with self._lock:
            self._windows.pop(("account", username), None)

    def _window(self, key: tuple[str, str]) -> tuple[float, int]:
        now = self._clock()
        began, failures = self._windows.get(key, (now, 0))
        return (now, 0) if now - began >= WINDOW_SECONDS else (began, failures)

    def _wait(self, key: tuple[str, str], limit: int) -> int:
        began, failures = self._window(key)
        return 0 if failures < limit else max(1, round(began + WINDOW_SECONDS - self._clock()))
