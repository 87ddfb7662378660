"""How gunicorn is set up and told to stop; the running process is tested in tests/integration/chassis_web."""

from __future__ import annotations

import dataclasses
import gc
import logging
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from chassis import server
from chassis.server import DrainingWorker, drain_seconds, gunicorn_settings, run_api
from chassis.web.health import EXTENSION
from tests.support.processes import wait_until
from tests.support.web_apps import SETTINGS, example_app


def test_one_process_answers_by_threads_and_opens_no_control_socket() -> None:
    chosen = gunicorn_settings(dataclasses.replace(SETTINGS, web_threads=5, http_bind="127.0.0.1:8123"))

    assert (chosen["workers"], chosen["threads"], chosen["bind"]) == (1, 5, "127.0.0.1:8123")
    assert chosen["control_socket_disable"] is True
    assert chosen["preload_app"] is False


def test_there_are_as_many_processes_as_are_asked_for() -> None:
    assert gunicorn_settings(dataclasses.replace(SETTINGS, web_processes=3))["workers"] == 3


@pytest.mark.parametrize(("seconds", "whole"), [(10.0, 10), (0.3, 1), (2.6, 3)])
def test_the_time_to_stop_is_in_whole_seconds(seconds: float, whole: int) -> None:
    chosen = gunicorn_settings(dataclasses.replace(SETTINGS, shutdown_seconds=seconds))

    assert chosen["graceful_timeout"] == whole


def test_draining_leaves_half_of_the_time_to_the_requests_in_flight() -> None:
    assert drain_seconds(dataclasses.replace(SETTINGS, drain_seconds=8, shutdown_seconds=10)) == 5
    assert drain_seconds(dataclasses.replace(SETTINGS, drain_seconds=1, shutdown_seconds=10)) == 1


def test_the_heartbeat_needs_no_memory_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda path: False)

    assert gunicorn_settings(SETTINGS)["worker_tmp_dir"] is None


def test_the_application_is_made_when_the_worker_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Flask] = []
    served: list[Any] = []
    monkeypatch.setattr(sys, "argv", ["example", "api", "--threads=99"])
    monkeypatch.setattr(server._Server, "run", lambda application: served.append(application))

    def make() -> Flask:
        made.append(example_app())
        return made[-1]

    run_api(make, SETTINGS)

    (application,) = served
    assert made == []
    assert (application.cfg.threads, application.cfg.drain_seconds) == (SETTINGS.web_threads, 0.5)
    assert application.load() is made[0]


def test_gunicorns_own_messages_go_where_all_others_go() -> None:
    names = ("gunicorn.error", "gunicorn.access")
    before = [(log.handlers[:], log.propagate, log.level) for log in map(logging.getLogger, names)]
    try:
        log = server._Logger(Config())

        assert log.error_log.handlers == []
        assert log.error_log.propagate
        assert not log.error_log.isEnabledFor(logging.WARNING)
    finally:
        for name, (handlers, propagate, level) in zip(names, before, strict=True):
            log_ = logging.getLogger(name)
            log_.handlers[:], log_.propagate = handlers, propagate
            log_.setLevel(level)


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that reached gunicorn's own handling, in a worker that does not run."""
    signals: list[int] = []
    monkeypatch.setattr(ThreadWorker, "init_process", lambda worker: None)
    monkeypatch.setattr(ThreadWorker, "handle_exit", lambda worker, sig, frame: signals.append(sig))
    return signals


def worker_of(app: Flask) -> DrainingWorker:
    worker = DrainingWorker.__new__(DrainingWorker)
    worker.wsgi, worker.cfg = app, SimpleNamespace(drain_seconds=0.01)
    worker.init_process()
    return worker


def test_told_to_stop_a_worker_is_first_not_ready_and_then_stops_once(stopped: list[int]) -> None:
    app = example_app()
    worker = worker_of(app)

    worker.handle_exit(signal.SIGTERM, None)
    worker.handle_exit(signal.SIGTERM, None)

    wait_until(lambda: bool(stopped), "gunicorn stops")
    for thread in threading.enumerate():
        if thread.name == "drain":
            thread.join(5)
    assert app.extensions[EXTENSION].stopping
    assert stopped == [signal.SIGTERM]


@pytest.fixture
def _collector_set_back() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)
    gc.unfreeze()


@pytest.mark.usefixtures("_collector_set_back")
def test_what_a_worker_starts_with_is_left_out_of_collections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ThreadWorker, "load_wsgi", lambda worker: None)
    monkeypatch.setattr(ThreadWorker, "init_process", lambda worker: None)

    worker_of(example_app()).load_wsgi()

    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] > 700
