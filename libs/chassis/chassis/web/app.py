"""Makes the Flask application of a service from its blueprints; the one place where the web parts meet.
Around each request it keeps trace and request id, and writes one line and one measurement when it ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

import flask
import flask_smorest
from flask import Flask
from flask.sessions import NullSession, SessionInterface
from prometheus_client import Histogram
from werkzeug.routing import MapAdapter, Rule

from chassis import logs, metrics, tracing
from chassis.problems import Problem
from chassis.settings import ServiceSettings
from chassis.tokens import TokenVerifier
from chassis.web import admission, errors, health, limits, openapi
from chassis.web.blueprint import Blueprint
from chassis.web.current import VERIFIER
from chassis.web.json_body import OrjsonProvider, Request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

__all__ = ["Blueprint", "create_app"]

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._~+/=-]{8,128}", re.ASCII)
_UNMATCHED = "unmatched"


class _NoSession(SessionInterface):
    """There are no cookie sessions: whoever calls sends a token."""

    _none = NullSession()

    def open_session(self, app: Flask, request: object) -> NullSession:
        return self._none


class Application(Flask):
    """Flask with the parts of the chassis; made by `create_app`."""

    request_class = Request
    json_provider_class = OrjsonProvider
    session_interface = _NoSession()

    def __init__(self, service: str) -> None:
        super().__init__(service, static_folder=None, template_folder=None, root_path="/")
        self._seconds: dict[tuple[str, str, str], Histogram] = {}

    def create_url_adapter(self, request: flask.Request | None) -> MapAdapter | None:
        """Routes by path and method alone: no address is made from the host that a client claims."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "api", "/", "", "http", request.path, request.method)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        started = perf_counter()
        parent = tracing.parse(environ.get("HTTP_TRACEPARENT"))
        trace = tracing.new() if parent is None else tracing.child(parent)
        request_id = environ.get("HTTP_X_REQUEST_ID")
        if request_id is None or _SANE_REQUEST_ID.fullmatch(request_id) is None:
            request_id = trace.trace_id
        trace_token = tracing.set_current(trace)
        request_token = logs.request_id.set(request_id)
        status = "500"
        rule: Rule | None = None

        def answer(
            text: str, headers: list[tuple[str, str]], exc_info: Any = None
        ) -> Callable[[bytes], object]:
            nonlocal status, rule
            # Flask takes the request out of the environment before this method goes on.
            status, rule = text[:3], environ["werkzeug.request"].url_rule
            headers.append(("X-Request-ID", request_id))
            headers.append(("traceparent", tracing.header(trace)))
            headers.append(("X-Content-Type-Options", "nosniff"))
            headers.extend(environ.get(limits.RATE_LIMIT, ()))
            names = {name for name, _ in headers}
            if "Cache-Control" not in names:
                headers.append(("Cache-Control", "private, no-cache" if "ETag" in names else "no-store"))
            return start_response(text, headers, exc_info)

        try:
            return super().wsgi_app(environ, answer)
        finally:
            self._ended(environ["REQUEST_METHOD"], rule, status, perf_counter() - started)
            logs.request_id.reset(request_token)
            tracing.reset(trace_token)

    def _ended(self, method: str, rule: Rule | None, status: str, seconds: float) -> None:
        # Any word can be a method; one that no route takes must not make a series of its own.
        method, route = ("-", _UNMATCHED) if rule is None else (method, rule.rule)
        key = (method, route, status)
        series = self._seconds.get(key)
        if series is None:
            series = self._seconds[key] = metrics.HTTP_REQUEST_SECONDS.labels(*key)
        series.observe(seconds)
        if route not in health.PATHS:
            fields: dict[str, str | int | float] = {
                "method": method,
                "route": route,
                "status": int(status),
                "ms": round(seconds * 1000, 2),
            }
            logs.write_request(fields)


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

    blueprints: made with this module's Blueprint and registered as they are, so with /v1/... in their routes.
    Their operations need a sign-in unless they are documented with security=[].
    readiness: name -> a check that raises when the part is not usable. domain_errors: the problem of a domain
    error, None for anything else. settings: kept at app.config["SETTINGS"].
    """
    for blueprint in blueprints:
        if not isinstance(blueprint, Blueprint):
            raise TypeError(
                f"blueprint {blueprint.name!r} must be a chassis.web.Blueprint: its input is bounded"
            )
    app = Application(service)
    app.config["SETTINGS"] = settings
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.extensions[VERIFIER] = verifier
    errors.register(app, domain_errors)
    app.before_request(limits.Limits(settings).check)
    health.register(app, health.Health(readiness))
    openapi.register(app, service=service, title=title, version=version, blueprints=blueprints)
    admission.register(app, blueprints)
    return app
