"""The fields of work over HTTP: what `field` of an initiative may be."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, jsonify

from chassis.web import Blueprint
from submission.entrypoints.http.schemas import FieldsSchema


def fields_blueprint(names: Mapping[str, str]) -> Blueprint:
    """names: the Vietnamese name of each field by its slug."""
    blueprint = Blueprint("fields", __name__, description="Fields of work")
    items = [{"slug": slug, "name_vi": name} for slug, name in names.items()]

    @blueprint.get("/v1/fields")
    @blueprint.response(200, FieldsSchema())
    @blueprint.doc(summary="The fields of work that an initiative may name", security=[])
    def fields() -> Response:
        return jsonify({"items": items})

    return blueprint
