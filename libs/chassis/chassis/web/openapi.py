"""The OpenAPI 3.1 document of a service, from its blueprints by flask-smorest; served at /v1/openapi.json and
generated for contracts/openapi.
"""

from __future__ import annotations

import http
from collections.abc import Sequence
from typing import Any

import flask
import flask_smorest
import marshmallow as ma
from flask import Flask
from flask_smorest.utils import prepare_response

from chassis.problems import MEDIA_TYPE
from chassis.web import schemas
from chassis.web.json_body import dump

VERSION = "3.1.0"
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
    """flask-smorest's document with problem details as its errors; errors themselves are answered
    elsewhere."""

    ERROR_SCHEMA = ProblemSchema

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

    def _openapi_json(self) -> flask.Response:
        return flask.Response(dump(self.spec.to_dict()), mimetype="application/json")


def register(
    app: Flask, *, service: str, title: str, version: str, blueprints: Sequence[flask_smorest.Blueprint]
) -> None:
    """Register the blueprints with their documentation."""
    app.config.update(OPENAPI_URL_PREFIX="/v1", OPENAPI_JSON_PATH="openapi.json")
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    api = Api(
        app,
        spec_kwargs={
            "title": title,
            "version": version,
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
    app.extensions[_EXTENSION] = api


def document(app: Flask) -> dict[str, Any]:
    """The document of an application that `create_app` made."""
    spec: dict[str, Any] = app.extensions[_EXTENSION].spec.to_dict()
    return spec


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
