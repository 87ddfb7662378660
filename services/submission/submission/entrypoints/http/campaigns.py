"""Campaigns over HTTP: public to read, for administrators to change."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import re
from typing import Any

from flask import Response, jsonify

from chassis.problems import COMMON, Problem
from chassis.web import Blueprint, principal
from submission.application.administration import Administration
from submission.application.ports import Reference
from submission.domain.campaigns import CampaignFacts
from submission.domain.completeness import Finding
from submission.entrypoints.http import views
from submission.entrypoints.http.headers import IF_MATCH_TO_CHANGE
from submission.entrypoints.http.problems import not_valid
from submission.entrypoints.http.schemas import CampaignFactsSchema, CampaignSchema, CampaignsSchema
from submission.entrypoints.http.versions import optional_version, tagged

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}", re.ASCII)


def campaigns_blueprint(administration: Administration, reference: Reference) -> Blueprint:
    blueprint = Blueprint("campaigns", __name__, description="Campaigns and their windows")

    @blueprint.get("/v1/campaigns")
    @blueprint.response(200, CampaignsSchema())
    @blueprint.doc(summary="All campaigns, by their opening", security=[])
    def campaigns() -> Response:
        found = sorted(reference.campaigns(), key=lambda campaign: (campaign.facts.opens_at, campaign.id))
        return jsonify({"items": [views.campaign(campaign) for campaign in found]})

    @blueprint.get("/v1/campaigns/<string:id>")
    @blueprint.response(200, CampaignSchema())
    @blueprint.doc(summary="One campaign with its window", security=[])
    def campaign(id: str) -> Response:
        found = reference.campaign(id)
        if found is None:
            raise Problem(COMMON["not-found"])
        return tagged(views.campaign(found), found.version)

    @blueprint.put("/v1/campaigns/<string:id>")
    @blueprint.arguments(CampaignFactsSchema())
    @blueprint.response(200, CampaignSchema())
    @blueprint.doc(summary="Create a campaign, or change one", parameters=[IF_MATCH_TO_CHANGE])
    def put_campaign(data: dict[str, Any], id: str) -> Response:
        found = []
        if _ID.fullmatch(id) is None:
            found.append(Finding("path id", "bad-id"))
        if data["closes_at"] <= data["opens_at"]:
            found.append(Finding("#/closes_at", "window-empty"))
        if data["eligible_to"] < data["eligible_from"]:
            found.append(Finding("#/eligible_to", "days-reversed"))
        if found:
            raise not_valid(found)
        kept = administration.put_campaign(principal(), id, CampaignFacts(**data), optional_version())
        return tagged(views.campaign(kept), kept.version)

    return blueprint
