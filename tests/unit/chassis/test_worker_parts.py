"""One part of a worker: whether it makes progress, and when it counts as failing or dead for good."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chassis.consumer.backoff import Backoff
from chassis.worker_parts import HANGING_SECONDS, HOPELESS_SECONDS, STEADY_SECONDS, Part, PartStop, State
from tests.support.processes import wait_until


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def running(part: Part, release: Callable[[], None] = lambda: None) -> Iterator[Part]:
    part.thread.start()
    try:
        yield part
    finally:
        part.stop.set()
        release()
        part.thread.join(10)
        assert not part.thread.is_alive()


def part(run: Callable[[threading.Event], None], clock: Clock) -> Part:
    return Part("relay", run, restarts=Backoff(first=0.01, longest=0.01), monotonic=clock)


def looping(stop: threading.Event) -> None:
    while not stop.is_set():
        stop.wait(0.01)


def test_a_loop_that_is_stuck_in_a_call_hangs_and_one_that_waits_on_purpose_does_not() -> None:
    clock, inside, release = Clock(), threading.Event(), threading.Event()

    def stuck(stop: threading.Event) -> None:
        stop.is_set()
        inside.set()
        release.wait(30)

    with running(part(stuck, clock), release.set) as hanging, running(part(_wait, clock)) as idle:
        assert inside.wait(10)
        wait_until(lambda: idle.stop.idle_seconds() == 0, "the other one waits")
        assert hanging.state() is State.RUNNING

        clock.now += HANGING_SECONDS

        assert hanging.state() is State.HANGING
        assert idle.state() is State.RUNNING


def _wait(stop: threading.Event) -> None:
    stop.wait()


def test_another_thread_of_the_part_does_not_show_progress_for_it() -> None:
    clock = Clock()
    stop = PartStop(clock)
    stop.own()

    clock.now += 50
    other = threading.Thread(target=lambda: (stop.is_set(), stop.wait(0)))
    other.start()
    other.join()

    assert stop.idle_seconds() == 50
    assert not stop.is_set()
    assert stop.idle_seconds() == 0


def test_a_part_that_is_never_well_is_failing_and_in_the_end_dead_for_good() -> None:
    clock = Clock()
    tries: list[int] = []

    def dies(stop: threading.Event) -> None:
        tries.append(1)
        raise RuntimeError("lost")

    with running(part(dies, clock)) as failing:
        wait_until(lambda: len(tries) > 3, "it is tried again and again")
        assert failing.state() is State.FAILING

        clock.now += HOPELESS_SECONDS
        assert failing.state() is State.DEAD

        seen = len(tries)
        wait_until(lambda: len(tries) > seen, "it is tried even so")


def test_a_part_that_has_run_for_a_while_after_a_failure_is_well_again() -> None:
    clock = Clock()
    tries: list[int] = []

    def dies_once(stop: threading.Event) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError("lost")
        looping(stop)

    with running(part(dies_once, clock)) as mended:
        wait_until(lambda: len(tries) == 2, "it is started again")
        assert mended.state() is State.FAILING

        clock.now += STEADY_SECONDS

        wait_until(lambda: mended.state() is State.RUNNING, "it is well")


# What ends the thread here is what the test is about.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_is_gone_is_dead_before_a_stop_and_ended_after() -> None:
    def leaves(stop: threading.Event) -> None:
        raise SystemExit

    gone = part(leaves, Clock())
    assert gone.state() is State.STARTING
    gone.thread.start()
    gone.thread.join(10)

    assert gone.state() is State.DEAD
    gone.stop.set()
    assert gone.state() is State.ENDED


@pytest.mark.parametrize("well", [True, False])
def test_what_is_parked_is_shown_only_while_it_is(well: bool) -> None:
    parked = Part("consumer", looping, parked=lambda: None if well else "poison")

    with running(parked):
        wait_until(lambda: parked.state() is not State.STARTING, "it runs")
        assert parked.state() is (State.RUNNING if well else State.PARKED)
