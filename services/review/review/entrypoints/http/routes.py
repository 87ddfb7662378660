"""The endpoints of cases: they translate requests into use cases and cases into answers."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chassis.clock import Clock
from chassis.mongo.keyset import SORT_KEY
from chassis.problems import COMMON, FieldError, Problem
from chassis.web import Blueprint, principal
from chassis.web.current import language
from chassis.web.cursors import decode, encode
from chassis.web.etags import etag, if_match
from chassis.web.idempotency import request_key
from review.adapters.case_documents import DUE_KEY
from review.application.decide_case import decide_case
from review.application.ports import Cases, Page, Units
from review.application.read_cases import list_cases, my_queue, read_case
from review.domain.case import RequestedItem
from review.domain.decisions import Choice, Decision
from review.domain.rulebook import Rulebook
from review.domain.workflow import OPEN, State
from review.entrypoints.http.schemas import (
    CasePageSchema,
    CaseSchema,
    DecisionSchema,
    ListQuery,
    OutcomeSchema,
)
from review.entrypoints.http.views import full, summary

# The cursor of a page: which list it belongs to is in the query, where the page starts is in here. A queue is
# ordered by the day that is due.
QUEUE_CURSOR = {"after": DUE_KEY}
LIST_CURSOR = {"after": SORT_KEY}
DECISION_HEADERS = [
    {
        "in": "header",
        "name": "If-Match",
        "required": True,
        "schema": {"type": "string"},
        "description": "The ETag of the case as it was read",
    },
    {
        "in": "header",
        "name": "Idempotency-Key",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": 128},
        "description": "One value per decision; the same value again gets the first answer",
    },
]
NOT_IN_QUEUE = FieldError(
    "?state",
    "state-not-in-queue",
    "Hàng chờ chỉ có in_review và revision_requested. Hãy thêm unit để xem các trạng thái khác.",
    "A queue holds in_review and revision_requested only. Add unit to list other states.",
)


@dataclass(frozen=True)
class Parts:
    """What the endpoints work with; bootstrap makes it."""

    cases: Cases
    units: Units
    rules: Rulebook
    clock: Clock


def blueprint(parts: Parts) -> Blueprint:
    """The endpoints on these parts."""
    routes = Blueprint("cases", __name__, url_prefix="/v1/cases", description="Cases: review by level")
    case_schema, page_schema, outcome_schema = CaseSchema(), CasePageSchema(), OutcomeSchema()

    @routes.route("", methods=["GET"])
    @routes.arguments(ListQuery(), location="query")
    @routes.response(200, page_schema)
    def list_(query: dict[str, Any]) -> dict[str, Any]:
        """My queue, or the cases of a unit's subtree

        Without `unit`: what waits for a decision by one of my grants, the most urgent first. With `unit`: the
        cases of that unit and those below it, the latest opened first, for the support groups, reviewers and
        officials above them.
        """
        who = principal()
        form = QUEUE_CURSOR if query["unit"] is None else LIST_CURSOR
        after = None if query["cursor"] is None else decode(query["cursor"], form)["after"]
        state = State(query["state"])
        if query["unit"] is None:
            if state not in OPEN:
                raise Problem(COMMON["validation-failed"], errors=[NOT_IN_QUEUE])
            page = my_queue(parts.cases, who, state, after, query["limit"])
        else:
            page = list_cases(
                parts.cases,
                parts.units,
                who,
                unit=query["unit"],
                state=state,
                after=after,
                limit=query["limit"],
            )
        return {"items": [summary(case, who) for case in page.cases], "next": _cursor(page)}

    @routes.route("/<uuid:initiative_id>", methods=["GET"])
    @routes.response(200, case_schema)
    @routes.alt_response(404, "NOT_FOUND")
    def get(initiative_id: object) -> tuple[dict[str, Any], int, dict[str, str]]:
        """One case with its history, due date and next step"""
        who = principal()
        case = read_case(parts.cases, who, str(initiative_id))
        body = full(case, who, parts.units, parts.rules.policies, language())
        return body, 200, {"ETag": etag(case.version), "Vary": "Accept-Language"}

    @routes.route("/<uuid:initiative_id>/decisions", methods=["POST"])
    @routes.doc(parameters=DECISION_HEADERS)
    @routes.arguments(DecisionSchema())
    @routes.response(201, outcome_schema)
    @routes.alt_response(403, "FORBIDDEN")
    @routes.alt_response(404, "NOT_FOUND")
    @routes.alt_response(409, "CONFLICT")
    @routes.alt_response(412, "PRECONDITION_FAILED")
    def decide(data: dict[str, Any], initiative_id: object) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Decide at the case's current level: validate, request_revision or reject

        Needs Idempotency-Key and If-Match with the ETag of the case as it was read. Of several decisions at
        the same time one counts; the others are told who was faster.
        """
        answer = decide_case(
            parts.cases,
            parts.rules,
            parts.clock,
            principal=principal(),
            case_id=str(initiative_id),
            decision=_decision(data),
            seen_version=if_match(),
            request=request_key(),
        )
        return dict(answer.body), answer.status, {"ETag": etag(int(answer.body["version"]))}

    return routes


def _decision(data: dict[str, Any]) -> Decision:
    return Decision(
        choice=Choice(data["decision"]),
        items=tuple(RequestedItem(**item) for item in data["items"]),
        reason_code=data["reason_code"],
        text=data["text"] or None,
        benefit_verified=data["verified_benefit_vnd"],
        decided_at=data["decided_at"],
        expected_level=data["expected_level"],
    )


def _cursor(page: Page) -> str | None:
    return None if page.next_after is None else encode({"after": page.next_after})
