"""Limits failed sign-ins of people, per account and address together and per address. Kept in memory: a
restart forgets, which evaluation allows.

An account is never locked for everybody: who guesses from one address locks it there alone. Programs are
not counted: their secret is random and long (settings.py), and who could lock one out would stop the
platform.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 30
WINDOW_SECONDS = 15 * 60
MOST_KEYS = 10_000
# One subscriber has at least so many addresses of IPv6.
SUBSCRIBER_BITS = 64

_Key = tuple[str, str]


class Throttle:
    """Counts attempts in a window that begins with the first; a success takes its attempt back. clock:
    monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._windows: OrderedDict[_Key, tuple[float, int]] = OrderedDict()

    def begin(self, username: str, address: str) -> int:
        """Count an attempt before its password is checked, so that attempts at once cannot outrun the limit.
        0 when it may go on, else the seconds to wait; then nothing is counted."""
        account, network = _keys(username, address)
        with self._lock:
            wait = max(self._wait(account, ACCOUNT_FAILURES), self._wait(network, ADDRESS_FAILURES))
            if wait == 0:
                self._count(account)
                self._count(network)
            return wait

    def succeeded(self, username: str, address: str) -> None:
        """Take the attempt back, and with it the failures of the account at this address."""
        account, network = _keys(username, address)
        with self._lock:
            self._windows.pop(account, None)
            began, attempts = self._window(network)
            if attempts > 1:
                self._windows[network] = (began, attempts - 1)
            else:
                self._windows.pop(network, None)

    def _count(self, key: _Key) -> None:
        began, attempts = self._window(key)
        self._windows[key] = (began, attempts + 1)
        self._windows.move_to_end(key)
        # Limited in size: an attacker who tries ten thousand names is stopped by the limit per address.
        while len(self._windows) > MOST_KEYS:
            self._windows.popitem(last=False)

    def _window(self, key: _Key) -> tuple[float, int]:
        now = self._clock()
        began, attempts = self._windows.get(key, (now, 0))
        return (now, 0) if now - began >= WINDOW_SECONDS else (began, attempts)

    def _wait(self, key: _Key, limit: int) -> int:
        began, attempts = self._window(key)
        return 0 if attempts < limit else max(1, round(began + WINDOW_SECONDS - self._clock()))


def _keys(username: str, address: str) -> tuple[_Key, _Key]:
    network = _network(address)
    return (username, network), ("", network)


def _network(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(IPv6Address(int(known) >> SUBSCRIBER_BITS << SUBSCRIBER_BITS))
    return str(known)
