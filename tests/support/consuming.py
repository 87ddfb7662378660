"""Runs a consumer loop in a thread for a test, with a handler that records events and fails on demand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from chassis import tracing
from chassis.consumer.backoff import Backoff
from chassis.consumer.loop import ConsumerLoop
from chassis.events.codec import Event
from tests.support.messaging import Channel
from tests.support.processes import wait_until

QUICK = Backoff(first=0.05, longest=0.2)


class Recorder:
    """A handler: it first calls `fails` with the numbers of the batch, which may raise."""

    def __init__(self, fails: Callable[[list[int]], None] = lambda numbers: None) -> None:
        self.fails = fails
        self.calls: list[list[int]] = []
        self.handled: list[int] = []
        self.events: list[Event] = []
        self.traces: list[tracing.TraceContext | None] = []

    def __call__(self, events: Sequence[Event]) -> None:
        numbers = [event.data["n"] for event in events]
        self.calls.append(numbers)
        self.traces.append(tracing.current())
        self.fails(numbers)
        self.handled += numbers
        self.events += events


class Running:
    """A loop in its thread; `error` is the exception that ended it."""

    def __init__(self, loop: ConsumerLoop) -> None:
        self.loop = loop
        self.error: BaseException | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.loop.run(self._stop)
        except BaseException as error:  # handed to the test
            self.error = error

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


@contextmanager
def consuming(
    channel: Channel, handler: Callable[[Sequence[Event]], None], **options: Any
) -> Iterator[Running]:
    """A running member of the channel's group, stopped at the end of the block."""
    loop = ConsumerLoop(
        channel.settings,
        group=channel.group,
        topics=options.pop("topics", channel.topics),
        codec=options.pop("codec", channel.codec),
        handler=handler,
        backoff=QUICK,
        **options,
    )
    running = Running(loop)
    try:
        yield running
    finally:
        running.stop()


def wait_for(recorder: Recorder, numbers: Sequence[int], seconds: float = 30) -> None:
    wanted = set(numbers)
    wait_until(lambda: wanted <= set(recorder.handled), f"{len(wanted)} events are handled", seconds)
