"""/livez, /readyz and /metrics. Liveness never touches the outside; readiness asks each part under a short
deadline and says which one fails, without its error text.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

import flask
from flask import Flask
from prometheus_client import CONTENT_TYPE_LATEST

from chassis import metrics, shared_metrics
from chassis.web.json_body import dump

EXTENSION = "chassis.health"
PATHS = frozenset({"/livez", "/readyz", "/metrics"})
CHECK_SECONDS = 2.0

_log = logging.getLogger(__name__)


class _Check:
    """One check in a thread of its own at a time: a hanging one is left behind, and not started again before
    it ends."""

    def __init__(self, name: str, run: Callable[[], None]) -> None:
        self._name = name
        self._run = run
        self._thread = threading.Thread()
        self._result = "ok"

    def begin(self) -> None:
        if not self._thread.is_alive():
            self._thread = threading.Thread(target=self._work, name=f"ready-{self._name}", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        try:
            self._run()
        except (
            Exception
        ) as error:  # a check may fail in any way; it is counted as not ready and logged on change
            self._result = f"failed: {type(error).__name__}"
        else:
            self._result = "ok"

    def result(self, deadline: float) -> str:
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return "timeout" if self._thread.is_alive() else self._result


class Health:
    """Whether this process may be given requests. checks: name -> raises when the part is not usable."""

    def __init__(self, checks: Mapping[str, Callable[[], None]], seconds: float = CHECK_SECONDS) -> None:
        self._checks = {name: _Check(name, run) for name, run in checks.items()}
        self._seconds = seconds
        self._lock = threading.Lock()
        self._last: dict[str, str] = {}
        self.stopping = False
        metrics.ACCEPTING_REQUESTS.set(1)

    def stop(self) -> None:
        """From now on not ready, whatever the checks say."""
        self.stopping = True
        metrics.ACCEPTING_REQUESTS.set(0)

    def report(self) -> tuple[bool, dict[str, str]]:
        """(ready, part -> "ok" | "timeout" | "failed: <kind>")."""
        if self.stopping:
            return False, {"process": "stopping"}
        with self._lock:
            deadline = time.monotonic() + self._seconds
            for check in self._checks.values():
                check.begin()
            parts = {name: check.result(deadline) for name, check in self._checks.items()}
            if parts != self._last:
                _log.info("readiness changed", extra={"parts": parts})
                self._last = parts
        return all(result == "ok" for result in parts.values()), parts


def register(app: Flask, health: Health) -> None:
    """Add the three pages to `app`."""
    app.extensions[EXTENSION] = health

    def livez() -> flask.Response:
        return flask.Response(b'{"status":"ok"}', mimetype="application/json")

    def readyz() -> flask.Response:
        ready, parts = health.report()
        body = dump({"status": "ok" if ready else "unavailable", "parts": parts})
        return flask.Response(body, status=200 if ready else 503, mimetype="application/json")

    def metrics_page() -> flask.Response:
        return flask.Response(shared_metrics.page(), content_type=CONTENT_TYPE_LATEST)

    app.add_url_rule("/livez", "livez", livez)
    app.add_url_rule("/readyz", "readyz", readyz)
    app.add_url_rule("/metrics", "metrics", metrics_page)
