"""The endpoints of targets: read one with its ETag, allot one."""

from __future__ import annotations

# mypy: disable-error-code="untyped-decorator"
# flask-smorest ships no types.
from typing import Any

from chassis.web import Blueprint, optional_principal, principal
from chassis.web.etags import etag, if_match
from stats.application.permissions import PERMISSIONS, READ_TARGET, SET_TARGET, allotting
from stats.application.read_figures import known
from stats.application.set_target import SetTarget, read_target, set_target
from stats.domain.targets import Place
from stats.entrypoints.http.parts import Parts
from stats.entrypoints.http.schemas import TargetAnswer, TargetBody
from stats.entrypoints.http.views import target_view

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "schema": {"type": "string"},
    "description": 'The ETag of the target as it was read; "0" (in quotes) when none was ever set',
}


def blueprint(parts: Parts) -> Blueprint:
    """The endpoints on these parts."""
    routes = Blueprint("targets", __name__, url_prefix="/v1/targets", description="Targets of units")

    @routes.route("/<string:campaign>/<string:unit>", methods=["GET"])
    @routes.response(200, TargetAnswer)
    @routes.doc(security=[])
    def get_target(campaign: str, unit: str) -> tuple[dict[str, Any], int, dict[str, str]]:
        """A unit's target with the ETag that a change needs; version 0 when none was ever set"""
        PERMISSIONS.require(optional_principal(), READ_TARGET)
        target = read_target(parts.store, parts.reference.current(), Place(campaign, unit))
        return target_view(target), 200, {"ETag": etag(target.version)}

    @routes.route("/<string:campaign>/<string:unit>", methods=["PUT"])
    @routes.arguments(TargetBody)
    @routes.response(200, TargetAnswer)
    @routes.doc(parameters=[IF_MATCH])
    def put_target(
        body: dict[str, Any], campaign: str, unit: str
    ) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Allot a target: an official above the unit, or the programme administration

        Needs If-Match with the ETag of the target as it was read, `"0"` for the first one.
        """
        who = principal()
        reference = parts.reference.current()
        found, _ = known(reference, unit, campaign)
        PERMISSIONS.require(who, SET_TARGET, allotting(found))
        command = SetTarget(Place(campaign, unit), body["target"], who.subject, if_match())
        target = set_target(parts.store, reference, command, parts.clock)
        # Whoever set it sees it in the next answer of this process; other processes follow within seconds.
        parts.reference.refresh()
        parts.answers.forget()
        return target_view(target), 200, {"ETag": etag(target.version)}

    return routes
