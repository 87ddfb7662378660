"""flask-smorest's blueprint with this chassis' way in: bounded JSON by orjson, and errors as problems with pointers
and codes. It changes nothing of the documentation that flask-smorest derives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import flask
import flask_smorest
import marshmallow as ma
from webargs import missing
from webargs.flaskparser import FlaskParser

from chassis.problems import COMMON, Problem
from chassis.web.messages import field_errors


class ProblemParser(FlaskParser):
    """webargs' parser that reads JSON through `Request.get_json` and raises Problem."""

    def load_json(self, req: flask.Request, schema: ma.Schema) -> Any:
        # Without a body an optional one stays possible: required fields then say what is missing.
        if not req.content_length and "HTTP_TRANSFER_ENCODING" not in req.environ:
            return missing
        return req.get_json()

    def handle_error(
        self,
        error: ma.ValidationError,
        req: flask.Request,
        schema: ma.Schema,
        *,
        error_status_code: int | None,
        error_headers: Mapping[str, str] | None,
    ) -> NoReturn:
        raise validation_problem(error) from None


def validation_problem(error: ma.ValidationError) -> Problem:
    """The problem of what webargs gathered: {location: {field: messages}}."""
    errors = [
        found
        for location, messages in error.messages_dict.items()
        for found in field_errors(messages, location)
    ]
    return Problem(COMMON["validation-failed"], errors=errors)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """What a service makes its routes with; see flask-smorest for `arguments`, `response` and `doc`."""

    ARGUMENTS_PARSER = ProblemParser()
