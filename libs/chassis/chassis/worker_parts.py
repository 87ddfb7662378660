"""One part of a worker: a thread that keeps running one loop. It knows whether the loop makes progress, and
starts it again with backoff when it fails. It never touches the other parts.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from enum import StrEnum

from chassis import metrics
from chassis.consumer.backoff import Backoff
from chassis.consumer.loop import MAX_POLL_INTERVAL_MS

log = logging.getLogger(__name__)

# A loop that neither waits nor looks at its stop event for so long hangs; a consumer's group waits as long.
HANGING_SECONDS = MAX_POLL_INTERVAL_MS / 1000
# A loop that has run for so long since its last failure is well again.
STEADY_SECONDS = 60.0
# A part that has not been well for so long is dead for good: a new process may help, another try will not.
HOPELESS_SECONDS = 300.0
RESTARTS = Backoff(first=1.0, longest=60.0)


class State(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    PARKED = "parked"
    FAILING = "failing"
    HANGING = "hanging"
    DEAD = "dead"
    ENDED = "ended"


class PartStop(threading.Event):
    """The stop event of one part. Its loop looks at it again and again, so that it also shows progress: no
    loop has to report any."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._owner: int | None = None
        self._waiting = False
        self._progress = monotonic()

    def own(self) -> None:
        """Only the thread that calls this shows progress; others of the part may look as well."""
        self._owner = threading.get_ident()
        self._progress = self._monotonic()

    def idle_seconds(self) -> float:
        """Seconds since the loop looked here last; 0 while it waits here on purpose."""
        return 0.0 if self._waiting else self._monotonic() - self._progress

    def is_set(self) -> bool:
        if threading.get_ident() == self._owner:
            self._progress = self._monotonic()
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        if threading.get_ident() != self._owner:
            return super().wait(timeout)
        self._waiting = True
        try:
            return super().wait(timeout)
        finally:
            self._progress = self._monotonic()
            self._waiting = False


class Part:
    """run: the loop; it returns soon after its event is set, and not before. parked: why it waits for an
    operator, None while it works. idle_seconds: how long it made no progress; None for what its stop event
    shows.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[threading.Event], None],
        *,
        parked: Callable[[], object | None] = lambda: None,
        idle_seconds: Callable[[], float] | None = None,
        restarts: Backoff = RESTARTS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.stop = PartStop(monotonic)
        self._run = run
        self._parked = parked
        self._idle_seconds = idle_seconds or self.stop.idle_seconds
        self._restarts = restarts
        self._monotonic = monotonic
        self._began: float | None = None
        self._failures = 0
        self._failing_since: float | None = None
        self.thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def state(self) -> State:
        if self.thread.ident is None:
            return State.STARTING
        if not self.thread.is_alive():
            return State.ENDED if self.stop.is_set() else State.DEAD
        now = self._monotonic()
        well = self._began is not None and now - self._began >= STEADY_SECONDS
        if self._failing_since is not None and not well:
            hopeless = now - self._failing_since >= HOPELESS_SECONDS
            return State.DEAD if hopeless else State.FAILING
        if self._began is not None and self._idle_seconds() >= HANGING_SECONDS:
            return State.HANGING
        return State.RUNNING if self._parked() is None else State.PARKED

    def _keep(self) -> None:
        self.stop.own()
        while not self.stop.is_set():
            self._began = self._monotonic()
            metrics.WORKER_THREAD_UP.labels(self.name).set(1)
            try:
                self._run(self.stop)
            except Exception as error:  # the top of a thread: counted, logged, and tried again
                extra = {"part": self.name, "error": type(error).__name__}
                log.critical("a part of the worker failed", extra=extra, exc_info=True)
            else:
                if self.stop.is_set():
                    break
                log.critical("a part of the worker ended early", extra={"part": self.name})
            finally:
                metrics.WORKER_THREAD_UP.labels(self.name).set(0)
            self._wait_to_restart(self._began)

    def _wait_to_restart(self, began: float) -> None:
        now = self._monotonic()
        if now - began >= STEADY_SECONDS:
            self._failures, self._failing_since = 0, None
        self._failures += 1
        self._failing_since = now if self._failing_since is None else self._failing_since
        self._began = None
        metrics.WORKER_RESTARTS.labels(self.name).inc()
        self.stop.wait(self._restarts.seconds(self._failures))
