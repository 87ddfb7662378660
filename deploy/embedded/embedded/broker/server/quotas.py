"""Prevents one client from starving the others: rate limits per client, and a limit of request bytes in
memory for all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from embedded.broker.protocol.codec import Client

# A throttled client is paused at most this long at a time, so that it does not assume that the broker is
# dead.
MAX_PAUSE_SECONDS = 10.0
_BURST_SECONDS = 1.0
# Smaller requests are not worth counting.
_COUNTED_BYTES = 64 * 1024


class TokenBucket:
    """A token bucket. rate: tokens per second, 0 for no limit. The tokens of one second may be taken at once,
    and the balance may become negative.
    """

    __slots__ = ("_level", "_rate", "_updated")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = rate
        self._level = rate * _BURST_SECONDS
        self._updated = now

    def spend(self, tokens: float, now: float) -> float:
        """Take the tokens; returns the seconds until the balance is no longer negative, or 0."""
        if not self._rate:
            return 0.0
        self._refill(now)
        self._level -= tokens
        return max(-self._level / self._rate, 0.0)

    def is_full(self, now: float) -> bool:
        self._refill(now)
        return self._level >= self._rate * _BURST_SECONDS

    def _refill(self, now: float) -> None:
        earned = (now - self._updated) * self._rate
        self._level = min(self._level + earned, self._rate * _BURST_SECONDS)
        self._updated = now


@dataclass(frozen=True, slots=True)
class Rates:
    """Per second and client; 0 means no limit."""

    requests: float
    produce_bytes: float
    fetch_bytes: float


class _ClientBuckets:
    __slots__ = ("fetched", "produced", "requests")

    def __init__(self, rates: Rates, now: float) -> None:
        self.requests = TokenBucket(rates.requests, now)
        self.produced = TokenBucket(rates.produce_bytes, now)
        self.fetched = TokenBucket(rates.fetch_bytes, now)

    def is_idle(self, now: float) -> bool:
        return all(bucket.is_full(now) for bucket in (self.requests, self.produced, self.fetched))


class Quotas:
    """A client is identified by its address and client id, so its connections share their rates."""

    def __init__(self, rates: Rates, clock: Callable[[], float]) -> None:
        self._rates = rates
        self._clock = clock
        self._clients: dict[Client, _ClientBuckets] = {}

    def _buckets(self, client: Client) -> _ClientBuckets:
        buckets = self._clients.get(client)
        if buckets is None:
            buckets = self._clients[client] = _ClientBuckets(self._rates, self._clock())
        return buckets

    def produced(self, client: Client, size: int) -> float:
        """Count received bytes; returns the seconds that the client must pause."""
        return self._buckets(client).produced.spend(size, self._clock())

    def fetched(self, client: Client, size: int) -> float:
        return self._buckets(client).fetched.spend(size, self._clock())

    def requested(self, client: Client) -> float:
        """Count a request; returns the seconds that the client must pause for all its rates."""
        buckets, now = self._buckets(client), self._clock()
        pause = max(
            buckets.requests.spend(1, now), buckets.produced.spend(0, now), buckets.fetched.spend(0, now)
        )
        return min(pause, MAX_PAUSE_SECONDS)

    def forget_idle(self) -> None:
        """Drop clients whose balance is not negative, so that invented client ids do not accumulate."""
        now = self._clock()
        for client in [client for client, buckets in self._clients.items() if buckets.is_idle(now)]:
            del self._clients[client]


def throttle_ms(pause: float) -> int:
    """The pause as `throttle_time_ms` of a response."""
    return int(min(pause, MAX_PAUSE_SECONDS) * 1000)


class MemoryGate:
    """Limits the bytes of requests in memory; when it is full, further requests wait in a queue."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._held = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Hold `size` bytes while the block runs; a request over the capacity is admitted when no other is
        held."""
        if size < _COUNTED_BYTES:
            yield
            return
        await self._enter(size)
        try:
            yield
        finally:
            self._held -= size
            self._admit()

    async def _enter(self, size: int) -> None:
        if not self._line and self._has_room(size):
            self._held += size
            return
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((size, waiting))
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled():
                self._held -= size
                self._admit()
            raise

    def _has_room(self, size: int) -> bool:
        return self._held == 0 or self._held + size <= self._capacity

    def _admit(self) -> None:
        while self._line and (self._line[0][1].cancelled() or self._has_room(self._line[0][0])):
            size, waiting = self._line.popleft()
            if not waiting.done():
                self._held += size
                waiting.set_result(None)
