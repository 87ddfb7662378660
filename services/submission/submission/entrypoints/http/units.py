"""Units over HTTP: public to read, for administrators to change."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from flask import Response, jsonify

from chassis.problems import COMMON, Problem
from chassis.web import Blueprint, principal
from chassis.web.cursors import decode, encode
from chassis.web.schemas import UnitCode
from submission.application.administration import Administration
from submission.application.ports import Reference
from submission.domain.completeness import Finding
from submission.entrypoints.http import views
from submission.entrypoints.http.headers import IF_MATCH_TO_CHANGE
from submission.entrypoints.http.problems import not_valid
from submission.entrypoints.http.schemas import UnitFactsSchema, UnitPageSchema, UnitQuery, UnitSchema
from submission.entrypoints.http.versions import optional_version, tagged
from union.names import SHORTEST_SEARCH, position, searchable
from union.units import UnitFacts

_CURSOR = {"name": re.compile(r"[a-z0-9 ]{0,300}"), "code": UnitCode.pattern}
_CODE = re.compile(r"[A-Z0-9]+(?:-[A-Z0-9]+)*", re.ASCII)
LONGEST = 64


def units_blueprint(administration: Administration, reference: Reference) -> Blueprint:
    blueprint = Blueprint("units", __name__, description="The union tree")

    @blueprint.get("/v1/units")
    @blueprint.arguments(UnitQuery(), location="query")
    @blueprint.response(200, UnitPageSchema())
    @blueprint.doc(summary="Units by words of their names, or those right below one; by name", security=[])
    def units(query: dict[str, Any]) -> Response:
        return _page(reference, query["q"] or "", query["parent"], query["cursor"], query["limit"])

    @blueprint.get("/v1/units/<string:code>")
    @blueprint.response(200, UnitSchema())
    @blueprint.doc(summary="One unit with its path", security=[])
    def unit(code: str) -> Response:
        found = reference.unit(code)
        if found is None:
            raise Problem(COMMON["not-found"])
        return tagged(views.unit(found), found.version)

    @blueprint.put("/v1/units/<string:code>")
    @blueprint.arguments(UnitFactsSchema())
    @blueprint.response(200, UnitSchema())
    @blueprint.doc(summary="Create a unit, or change one", parameters=[IF_MATCH_TO_CHANGE])
    def put_unit(data: dict[str, Any], code: str) -> Response:
        if len(code) > LONGEST or _CODE.fullmatch(code) is None:
            raise not_valid([Finding("path code", "bad-code")])
        if data["valid_to"] is not None and data["valid_to"] < data["valid_from"]:
            raise not_valid([Finding("#/valid_to", "days-reversed")])
        kept = administration.put_unit(principal(), code, UnitFacts(**data), optional_version())
        return tagged(views.unit(kept), kept.version)

    return blueprint


def _page(reference: Reference, text: str, parent: str | None, cursor: str | None, limit: int) -> Response:
    if not searchable(text):
        raise not_valid([Finding("query q", "search-too-short", {"letters": SHORTEST_SEARCH})])
    after = None
    if cursor:
        read = decode(cursor, _CURSOR)
        after = (str(read["name"]), str(read["code"]))
    found = list(islice(reference.units(text, parent, after), limit + 1))
    page, following = found[:limit], None
    if len(found) > limit:
        name, code = position(page[-1])
        following = encode({"name": name, "code": code})
    answer = jsonify({"items": [views.unit(unit) for unit in page], "next": following})
    if text:
        # Searched while people type, and the same for everybody. A list below a unit is not cached: an
        # administrator wants to see there what was just changed.
        answer.headers["Cache-Control"] = "public, max-age=30"
    return answer
