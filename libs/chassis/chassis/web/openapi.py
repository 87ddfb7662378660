"""The OpenAPI 3.1 document of a service, from its blueprints by flask-smorest; served at /v1/openapi.json and
generated for contracts/openapi. It is built when it is first asked for, not at the start.
"""

from __future__ import annotations

import http
from collections.abc import Sequence
from functools import cache
from typing import Any

import flask
import flask_smorest
import marshmallow as ma
from flask import Flask
from flask_smorest.utils import prepare_response

from chassis.problems import MEDIA_TYPE
from chassis.web import schemas
from chassis.web.json_body import dump

PATH = "/v1/openapi.json"
VERSION = "3.1.0"
DESCRIPTION = (
    "Operations need an access token unless they have an empty `security`; without one the answer is 401 "
    "whatever the body is. A name that the query of an operation does not have is refused by 422, as an "
    "unknown property of a body is."
)
_EXTENSION = "chassis.openapi"


class FieldErrorSchema(ma.Schema):
    pointer = ma.fields.String(
        metadata={"description": "#/a/0/b in the body, ?name in the query, or header Name"}
    )
    code = ma.fields.String(metadata={"description": "Stable code"})
    detail = ma.fields.String(metadata={"description": "What to do, in the language of the answer"})


class ProblemSchema(ma.Schema):
    """Problem details, RFC 9457."""

    type = ma.fields.String(metadata={"description": "/problems/<code>"})
    code = ma.fields.String(metadata={"description": "Stable code"})
    title = ma.fields.String()
    status = ma.fields.Integer()
    detail = ma.fields.String(metadata={"description": "What to do, in the language of the answer"})
    instance = ma.fields.String(metadata={"description": "The path of the request"})
    trace_id = ma.fields.String()
    errors = ma.fields.List(ma.fields.Nested(FieldErrorSchema))


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest's document with problem details as its errors. It only documents: the application's
    routes and error handlers stand before it is made."""

    ERROR_SCHEMA = ProblemSchema

    def register_blueprint(self, blueprint: flask_smorest.Blueprint) -> None:
        name = blueprint.name
        blueprint.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
        self.spec.tag({"name": name, "description": blueprint.description})

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        for status in http.HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status >= 400:
                response["schema"] = self.ERROR_SCHEMA
            prepare_response(response, self.spec, MEDIA_TYPE)
            self.spec.components.response(status.name, response, lazy=True)
        default = {"description": "Problem details", "schema": self.ERROR_SCHEMA}
        prepare_response(default, self.spec, MEDIA_TYPE)
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, default, lazy=True)


def register(
    app: Flask, *, service: str, title: str, version: str, blueprints: Sequence[flask_smorest.Blueprint]
) -> None:
    """Register the blueprints and the route of their documentation."""
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.extensions[_EXTENSION] = cache(lambda: _api(app, service, title, version, blueprints))
    app.add_url_rule(PATH, "openapi", _answer)


def document(app: Flask) -> dict[str, Any]:
    """The document of an application that `create_app` made."""
    spec: dict[str, Any] = app.extensions[_EXTENSION]().spec.to_dict()
    return spec


def _answer() -> flask.Response:
    return flask.Response(dump(document(flask.current_app)), mimetype="application/json")


def _api(
    app: Flask, service: str, title: str, version: str, blueprints: Sequence[flask_smorest.Blueprint]
) -> Api:
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    api = Api(
        app,
        spec_kwargs={
            "title": title,
            "version": version,
            "info": {"description": DESCRIPTION},
            "openapi_version": VERSION,
            "servers": [{"url": f"/api/{service}"}],
            "components": {"securitySchemes": {"bearer": bearer}},
            "security": [{"bearer": []}],
        },
    )
    api.register_field(schemas.Timestamp, "string", "date-time")
    api.register_field(schemas.Day, "string", "date")
    api.register_field(schemas.Uuid, "string", "uuid")
    api.ma_plugin.converter.add_attribute_function(_limits)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return api


def _limits(self: object, field: ma.fields.Field[Any], **kwargs: object) -> dict[str, Any]:
    """What the chassis' own fields check, in the terms of JSON Schema."""
    if isinstance(field, schemas.Text):
        limits: dict[str, Any] = {"maxLength": field.max_length}
        return {"minLength": field.min_length, **limits} if field.min_length else limits
    if isinstance(field, schemas.Vnd):
        return {"minimum": 0, "maximum": schemas.GREATEST_AMOUNT}
    if isinstance(field, schemas.MemberId | schemas.UnitCode):
        return {"pattern": f"^{field.documented_pattern}$"}
    return {}
