"""Receipts over HTTP: where an initiative stands, for anybody who has its code."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from flask import Response, jsonify

from chassis.web import Blueprint
from submission.application.ports import Reference
from submission.application.reading import Reading
from submission.entrypoints.http import views
from submission.entrypoints.http.schemas import ReceiptSchema


def receipts_blueprint(reading: Reading, reference: Reference) -> Blueprint:
    blueprint = Blueprint("receipts", __name__, description="Receipts, public by their code")

    @blueprint.get("/v1/receipts/<string:code>")
    @blueprint.response(200, ReceiptSchema())
    @blueprint.doc(summary="Where the initiative with this code stands; public", security=[])
    def get(code: str) -> Response:
        one = reading.receipt(code)
        unit = reference.unit(one.content.unit)
        campaign = None if one.content.campaign is None else reference.campaign(one.content.campaign)
        return jsonify(views.receipt(one, unit, campaign))

    return blueprint
