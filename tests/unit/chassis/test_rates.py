"""Token buckets: never more than the burst and what is regained, for any sequence of requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.rates import Buckets, Rate


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def buckets(rate: Rate, most: int = 100) -> tuple[Buckets, Clock]:
    clock = Clock()
    return Buckets(rate, clock, most), clock


def test_a_burst_is_granted_and_the_next_request_is_told_when_it_may_come() -> None:
    limit, clock = buckets(Rate(2.0, 3))

    grants = [limit.take("a") for _ in range(4)]

    assert [grant.allowed for grant in grants] == [True, True, True, False]
    assert [grant.remaining for grant in grants] == [2, 1, 0, 0]
    assert grants[3].seconds == pytest.approx(0.5)
    clock.now += grants[3].seconds
    assert limit.take("a").allowed
    assert not limit.take("a").allowed


def test_each_key_has_a_bucket_of_its_own() -> None:
    limit, _ = buckets(Rate(1.0, 1))

    assert [limit.take(key).allowed for key in ("a", "b", "a")] == [True, True, False]


def test_a_bucket_regains_no_more_than_its_burst() -> None:
    limit, clock = buckets(Rate(1.0, 2))
    limit.take("a")

    clock.now += 1_000_000

    assert [limit.take("a").allowed for _ in range(3)] == [True, True, False]


def test_memory_is_bounded_and_the_bucket_unused_longest_is_forgotten() -> None:
    limit, _ = buckets(Rate(0.001, 1), most=2)
    for key in ("a", "b"):
        limit.take(key)

    limit.take("c")

    assert not limit.take("b").allowed
    assert not limit.take("c").allowed
    assert limit.take("a").allowed


@given(
    st.floats(0.01, 1000),
    st.integers(1, 500),
    st.lists(st.floats(0, 5, allow_nan=False), max_size=200),
)
def test_no_sequence_of_requests_gets_more_than_the_burst_and_what_is_regained(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    limit, clock = buckets(Rate(per_second, burst))
    granted: list[float] = []

    for pause in pauses:
        clock.now += pause
        grant = limit.take("a")
        if grant.allowed:
            granted.append(clock.now)
        else:
            assert grant.seconds > 0
        assert 0 <= grant.remaining < burst

    for first in range(len(granted)):
        elapsed = granted[-1] - granted[first]
        assert len(granted) - first <= burst + elapsed * per_second + 1.01
