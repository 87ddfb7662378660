"""The example application as a process, run like a service: `python -m tests.support.example_api api`."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path
from typing import Any

from flask import Flask, request

from chassis.bounded_socket import READ_SECONDS, BoundedSocket
from chassis.roles import Runnable, Service, main
from chassis.settings import ServiceSettings
from chassis.tokens import TokenVerifier
from chassis.web import Blueprint, create_app, principal
from tests.support.web_apps import domain_errors, example_blueprint

_log = logging.getLogger("example")


def process_blueprint() -> Blueprint:
    routes = Blueprint("process", "process", url_prefix="/v1/process")
    made_in = os.getpid()

    @routes.route("/origin")
    @routes.doc(security=[])
    def origin() -> Any:
        return {"made_in": made_in, "served_by": os.getpid()}

    @routes.route("/held")
    @routes.doc(security=[], parameters=[{"in": "query", "name": name} for name in ("begun", "until")])
    def held() -> Any:
        """Answers once the test has created the file `until`; creates the file `begun` when it starts."""
        Path(request.args["begun"]).touch()
        deadline = time.monotonic() + 30
        while not Path(request.args["until"]).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return {"held": True}

    @routes.route("/greeting")
    @routes.doc(parameters=[{"in": "query", "name": "phone"}])
    def greeting() -> Any:
        who = principal()
        _log.info("greeted", extra={"grants": len(who.grants), "name_": who.name and "known"})
        return {"name": who.name}

    @routes.route("/failure")
    def failure() -> Any:
        raise RuntimeError(f"not for {principal().name}")

    return routes


def api(settings: ServiceSettings) -> Flask:
    if os.environ.get("EXAMPLE_BROKEN"):
        raise RuntimeError("cannot be made")
    BoundedSocket.read_seconds = float(os.environ.get("EXAMPLE_READ_SECONDS", READ_SECONDS))
    verifier = TokenVerifier(
        issuer=settings.oidc_issuer, audience=settings.oidc_audience, jwks_url=settings.oidc_jwks_url
    )
    return create_app(
        service="example",
        settings=settings,
        version="1",
        blueprints=[example_blueprint(), process_blueprint()],
        verifier=verifier,
        readiness={"always": lambda: None},
        domain_errors=domain_errors,
        title="Example",
    )


def no_worker(settings: ServiceSettings) -> Runnable:
    raise NotImplementedError


SERVICE = Service(
    name="example", settings_class=ServiceSettings, api=api, worker=no_worker, migrate=lambda settings: None
)

if __name__ == "__main__":
    sys.exit(main(SERVICE))
