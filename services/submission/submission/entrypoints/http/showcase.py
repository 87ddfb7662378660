"""The showcase over HTTP: approved initiatives that may be published, for everybody to read and search."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from chassis.mongo.keyset import SORT_KEY
from chassis.web import Blueprint
from chassis.web.cursors import decode, encode
from submission.application.reading import Reading
from submission.entrypoints.http import views
from submission.entrypoints.http.schemas import ShowcasePageSchema, ShowcaseQuery

# Where the next page begins: the position of the last row.
CURSOR = {"before": SORT_KEY}


def showcase_blueprint(reading: Reading) -> Blueprint:
    blueprint = Blueprint("showcase", __name__, description="Approved initiatives, published with consent")

    @blueprint.get("/v1/showcase")
    @blueprint.arguments(ShowcaseQuery(), location="query")
    @blueprint.response(200, ShowcasePageSchema())
    @blueprint.doc(
        summary="Approved initiatives whose authors agreed to publication, newest first; public", security=[]
    )
    def page(query: dict[str, Any]) -> Response:
        before = decode(query["cursor"], CURSOR)["before"] if query["cursor"] else None
        found = reading.showcase(query["q"] or "", query["unit"], before, query["limit"])
        following = None if found.after is None else encode({"before": found.after})
        response = jsonify({"items": [views.published(row) for row in found.rows], "next": following})
        response.headers["Cache-Control"] = "public, max-age=30"
        return response

    return blueprint
