"""Runs an API under gunicorn: one worker process with threads. The application and its clients are made after the
fork, never in the parent.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from chassis.settings import ServiceSettings


def run_api(app_factory: Callable[[], Flask], settings: ServiceSettings) -> None:
    """Serve until SIGTERM or SIGINT: readiness off, drain, finish the requests in flight, exit 0."""
    raise NotImplementedError
