"""Liveness, readiness and metrics."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from chassis.web.health import EXTENSION, Health
from tests.support.processes import wait_until
from tests.support.web_apps import example_app


def fine() -> None:
    return None


def broken() -> None:
    raise ConnectionError("mongodb://user:s3cret@db refused")


def test_alive_asks_nothing_of_the_outside() -> None:
    def forbidden() -> None:
        raise AssertionError("asked")

    answer = example_app(readiness={"mongo": forbidden}).test_client().get("/livez")

    assert (answer.status_code, answer.json) == (200, {"status": "ok"})


def test_ready_when_every_part_is() -> None:
    answer = example_app(readiness={"mongo": fine, "units": fine}).test_client().get("/readyz")

    assert (answer.status_code, answer.json) == (
        200,
        {"status": "ok", "parts": {"mongo": "ok", "units": "ok"}},
    )


def test_the_part_that_fails_is_named_without_its_error() -> None:
    answer = example_app(readiness={"mongo": broken, "units": fine}).test_client().get("/readyz")

    assert answer.status_code == 503
    assert answer.json == {
        "status": "unavailable",
        "parts": {"mongo": "failed: ConnectionError", "units": "ok"},
    }


def test_a_part_that_comes_back_is_ready_again() -> None:
    behaviour: list[Callable[[], None]] = [broken]
    health = Health({"mongo": lambda: behaviour[0]()})
    assert health.report() == (False, {"mongo": "failed: ConnectionError"})

    behaviour[0] = fine

    assert health.report() == (True, {"mongo": "ok"})


def test_a_part_that_hangs_is_not_waited_for_nor_asked_again() -> None:
    release, asked = threading.Event(), []

    def hang() -> None:
        asked.append(1)
        assert release.wait(10)

    health = Health({"kafka": hang, "mongo": fine}, seconds=0.05)

    assert health.report() == (False, {"kafka": "timeout", "mongo": "ok"})
    assert health.report() == (False, {"kafka": "timeout", "mongo": "ok"})
    assert asked == [1]
    release.set()
    wait_until(lambda: health.report()[0], "the part is ready again")


def test_a_stopping_process_is_not_ready_whatever_its_parts_say() -> None:
    app = example_app(readiness={"mongo": fine})
    client = app.test_client()
    assert client.get("/readyz").status_code == 200

    app.extensions[EXTENSION].stop()

    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        503,
        {"status": "unavailable", "parts": {"process": "stopping"}},
    )
    assert REGISTRY.get_sample_value("accepting_requests") == 0
    assert client.get("/livez").status_code == 200


@pytest.mark.parametrize(
    "name", ["http_request_seconds", "http_problems", "tokens_refused", "accepting_requests"]
)
def test_the_metrics_page_has_the_metrics_of_the_chassis(name: str) -> None:
    answer = example_app().test_client().get("/metrics")

    assert answer.content_type.startswith("text/plain")
    assert f"# TYPE {name}" in answer.text or f"# TYPE {name}_total" in answer.text
