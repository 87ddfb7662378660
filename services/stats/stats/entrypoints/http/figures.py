"""The public endpoints of figures: they translate questions into use cases and results into answers."""

from __future__ import annotations

# mypy: disable-error-code="untyped-decorator"
# flask-smorest ships no types.
from collections.abc import Callable, Hashable
from datetime import date
from typing import Any

from flask import Response

from chassis.clock import local_day
from chassis.web import Blueprint
from stats.application.permissions import PERMISSIONS, READ_FIGURES
from stats.application.read_figures import Question, children, progress, timeline
from stats.domain.snapshots import Basis
from stats.entrypoints.http.parts import Parts
from stats.entrypoints.http.problems import DAYS_REVERSED, FUTURE_DAY, invalid, too_many_days
from stats.entrypoints.http.schemas import (
    ChildrenAnswer,
    FiguresQuery,
    ProgressAnswer,
    TimelineAnswer,
    TimelineQuery,
)
from stats.entrypoints.http.views import children_view, progress_view, timeline_view

# Two programme years and a month: as many month documents are read for it at most.
MOST_DAYS = 800


def blueprint(parts: Parts) -> Blueprint:
    """The endpoints on these parts."""
    routes = Blueprint("figures", __name__, url_prefix="/v1/units", description="Counts against targets")

    def give(question: Hashable, make: Callable[[], dict[str, Any]]) -> Response:
        PERMISSIONS.require(None, READ_FIGURES)
        return parts.answers.give(question, make)

    def asked(code: str, query: dict[str, Any], as_of: date | None) -> Question:
        today = local_day(parts.clock())
        if as_of is not None and as_of > today:
            raise invalid(FUTURE_DAY)
        return Question(code, query["campaign"], Basis(query["basis"]), as_of, today)

    @routes.route("/<string:code>/progress", methods=["GET"])
    @routes.arguments(FiguresQuery, location="query")
    @routes.response(200, ProgressAnswer)
    @routes.doc(security=[])
    def read_progress(query: dict[str, Any], code: str) -> Response:
        """How a unit stands in a campaign: count, target, percent, rank among its siblings"""
        question = asked(code, query, query["as_of"])
        return give(
            (progress, question),
            lambda: progress_view(question, progress(parts.reader, parts.reference.current(), question)),
        )

    @routes.route("/<string:code>/children", methods=["GET"])
    @routes.arguments(FiguresQuery, location="query")
    @routes.response(200, ChildrenAnswer)
    @routes.doc(security=[])
    def read_children(query: dict[str, Any], code: str) -> Response:
        """The units directly below one, the best first"""
        question = asked(code, query, query["as_of"])
        return give(
            (children, question),
            lambda: children_view(question, children(parts.reader, parts.reference.current(), question)),
        )

    @routes.route("/<string:code>/timeline", methods=["GET"])
    @routes.arguments(TimelineQuery, location="query")
    @routes.response(200, TimelineAnswer)
    @routes.doc(security=[])
    def read_timeline(query: dict[str, Any], code: str) -> Response:
        """Counts day by day, of the day and cumulative"""
        question = asked(code, query, None)
        first, last = query["first"], query["last"]
        if first is not None and last is not None and last < first:
            raise invalid(DAYS_REVERSED)

        def make() -> dict[str, Any]:
            found = timeline(parts.reader, parts.reference.current(), question, first, last, MOST_DAYS)
            if found is None:
                raise invalid(too_many_days(MOST_DAYS))
            return timeline_view(question, found)

        return give((timeline, question, first, last), make)

    return routes
