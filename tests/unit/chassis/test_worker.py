"""The worker: its threads, its health over HTTP, and how it ends."""

from __future__ import annotations

import os
import signal
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from chassis.consumer.backoff import Backoff
from chassis.worker import Task, UnknownPart, Worker
from chassis.worker_parts import State
from tests.support.messaging import MessagingSettings
from tests.support.processes import free_port, wait_until


class Started:
    """A worker that runs in a thread."""

    def __init__(self, worker: Worker, port: int) -> None:
        self.worker = worker
        self.port = port
        self.code: int | None = None
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        self.code = self.worker.run()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}") as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@contextmanager
def started(
    *tasks: Task, consumers: Any = (), shutdown_seconds: float = 5, only: Sequence[str] | None = None
) -> Iterator[Started]:
    port = free_port()
    settings = MessagingSettings("x:1", worker_bind=f"127.0.0.1:{port}", shutdown_seconds=shutdown_seconds)
    worker = Worker(settings, consumers=consumers, tasks=tasks, restarts=Backoff(first=0.01))
    running = Started(worker if only is None else worker.only(only), port)
    try:
        yield running
    finally:
        running.worker.stop()
        running.thread.join(20)


def waits(stop: threading.Event) -> None:
    stop.wait()


class FakeLoop:
    def __init__(self) -> None:
        self.name = "consumer-test"
        self.idle = 0.0
        self.parked: object | None = None

    def run(self, stop: threading.Event) -> None:
        stop.wait()

    def idle_seconds(self) -> float:
        return self.idle


def test_it_is_healthy_while_its_threads_run_and_shows_metrics() -> None:
    with started(Task("relay", waits)) as running:
        wait_until(running.worker.ready, "it is ready")

        said = (200, '{"status": "ok", "parts": {"relay": "running"}}')
        assert running.get("/livez") == said
        assert running.get("/readyz") == said
        assert 'worker_thread_up{thread="relay"} 1.0' in running.get("/metrics")[1]
        assert running.get("/other")[0] == 404


def test_a_stop_ends_every_thread_with_success() -> None:
    ended: list[str] = []

    def ends(stop: threading.Event) -> None:
        stop.wait()
        ended.append("a")

    with started(Task("a", ends), Task("b", waits)) as running:
        wait_until(running.worker.ready, "it is ready")

    assert running.code == 0
    assert ended == ["a"]
    assert not running.worker.ready()


def dies(stop: threading.Event) -> None:
    raise RuntimeError("lost")


@pytest.mark.parametrize("fails", [dies, lambda stop: None], ids=["an error", "an early end"])
def test_a_part_that_fails_is_started_again_and_the_others_go_on(
    fails: Callable[[threading.Event], None],
) -> None:
    tries: list[int] = []

    def fails_twice(stop: threading.Event) -> None:
        tries.append(1)
        if len(tries) < 3:
            return fails(stop)
        waits(stop)

    with started(Task("relay", fails_twice), Task("mail", waits)) as running:
        wait_until(lambda: len(tries) == 3, "the third try runs")

        assert running.worker.states()["mail"] is State.RUNNING
        assert running.get("/livez")[0] == 200
        # It has to be well for a while before it counts as well.
        assert running.get("/readyz") == (
            503,
            '{"status": "unavailable", "parts": {"relay": "failing", "mail": "running"}}',
        )

    assert running.code == 0


def test_a_parked_consumer_is_shown_and_the_others_go_on() -> None:
    loop = FakeLoop()
    loop.parked = "poison"

    with started(Task("relay", waits), consumers=[loop]) as running:
        wait_until(running.worker.ready, "it is ready")

        parts = '"parts": {"consumer-test": "parked", "relay": "running"}'
        assert running.get("/readyz") == (200, '{"status": "ok", ' + parts + "}")
        assert running.get("/livez")[0] == 200

    assert running.code == 0


def test_it_is_not_alive_while_any_part_hangs_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.worker_parts.HANGING_SECONDS", 0.2)
    release = threading.Event()
    worked: list[int] = []

    def works(stop: threading.Event) -> None:
        while not stop.wait(0.01):
            worked.append(1)

    with started(Task("mail", lambda stop: _wait(release)), Task("relay", works)) as running:
        wait_until(lambda: running.worker.states()["mail"] is State.HANGING, "the mail hangs")
        assert running.get("/livez")[0] == 503
        assert not running.worker.ready()

        before = len(worked)
        wait_until(lambda: len(worked) > before, "the relay goes on")
        release.set()


def test_a_worker_of_which_every_part_is_dead_ends_with_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chassis.worker_parts.HOPELESS_SECONDS", 0.0)

    with started(Task("relay", dies), Task("mail", dies)) as running:
        running.thread.join(20)

        assert running.code == 1


def test_one_part_can_run_alone() -> None:
    ran: list[str] = []

    def notes(name: str) -> Task:
        def runs(stop: threading.Event) -> None:
            ran.append(name)
            waits(stop)

        return Task(name, runs)

    loop = FakeLoop()
    with started(notes("relay"), notes("mail"), consumers=[loop], only=["relay", "consumer"]) as running:
        wait_until(running.worker.ready, "it is ready")
        assert set(running.worker.states()) == {"relay", "consumer-test"}

    assert ran == ["relay"]
    with pytest.raises(UnknownPart, match="there is no part post; there are relay"):
        Worker(MessagingSettings("x:1"), consumers=[], tasks=[Task("relay", waits)]).only(["post"])


def test_a_thread_that_will_not_end_is_a_failure() -> None:
    release = threading.Event()

    def hangs(stop: threading.Event) -> None:
        release.wait(30)

    with started(Task("hangs", hangs), shutdown_seconds=0.1) as running:
        wait_until(running.worker.ready, "it is ready")
        running.worker.stop()
        running.thread.join(10)
        release.set()

    assert running.code == 1


def stopped(*, task: Callable[[threading.Event], None], cut_off: Callable[[], None]) -> int:
    """The exit code of a worker with one task that is told to stop as soon as it runs."""
    settings = MessagingSettings("x:1", worker_bind=f"127.0.0.1:{free_port()}", shutdown_seconds=4)
    worker = Worker(settings, consumers=[], tasks=[Task("relay", task)], cut_off=cut_off)
    worker.stop()
    return worker.run()


def test_a_thread_that_waits_for_what_is_away_is_cut_off_and_ends_in_time() -> None:
    closed = threading.Event()

    code = stopped(task=lambda stop: _wait(closed), cut_off=closed.set)

    assert closed.is_set()
    assert code == 0


def test_nothing_is_cut_off_when_every_thread_ends_by_itself() -> None:
    closed = threading.Event()

    code = stopped(task=waits, cut_off=closed.set)

    assert not closed.is_set()
    assert code == 0


def _wait(event: threading.Event) -> None:
    event.wait()


def test_it_is_not_alive_while_a_consumer_is_stuck() -> None:
    loop = FakeLoop()

    with started(consumers=[loop]) as running:
        wait_until(running.worker.ready, "it is ready")
        assert running.get("/livez")[0] == 200

        loop.idle = 400

        assert running.get("/livez")[0] == 503


def test_sigterm_stops_it_and_the_earlier_handlers_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    sent = threading.Event()

    def sends(stop: threading.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        sent.set()
        stop.wait()

    settings = MessagingSettings("x:1")
    code = Worker(settings, consumers=[], tasks=[Task("sends", sends)]).run()

    assert sent.is_set()
    assert code == 0
    assert signal.getsignal(signal.SIGTERM) is before


def test_it_is_not_alive_while_a_task_is_stuck() -> None:
    idle = 0.0

    with started(Task("jobs", waits, lambda: idle)) as running:
        wait_until(running.worker.ready, "it is ready")
        assert running.get("/livez")[0] == 200

        idle = 400

        assert running.get("/livez")[0] == 503


def test_a_signal_at_the_worst_moment_stops_it() -> None:
    """Within the wait, while its lock is held: Python runs the handler on this very thread."""
    settings = MessagingSettings("x:1", worker_bind=f"127.0.0.1:{free_port()}", shutdown_seconds=5)
    worker = Worker(settings, consumers=[], tasks=[Task("a", waits)])
    stopping = worker._stopping
    waited: list[float | None] = []

    class Interrupted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout)
            assert timeout is not None, "a signal just before an endless wait would never be noticed"
            with stopping._cond:  # type: ignore[attr-defined]
                os.kill(os.getpid(), signal.SIGTERM)
            return stopping.wait(timeout)

        def set(self) -> None:
            stopping.set()

    worker._stopping = Interrupted()

    assert worker.run() == 0
    assert len(waited) == 1
