"""The `worker` role: consumers and background tasks as threads of one process, with health and metrics over
HTTP and a graceful stop. It restarts nothing: a dead thread ends the process, which the supervisor starts
anew.
"""

from __future__ import annotations

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

from chassis import metrics
from chassis.consumer.loop import MAX_POLL_INTERVAL_MS, ConsumerLoop

log = logging.getLogger(__name__)

# A thread that waits for a database that is away gets so long to notice that it was cut off.
CUT_OFF_SECONDS = 2.0
# How long a signal may go unnoticed.
SIGNAL_SECONDS = 0.2


class WorkerSettings(Protocol):
    """The part of the settings that is needed here."""

    @property
    def worker_bind(self) -> str: ...
    @property
    def shutdown_seconds(self) -> float: ...


@dataclass(frozen=True)
class Task:
    """A thread of the worker; `run` returns soon after its event is set, and not before.

    idle_seconds: how long ago the thread last showed that it gets on; one that is stuck fails /livez.
    """

    name: str
    run: Callable[[threading.Event], None]
    idle_seconds: Callable[[], float] = lambda: 0.0


class Worker:
    """Runs `consumers` and `tasks`, each in a thread of its own.

    settings: worker_bind, the address host:port of /livez, /readyz and /metrics; shutdown_seconds, the time
    that the threads get to finish. cut_off: closes what a thread may still wait for, such as the client of a
    database that is away; called shortly before that time is over, if a thread has not finished by then.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        *,
        consumers: Sequence[ConsumerLoop],
        tasks: Sequence[Task],
        cut_off: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._cut_off = cut_off
        self._heartbeats = [
            *(loop.idle_seconds for loop in consumers),
            *(task.idle_seconds for task in tasks),
        ]
        self._stop = threading.Event()
        # Set when there is something to look at: a signal, or the end of a thread.
        self._wake = threading.Event()
        # A plain flag: a handler that took the lock of an event could wait for the thread that it interrupts.
        self._signalled = False
        self._failed: list[str] = []
        runs = [(loop.name, loop.run) for loop in consumers] + [(task.name, task.run) for task in tasks]
        self._threads = [
            threading.Thread(target=self._guard, args=(name, run), name=name, daemon=True)
            for name, run in runs
        ]

    def run(self) -> int:
        """Block until SIGTERM or SIGINT; 0 after a graceful stop, 1 when a thread died or would not end."""
        server = _health_server(self._settings.worker_bind, self)
        listener = threading.Thread(target=server.serve_forever, name="health", daemon=True)
        listener.start()
        restore = self._take_signals()
        try:
            for thread in self._threads:
                metrics.WORKER_THREAD_UP.labels(thread.name).set(1)
                thread.start()
            log.info("worker started", extra={"threads": [thread.name for thread in self._threads]})
            # With a timeout: a signal may arrive between Python's last check for signals and the wait.
            while not self._signalled and not self._wake.wait(SIGNAL_SECONDS):
                pass
            self._stop.set()
            hanging = self._join()
        finally:
            restore()
            server.shutdown()
            server.server_close()
            listener.join()
        log.info("worker ended", extra={"failed": self._failed, "hanging": hanging})
        return 1 if self._failed or hanging else 0

    def stop(self) -> None:
        """Begin the graceful stop; `run` returns when it is done."""
        self._stop.set()
        self._wake.set()

    def ready(self) -> bool:
        """Whether all threads run and no stop was asked for."""
        return not self._stop.is_set() and all(thread.is_alive() for thread in self._threads)

    def alive(self) -> bool:
        """Whether no part is stuck for longer than a consumer's group waits for its handler."""
        return all(idle_seconds() * 1000 < MAX_POLL_INTERVAL_MS for idle_seconds in self._heartbeats)

    def _on_signal(self, number: int, frame: object) -> None:
        self._signalled = True

    def _guard(self, name: str, run: Callable[[threading.Event], None]) -> None:
        try:
            run(self._stop)
        except Exception as error:  # the top of a thread: counted, logged, and the process ends
            log.critical("thread died", extra={"task": name, "error": type(error).__name__}, exc_info=True)
            self._failed.append(name)
        else:
            if not self._stop.is_set():
                log.critical("thread ended by itself", extra={"task": name})
                self._failed.append(name)
        finally:
            metrics.WORKER_THREAD_UP.labels(name).set(0)
            self._wake.set()

    def _join(self) -> list[str]:
        """The names of the threads that did not end in time."""
        seconds = self._settings.shutdown_seconds
        deadline = time.monotonic() + seconds
        if self._alive_at(deadline - min(CUT_OFF_SECONDS, seconds / 2)):
            # On a thread of its own: closing may wait for the very thing that is away.
            threading.Thread(target=self._cut_off, name="cut-off", daemon=True).start()
        return self._alive_at(deadline)

    def _alive_at(self, deadline: float) -> list[str]:
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return [thread.name for thread in self._threads if thread.is_alive()]

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
            self._answer(200 if good else 503, b"ok\n" if good else b"unavailable\n", "text/plain")

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
