"""The limits of a declared benefit over HTTP, so that a form can ask before it is refused."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from dataclasses import asdict

from flask import Response, jsonify

from chassis.web import Blueprint
from submission.domain.completeness import BenefitLimits
from submission.entrypoints.http.schemas import BenefitLimitsSchema


def benefit_limits_blueprint(limits: BenefitLimits) -> Blueprint:
    blueprint = Blueprint("benefit limits", __name__, description="Limits of a declared benefit")
    body = asdict(limits)

    @blueprint.get("/v1/benefit-limits")
    @blueprint.response(200, BenefitLimitsSchema())
    @blueprint.doc(summary="From which declared benefit on more is asked for", security=[])
    def benefit_limits() -> Response:
        return jsonify(body)

    return blueprint
