"""Runs an API under gunicorn: a worker process with threads, or several. The application and its clients are
made after the fork, never in the parent.
"""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from chassis import shared_metrics
from chassis.bounded_socket import BoundedSocket
from chassis.settings import ServiceSettings
from chassis.web.health import EXTENSION

# Longer than the gateway's idle timeout, so that the server never closes a connection that the gateway uses.
KEEP_ALIVE_SECONDS = 150
# A worker whose main loop does not run for this long is replaced; slow requests in its threads do not count.
UNRESPONSIVE_SECONDS = 30
CONNECTIONS = 1000
# What is left of a body that was refused unread is taken from the connection, so that it serves on: as much
# as the gateway passes on, from a client that sends it in this time. Other connections are closed.
MOST_UNREAD_BYTES = 1024 * 1024
UNREAD_SECONDS = 5.0
# Requests allocate many short-lived containers; with the default of 700 the collector would run several times
# per request.
_YOUNG_OBJECTS = 20_000

_log = logging.getLogger(__name__)


class DrainingWorker(ThreadWorker):  # type: ignore[misc]
    """On SIGTERM, fails /readyz for `drain_seconds` while still serving, then shuts down gracefully. Slow
    clients cannot tie up its threads."""

    def init_process(self) -> None:
        self._stopping = False
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        # Objects that exist now live as long as the process; the collector need not visit them again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 20)

    def enqueue_req(self, conn: Any) -> None:
        if not isinstance(conn.sock, BoundedSocket):
            conn.sock = BoundedSocket.taking(conn.sock)
        super().enqueue_req(conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        # gunicorn stops at 64 KiB and closes, which may cost the client the answer that is on its way.
        deadline = time.monotonic() + UNREAD_SECONDS
        return bool(conn.parser.finish_body(deadline, MOST_UNREAD_BYTES)) and keepalive

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._stopping:
            return
        self._stopping = True
        # In a separate thread: a signal handler must not wait for locks that the interrupted code may hold.
        threading.Thread(target=self._drain, args=(sig,), name="drain", daemon=True).start()

    def _drain(self, sig: int) -> None:
        self.wsgi.extensions[EXTENSION].stop()
        _log.info("stopping", extra={"signal": signal.Signals(sig).name})
        threading.Event().wait(self.cfg.drain_seconds)
        super().handle_exit(sig, None)


class _Logger(Logger):  # type: ignore[misc]
    """Sends gunicorn's own messages to our log; its access log stays off."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.handlers.clear()
            log.propagate = True
        # gunicorn's warnings quote addresses and header lines of malformed requests.
        self.error_log.setLevel(logging.ERROR)


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, app_factory: Callable[[], Flask], settings: ServiceSettings) -> None:
        self._app_factory = app_factory
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in gunicorn_settings(self._settings).items():
            self.cfg.set(name, value)
        self.cfg.drain_seconds = drain_seconds(self._settings)

    def load(self) -> Flask:
        return self._app_factory()


def drain_seconds(settings: ServiceSettings) -> float:
    """At most half of the shutdown time: the rest is for the requests in flight."""
    return min(settings.drain_seconds, settings.shutdown_seconds / 2)


def gunicorn_settings(settings: ServiceSettings) -> dict[str, Any]:
    """The settings that differ from gunicorn's defaults."""
    memory = Path("/dev/shm")  # noqa: S108  (the heartbeat file; a slow disk must not make a worker look dead)
    return {
        "bind": settings.http_bind,
        "workers": settings.web_processes,
        "worker_class": "chassis.server.DrainingWorker",
        "threads": settings.web_threads,
        "worker_connections": CONNECTIONS,
        "timeout": UNRESPONSIVE_SECONDS,
        "graceful_timeout": max(1, round(settings.shutdown_seconds)),
        "keepalive": KEEP_ALIVE_SECONDS,
        "worker_tmp_dir": str(memory) if memory.is_dir() else None,
        "logger_class": _Logger,
        "accesslog": None,
        "control_socket_disable": True,
        "preload_app": False,
        "proc_name": "chassis-api",
        "child_exit": lambda server, worker: shared_metrics.forget(worker.pid),
        "on_exit": lambda server: shared_metrics.remove(),
    }


def run_api(app_factory: Callable[[], Flask], settings: ServiceSettings) -> None:
    """Serve until SIGTERM: fail readiness, drain, finish the requests in flight, exit 0. SIGINT stops at
    once.

    app_factory: called in the worker process. Raises SystemExit at the end.
    """
    # gunicorn would parse the arguments as its own options.
    sys.argv = sys.argv[:1]
    _Server(app_factory, settings).run()
