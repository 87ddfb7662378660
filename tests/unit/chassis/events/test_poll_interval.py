from __future__ import annotations

import pytest

from chassis.events.poll_interval import (
    BUSY_FOR_SECONDS,
    BUSY_SECONDS,
    IDLE_FOR_SECONDS,
    IDLE_SECONDS,
    RESTING_SECONDS,
    PollInterval,
)

NOW = 1000.0


def polls(interval: PollInterval, since: float, until: float, *, found: int, took: float) -> list[float]:
    """Poll whenever it is due, until a time; the times when the polls began."""
    began, now = [], since
    while now < until:
        began.append(now)
        interval.polled(found, now, now + took)
        now = interval.due
    return began


def test_a_quick_poll_that_finds_events_is_soon_repeated() -> None:
    interval = PollInterval(NOW)

    interval.polled(3, NOW, NOW + 0.001)

    assert interval.due == pytest.approx(NOW + 0.001 + BUSY_SECONDS)


@pytest.mark.parametrize("took", [0.001, 0.002, 0.005, 0.01])
def test_empty_polls_take_at_most_a_tenth_of_the_time(took: float) -> None:
    interval = PollInterval(NOW)

    began = polls(interval, NOW, NOW + BUSY_FOR_SECONDS, found=0, took=took)

    assert len(began) * took <= BUSY_FOR_SECONDS / 10 + took


def test_handling_events_leaves_the_database_half_of_the_time() -> None:
    interval = PollInterval(NOW)

    began = polls(interval, NOW, NOW + 10, found=5, took=0.08)

    assert len(began) * 0.08 == pytest.approx(5, abs=0.2)


def test_the_next_poll_is_soon_however_long_the_last_one_took() -> None:
    interval = PollInterval(NOW)

    interval.polled(10_000, NOW, NOW + 25)

    assert interval.due == pytest.approx(NOW + 25 + IDLE_SECONDS)


def test_a_collection_without_events_is_polled_seldom_until_one_arrives() -> None:
    interval = PollInterval(NOW)
    polls(interval, NOW, NOW + BUSY_FOR_SECONDS + 1, found=0, took=0.001)
    idle = interval.due
    interval.polled(0, idle, idle + 0.001)
    assert interval.due - idle == pytest.approx(IDLE_SECONDS, abs=0.01)

    polls(interval, interval.due, NOW + IDLE_FOR_SECONDS + 1, found=0, took=0.001)
    resting = interval.due
    interval.polled(0, resting, resting + 0.001)
    assert interval.due - resting == pytest.approx(RESTING_SECONDS, abs=0.01)

    woken = interval.due
    interval.polled(1, woken, woken + 0.001)
    assert interval.due - woken == pytest.approx(BUSY_SECONDS, abs=0.01)
