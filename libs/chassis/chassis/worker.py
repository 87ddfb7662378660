"""The `worker` role: consumers and background tasks as parts of one process, with health and metrics over
HTTP and a graceful stop. Parts fail apart: one that fails is started again, one that is parked waits for an
operator, and the others go on; see worker_parts.
"""

from __future__ import annotations

import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.consumer.backoff import Backoff
from chassis.consumer.loop import ConsumerLoop
from chassis.worker_parts import RESTARTS, Part, State

log = logging.getLogger(__name__)

# A thread that waits for an unavailable database gets so long to notice that it was cut off.
CUT_OFF_SECONDS = 2.0
# How soon a signal is noticed, and that every part is dead.
CHECK_SECONDS = 0.2


class UnknownPart(Exception):
    """There is no such part; known: those that there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no part {name}; there are {', '.join(known)}")


class WorkerSettings(Protocol):
    """The part of the settings that is needed here."""

    @property
    def worker_bind(self) -> str: ...
    @property
    def shutdown_seconds(self) -> float: ...


@dataclass(frozen=True)
class Task:
    """A thread of the worker; `run` returns soon after its event is set, and not before.

    idle_seconds: how long ago the thread last made progress, None for when it last looked at its event; one
    that hangs fails /livez.
    """

    name: str
    run: Callable[[threading.Event], None]
    idle_seconds: Callable[[], float] | None = None


class Worker:
    """Runs `consumers` and `tasks`, each in a thread of its own.

    settings: worker_bind, the address host:port of /livez, /readyz and /metrics; shutdown_seconds, the time
    that the threads get to finish. cut_off: closes what a thread may still wait for, such as the client of an
    unavailable database; called shortly before that time is over, if a thread has not finished by then.
    restarts: how long a part that failed waits for its next try.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        consumers: Sequence[ConsumerLoop],
        tasks: Sequence[Task],
        cut_off: Callable[[], None] = lambda: None,
        restarts: Backoff = RESTARTS,
    ) -> None:
        self._settings = settings
        self._cut_off = cut_off
        self._stopping = threading.Event()
        # A plain flag: a handler that took the lock of an event could wait for the thread that it interrupts.
        self._signalled = False
        self._parts = [_consumer_part(loop, restarts) for loop in consumers]
        self._parts += [
            Part(task.name, task.run, idle_seconds=task.idle_seconds, restarts=restarts) for task in tasks
        ]

    def only(self, names: Sequence[str]) -> Worker:
        """Keep these parts alone, for a process of their own: "consumer", "relay", "mail", "jobs", …
        Raises UnknownPart."""
        by_kind = {part.name.partition("-")[0]: part for part in self._parts}
        for name in names:
            if name not in by_kind:
                raise UnknownPart(name, tuple(by_kind))
        self._parts = [part for kind, part in by_kind.items() if kind in names]
        return self

    def run(self) -> int:
        """Block until SIGTERM or SIGINT; 0 after a graceful stop, 1 when every part is dead or one would not
        end."""
        server = _health_server(self._settings.worker_bind, self)
        listener = threading.Thread(target=server.serve_forever, name="health", daemon=True)
        listener.start()
        restore = self._take_signals()
        try:
            for part in self._parts:
                part.thread.start()
            log.info("worker started", extra={"parts": [part.name for part in self._parts]})
            dead = self._wait()
            self._stopping.set()
            for part in self._parts:
                part.stop.set()
            hanging = self._join()
        finally:
            restore()
            server.shutdown()
            server.server_close()
            listener.join()
        log.info("worker ended", extra={"dead": dead, "hanging": hanging})
        return 1 if dead or hanging else 0

    def stop(self) -> None:
        """Begin the graceful stop; `run` returns when it is done."""
        self._stopping.set()

    def states(self) -> dict[str, State]:
        """The state of each part by its name."""
        return {part.name: part.state() for part in self._parts}

    def ready(self) -> bool:
        """Whether no stop was asked for and every part runs. A parked one waits on purpose."""
        good = (State.RUNNING, State.PARKED)
        return not self._stopping.is_set() and all(state in good for state in self.states().values())

    def alive(self) -> bool:
        """Whether no part hangs or is dead for good, which a new process may mend."""
        bad = (State.HANGING, State.DEAD)
        return self._stopping.is_set() or not any(state in bad for state in self.states().values())

    def _wait(self) -> list[str]:
        """Until a stop is asked for, or every part is dead: then their names."""
        # With a timeout: a signal may arrive between Python's last check for signals and the wait.
        while not self._signalled and not self._stopping.wait(CHECK_SECONDS):
            states = self.states()
            if all(state is State.DEAD for state in states.values()):
                log.critical("every part of the worker is dead", extra={"parts": list(states)})
                return list(states)
        return []

    def _on_signal(self, number: int, frame: object) -> None:
        self._signalled = True

    def _join(self) -> list[str]:
        """The names of the threads that did not end in time."""
        seconds = self._settings.shutdown_seconds
        deadline = time.monotonic() + seconds
        if self._alive_at(deadline - min(CUT_OFF_SECONDS, seconds / 2)):
            # On a thread of its own: closing may wait for the very thing that is unavailable.
            threading.Thread(target=self._cut_off, name="cut-off", daemon=True).start()
        return self._alive_at(deadline)

    def _alive_at(self, deadline: float) -> list[str]:
        for part in self._parts:
            part.thread.join(max(0.0, deadline - time.monotonic()))
        return [part.name for part in self._parts if part.thread.is_alive()]

    def _take_signals(self) -> Callable[[], None]:
        """Stop on SIGTERM and SIGINT; returns what undoes it. Only the main thread may take signals."""
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        earlier = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        for number in earlier:
            signal.signal(number, self._on_signal)

        def restore() -> None:
            for number, handler in earlier.items():
                signal.signal(number, handler)

        return restore


def _consumer_part(loop: ConsumerLoop, restarts: Backoff) -> Part:
    return Part(
        loop.name,
        loop.run,
        parked=lambda: loop.parked,
        idle_seconds=loop.idle_seconds,
        restarts=restarts,
    )


def _health_server(bind: str, worker: Worker) -> ThreadingHTTPServer:
    address = urlsplit(f"//{bind}")

    class Handler(BaseHTTPRequestHandler):
        # A prober that stalls must not keep its thread.
        timeout = 5

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/metrics":
                self._answer(200, generate_latest(), CONTENT_TYPE_LATEST)
            elif path == "/livez":
                self._state(worker.alive())
            elif path == "/readyz":
                self._state(worker.ready())
            else:
                self._answer(404, b"not found\n", "text/plain")

        def _state(self, good: bool) -> None:
            body = {"status": "ok" if good else "unavailable", "parts": worker.states()}
            self._answer(200 if good else 503, json.dumps(body).encode(), "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Probes come every few seconds and are not worth a line."""

    server = ThreadingHTTPServer((address.hostname or "127.0.0.1", address.port or 0), Handler)
    server.daemon_threads = True
    return server
