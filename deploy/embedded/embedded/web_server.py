"""Serves a small Flask application of the embedded tools under gunicorn: one process with threads. The
application is created after the fork.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

ALLOW_VARIABLE = "EMBEDDED_ALLOW_NON_LOOPBACK"
THREADS = 8


class RefusedAddressError(Exception):
    """The address is reachable from other machines, which is not allowed."""


def require_loopback(bind: str) -> None:
    """Refuse an address that other machines can reach, unless EMBEDDED_ALLOW_NON_LOOPBACK=yes is set."""
    host = bind.rpartition(":")[0].strip("[]")
    try:
        loopback = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback and os.environ.get(ALLOW_VARIABLE) != "yes":
        raise RefusedAddressError(
            f"{bind} is not a loopback address, and this tool is for evaluation only; "
            f"bind to 127.0.0.1, or set {ALLOW_VARIABLE}=yes if you know that the network is closed"
        )


def serve(bind: str, make_app: Callable[[], Flask], on_stop: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT. `make_app` and `on_stop` run in the serving process."""
    _Server(bind, make_app, on_stop).run()


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    def __init__(self, bind: str, make_app: Callable[[], Flask], on_stop: Callable[[], None]) -> None:
        self._bind = bind
        self._make_app = make_app
        self._on_stop = on_stop
        super().__init__()

    def load_config(self) -> None:
        options: dict[str, Any] = {
            "bind": self._bind,
            "workers": 1,
            "threads": THREADS,
            "worker_class": "gthread",
            "graceful_timeout": 5,
            "control_socket_disable": True,
            "worker_exit": lambda server, worker: self._on_stop(),
            "limit_request_line": 8190,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make_app()
