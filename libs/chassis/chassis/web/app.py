"""Makes the Flask application of a service from its blueprints; the one place where the web parts meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import flask_smorest
from flask import Flask

from chassis.problems import Problem
from chassis.settings import ServiceSettings
from chassis.tokens import TokenVerifier


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """flask-smorest's blueprint with the chassis' parsing: orjson, limits, problems instead of aborts."""


def create_app(
    *,
    service: str,
    settings: ServiceSettings,
    version: str,
    blueprints: Sequence[flask_smorest.Blueprint],
    verifier: TokenVerifier,
    readiness: Mapping[str, Callable[[], None]],
    domain_errors: Callable[[Exception], Problem | None],
    title: str,
) -> Flask:
    """The application of a service.

    blueprints: registered as they are, so with /v1/... in their routes. readiness: name -> a check that raises
    when the part is not usable. domain_errors: the problem of a domain error, None for anything else.
    """
    raise NotImplementedError
