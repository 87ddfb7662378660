"""Admits a request to its operation, or refuses it before anything of its body is read: who must be signed in
is, and the query has no name that the operation does not know. Both follow from the documentation of the
operation, so that nothing is promised there that is not checked here. It decides no permission.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import flask_smorest
from flask import Flask

from chassis.problems import COMMON, FieldError, Problem
from chassis.web.current import principal
from chassis.web.json_body import Request, current_request
from chassis.web.messages import MOST_ERRORS, Message, pointer

_UNKNOWN = Message(
    "unknown-parameter",
    "Không có tham số này. Hãy bỏ đi hoặc kiểm tra lại tên.",
    "There is no such parameter. Leave it out or check its name.",
)


@dataclass(frozen=True)
class Operation:
    """A method of a route. public: whether anybody may call it; query: the names that its query may have."""

    public: bool
    query: frozenset[str]


def register(app: Flask, blueprints: Sequence[flask_smorest.Blueprint]) -> None:
    """Check each request for an operation of these blueprints, which are registered with `app`."""
    operations = dict(_operations(blueprints))

    def admit() -> None:
        request = current_request()
        rule = request.url_rule
        if rule is None:
            return
        # Flask answers HEAD by GET and OPTIONS itself.
        method = "GET" if request.method == "HEAD" else request.method
        operation = operations.get((rule.endpoint, method))
        if operation is None:
            return
        if not operation.public:
            principal()
        if request.environ.get("QUERY_STRING"):
            _refuse_unknown(request, operation.query)

    app.before_request(admit)


def _refuse_unknown(request: Request, known: frozenset[str]) -> None:
    unknown = (name for name in request.args if name not in known)
    errors = [
        FieldError(pointer((name,), "query"), _UNKNOWN.code, _UNKNOWN.vi, str(_UNKNOWN))
        for name in islice(unknown, MOST_ERRORS)
    ]
    if errors:
        raise Problem(COMMON["validation-failed"], errors=errors)


def _operations(
    blueprints: Iterable[flask_smorest.Blueprint],
) -> Iterator[tuple[tuple[str, str], Operation]]:
    for blueprint in blueprints:
        for endpoint, methods in blueprint.documented_operations():
            for method, documented in methods.items():
                key = (f"{blueprint.name}.{endpoint}", method.upper())
                yield key, Operation(_is_public(documented), frozenset(_query_names(documented)))


def _is_public(documented: Mapping[str, Any]) -> bool:
    """As OpenAPI has it: without a word of its own an operation has the security of the whole document."""
    security = documented.get("manual_doc", {}).get("security")
    return security is not None and (not security or {} in security)


def _query_names(documented: Mapping[str, Any]) -> Iterator[str]:
    for parameter in documented.get("arguments", {}).get("parameters", ()):
        if parameter["in"] == "query":
            for name, field in parameter["schema"].load_fields.items():
                yield field.data_key or name
    for parameter in documented.get("manual_doc", {}).get("parameters", ()):
        if parameter["in"] == "query":
            yield parameter["name"]
