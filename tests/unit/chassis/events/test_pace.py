from __future__ import annotations

import pytest

from chassis.events.pace import (
    BUSY_FOR_SECONDS,
    BUSY_SECONDS,
    IDLE_FOR_SECONDS,
    IDLE_SECONDS,
    RESTING_SECONDS,
    Pace,
)

NOW = 1000.0


def looks(pace: Pace, since: float, until: float, *, found: int, took: float) -> list[float]:
    """Look whenever it is due, until a moment; when the looks began."""
    began, now = [], since
    while now < until:
        began.append(now)
        pace.looked(found, now, now + took)
        now = pace.due
    return began


def test_a_quick_look_that_finds_events_is_soon_repeated() -> None:
    pace = Pace(NOW)

    pace.looked(3, NOW, NOW + 0.001)

    assert pace.due == pytest.approx(NOW + 0.001 + BUSY_SECONDS)


@pytest.mark.parametrize("took", [0.001, 0.002, 0.005, 0.01])
def test_looks_in_vain_take_at_most_a_tenth_of_the_time(took: float) -> None:
    pace = Pace(NOW)

    began = looks(pace, NOW, NOW + BUSY_FOR_SECONDS, found=0, took=took)

    assert len(began) * took <= BUSY_FOR_SECONDS / 10 + took


def test_dealing_with_events_leaves_the_database_half_of_the_time() -> None:
    pace = Pace(NOW)

    began = looks(pace, NOW, NOW + 10, found=5, took=0.08)

    assert len(began) * 0.08 == pytest.approx(5, abs=0.2)


def test_however_long_a_look_took_the_next_one_is_soon() -> None:
    pace = Pace(NOW)

    pace.looked(10_000, NOW, NOW + 25)

    assert pace.due == pytest.approx(NOW + 25 + IDLE_SECONDS)


def test_a_collection_without_events_comes_to_rest_and_an_event_wakes_it() -> None:
    pace = Pace(NOW)
    looks(pace, NOW, NOW + BUSY_FOR_SECONDS + 1, found=0, took=0.001)
    idle = pace.due
    pace.looked(0, idle, idle + 0.001)
    assert pace.due - idle == pytest.approx(IDLE_SECONDS, abs=0.01)

    looks(pace, pace.due, NOW + IDLE_FOR_SECONDS + 1, found=0, took=0.001)
    resting = pace.due
    pace.looked(0, resting, resting + 0.001)
    assert pace.due - resting == pytest.approx(RESTING_SECONDS, abs=0.01)

    woken = pace.due
    pace.looked(1, woken, woken + 0.001)
    assert pace.due - woken == pytest.approx(BUSY_SECONDS, abs=0.01)
