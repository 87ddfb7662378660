"""Turns whatever ends a request into problem details; the only place that does. What is not foreseen is
logged with its trace and answered as `internal`, without a word of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

import flask
from flask import Flask, request
from pymongo.errors import ConnectionFailure, PyMongoError
from werkzeug.exceptions import HTTPException

from chassis import metrics, tracing
from chassis.problems import COMMON, MEDIA_TYPE, Problem, document
from chassis.web.current import language
from chassis.web.json_body import dump

RETRY_AFTER_SECONDS = 2

_log = logging.getLogger(__name__)

_BY_STATUS: Mapping[int, str] = {
    401: "not-authenticated",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    412: "version-conflict",
    413: "too-large",
    415: "unsupported-media-type",
    422: "validation-failed",
    428: "precondition-required",
    503: "unavailable",
}


def register(app: Flask, domain_errors: Callable[[Exception], Problem | None]) -> None:
    """Answer every error of `app` as a problem; redirects are none, and Flask answers them itself.

    domain_errors: the problem of a service's own error, or None.
    """

    def handle(error: Exception) -> flask.Response:
        return answer(problem_of(error, domain_errors))

    app.register_error_handler(Exception, handle)


def problem_of(error: Exception, domain_errors: Callable[[Exception], Problem | None]) -> Problem:
    """The problem that answers this error."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error)
    found = domain_errors(error)
    if found is not None:
        return found
    if isinstance(error, PyMongoError) and _is_outage(error):
        _log.warning("the database cannot be used", extra={"error_type": type(error).__name__})
        return Problem(COMMON["unavailable"])
    _log.error("a request failed unexpectedly", exc_info=error)
    return Problem(COMMON["internal"])


def answer(problem: Problem) -> flask.Response:
    """The response of a problem, in the client's language."""
    type_ = problem.type
    metrics.HTTP_PROBLEMS.labels(type_.code).inc()
    trace = tracing.current()
    tongue = language()
    trace_id = "" if trace is None else trace.trace_id
    body = dump(document(problem, tongue, instance=request.path, trace_id=trace_id))
    response = flask.Response(body, status=type_.status, content_type=MEDIA_TYPE)
    response.headers["Content-Language"] = tongue
    response.headers["Vary"] = "Accept-Language"
    if type_.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="sangkien"'
    if type_.status == 503:
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    response.headers.update(problem.headers)
    return response


def _of_http(error: HTTPException) -> Problem:
    status = error.code or 500
    code = _BY_STATUS.get(status, "internal" if status >= 500 else "bad-request")
    headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return Problem(COMMON[code], headers=headers)


def _is_outage(error: PyMongoError) -> bool:
    """Whether the same request may succeed later: no connection, no primary, too slow, or given up by the
    server with the advice to try again."""
    return (
        isinstance(error, ConnectionFailure)
        or error.timeout
        or error.has_error_label("TransientTransactionError")
        or error.has_error_label("RetryableWriteError")
    )
