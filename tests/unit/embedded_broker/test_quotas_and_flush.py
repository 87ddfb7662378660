from __future__ import annotations

import asyncio

import pytest

from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.protocol.codec import Client
from embedded.broker.server.quotas import (
    MAX_PAUSE_SECONDS,
    MemoryGate,
    Quotas,
    Rates,
    TokenBucket,
    throttle_ms,
)

KIB = 1024
CLIENT, OTHER = Client("host", "a"), Client("host", "b")


def test_a_second_of_the_rate_may_be_spent_at_once_and_the_rest_is_waited_for() -> None:
    bucket = TokenBucket(rate=100, now=0)

    assert bucket.spend(100, now=0) == 0
    assert bucket.spend(50, now=0) == 0.5
    assert bucket.spend(0, now=0.25) == 0.25
    assert bucket.spend(0, now=10) == 0


def test_no_rate_is_no_limit() -> None:
    assert TokenBucket(rate=0, now=0).spend(10**12, now=0) == 0


def test_each_client_has_rates_of_its_own() -> None:
    quotas = Quotas(Rates(requests=0, produce_bytes=100, fetch_bytes=100), clock=lambda: 0.0)
    assert quotas.produced(CLIENT, 300) == 2

    assert quotas.requested(CLIENT) == 2
    assert quotas.requested(OTHER) == 0
    assert quotas.fetched(OTHER, 150) == 0.5


def test_a_pause_is_never_so_long_that_the_client_takes_the_broker_for_dead() -> None:
    quotas = Quotas(Rates(0, 1, 0), clock=lambda: 0.0)

    pause = quotas.produced(CLIENT, 10**9)

    assert quotas.requested(CLIENT) == MAX_PAUSE_SECONDS
    assert throttle_ms(pause) == MAX_PAUSE_SECONDS * 1000


def test_clients_that_owe_nothing_are_forgotten() -> None:
    now = [0.0]
    quotas = Quotas(Rates(10, 10, 10), clock=lambda: now[0])
    quotas.produced(CLIENT, 50)
    quotas.produced(OTHER, 5)

    now[0] = 1.0
    quotas.forget_idle()
    assert set(quotas._clients) == {CLIENT}

    now[0] = 60.0
    quotas.forget_idle()
    assert not quotas._clients


def test_requests_wait_in_line_when_memory_is_full() -> None:
    async def scenario() -> list[str]:
        gate, order = MemoryGate(300 * KIB), []

        async def hold(name: str, size: int, release: asyncio.Event) -> None:
            async with gate.hold(size):
                order.append(f"{name} in")
                await release.wait()
            order.append(f"{name} out")

        releases = [asyncio.Event() for _ in range(3)]
        first = asyncio.create_task(hold("first", 200 * KIB, releases[0]))
        await asyncio.sleep(0)
        second = asyncio.create_task(hold("second", 200 * KIB, releases[1]))
        await asyncio.sleep(0)
        third = asyncio.create_task(hold("third", 80 * KIB, releases[2]))
        await asyncio.sleep(0)
        async with gate.hold(100):
            order.append("small in")
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        releases[0].set()
        releases[2].set()
        await asyncio.gather(first, third)
        return order

    assert asyncio.run(scenario()) == ["first in", "small in", "first out", "third in", "third out"]


def test_a_request_over_the_whole_memory_is_let_in_alone() -> None:
    async def scenario() -> bool:
        gate = MemoryGate(100 * KIB)
        async with gate.hold(500 * KIB):
            waiting = asyncio.create_task(gate._enter(70 * KIB))
            await asyncio.sleep(0)
            alone = not waiting.done()
        await waiting
        return alone

    assert asyncio.run(scenario())


class CountingFile:
    def __init__(self) -> None:
        self.flushes = 0

    def flush(self) -> None:
        self.flushes += 1


def test_concurrent_requests_share_a_flush_and_none_returns_before_it() -> None:
    async def scenario() -> int:
        flusher, file = Flusher(FsyncPolicy.ALWAYS), CountingFile()
        flusher.wrote(file)
        await asyncio.gather(*(flusher.settle() for _ in range(10)))
        await flusher.settle()
        return file.flushes

    assert asyncio.run(scenario()) == 1


def test_what_is_written_during_a_flush_waits_for_the_next_one() -> None:
    async def scenario() -> int:
        flusher, file = Flusher(FsyncPolicy.ALWAYS), CountingFile()
        flusher.wrote(file)
        running = asyncio.create_task(flusher.settle())
        await asyncio.sleep(0)
        flusher.wrote(file)
        await flusher.settle()
        await running
        return file.flushes

    assert asyncio.run(scenario()) == 2


@pytest.mark.parametrize(("policy", "flushes"), [(FsyncPolicy.INTERVAL, 0), (FsyncPolicy.NEVER, 0)])
def test_other_policies_acknowledge_without_a_flush(policy: FsyncPolicy, flushes: int) -> None:
    async def scenario() -> int:
        flusher, file = Flusher(policy), CountingFile()
        flusher.wrote(file)
        await flusher.settle()
        return file.flushes

    assert asyncio.run(scenario()) == flushes


def test_a_flush_that_fails_is_tried_again() -> None:
    class FailingOnce(CountingFile):
        def flush(self) -> None:
            super().flush()
            if self.flushes == 1:
                raise OSError("input/output error")

    async def scenario() -> int:
        flusher, file = Flusher(FsyncPolicy.ALWAYS), FailingOnce()
        flusher.wrote(file)
        with pytest.raises(OSError, match="input/output"):
            await flusher.settle()
        await flusher.settle()
        return file.flushes

    assert asyncio.run(scenario()) == 2
