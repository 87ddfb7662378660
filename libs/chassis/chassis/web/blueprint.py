"""flask-smorest's blueprint with this chassis' way in: bounded JSON by orjson, and errors as problems with
pointers and codes. It changes nothing of the documentation that flask-smorest derives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import flask
import flask_smorest
import marshmallow as ma
from webargs import missing
from webargs.flaskparser import FlaskParser

from chassis.problems import COMMON, Problem
from chassis.web.json_body import Request, current_request
from chassis.web.messages import field_errors

V = TypeVar("V", bound=Callable[..., Any])

_DOCUMENTATION_ONLY = frozenset({"content_type", "required", "description", "example", "examples"})


class ProblemParser(FlaskParser):
    """webargs' parser that reads JSON through `Request.get_json` and raises Problem."""

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        return load_body(cast("Request", req))

    def handle_error(
        self,
        error: ma.ValidationError,
        req: flask.Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        raise validation_problem(error.messages_dict) from None


def load_body(request: Request) -> Any:
    """The JSON of the body, or `missing` without one: an optional body stays possible, and of a required one
    the schema says what is missing."""
    return request.get_json() if request.has_body else missing


def validation_problem(by_location: Mapping[str, Any]) -> Problem:
    """The problem of what webargs gathers: {location: {field: messages}}."""
    errors = [
        found for location, messages in by_location.items() for found in field_errors(messages, location)
    ]
    return Problem(COMMON["validation-failed"], errors=errors)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """What a service makes its routes with; see flask-smorest for `arguments`, `response` and `doc`."""

    ARGUMENTS_PARSER = ProblemParser()

    if TYPE_CHECKING:
        # flask-smorest ships no types; these are its own methods as a service uses them.
        def route(self, rule: str, **options: Any) -> Callable[[V], V]: ...
        def response(self, status_code: int, schema: Any = None, **options: Any) -> Callable[[V], V]: ...
        def alt_response(
            self, status_code: int, response: Any = None, **options: Any
        ) -> Callable[[V], V]: ...
        @staticmethod
        def doc(**options: Any) -> Callable[[V], V]: ...

    def documented_operations(self) -> Iterator[tuple[str, Mapping[str, Mapping[str, Any]]]]:
        """Each endpoint with what its decorators say of each of its methods, by the method in lower case."""
        for endpoint, documented in self._docs.items():
            yield endpoint, {name: info for name, info in documented.items() if name != "parameters"}

    def arguments(
        self, schema: type[ma.Schema] | ma.Schema, *, location: str = "json", **kwargs: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """As flask-smorest's. A class of schema is made an instance here, once and not in each request."""
        instance = schema() if isinstance(schema, type) else schema
        documented: Callable[..., Callable[..., Any]] = super().arguments(
            instance, location=location, **kwargs
        )
        if location != "json" or not _DOCUMENTATION_ONLY.issuperset(kwargs):
            return documented

        def decorator(view: Callable[..., Any]) -> Callable[..., Any]:
            # The general parser looks at every option again for each request; a JSON body needs one load.
            @wraps(documented(view))
            def load_and_call(*args: Any, **kwargs: Any) -> Any:
                body = load_body(current_request())
                try:
                    data = instance.load({} if body is missing else body)
                except ma.ValidationError as error:
                    raise validation_problem({"json": error.messages}) from None
                return view(*args, data, **kwargs)

            return load_and_call

        return decorator
