"""Initiatives over HTTP: the acts of authors and the lists of those who watch over them."""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from chassis.mongo.keyset import SORT_KEY
from chassis.problems import FieldError
from chassis.web import Blueprint, principal
from chassis.web.cursors import decode, encode
from chassis.web.etags import etag, if_match
from chassis.web.idempotency import request_key
from submission.adapters import content_json
from submission.application.answers import Outcome, outcome
from submission.application.intake import Import, Intake
from submission.application.reading import Reading
from submission.domain.completeness import Finding, Incomplete
from submission.domain.content import Content
from submission.domain.states import State
from submission.entrypoints.http import views
from submission.entrypoints.http.headers import IDEMPOTENCY_KEY, IF_MATCH
from submission.entrypoints.http.problems import not_valid
from submission.entrypoints.http.schemas import (
    ContentSchema,
    EarlierPageSchema,
    InitiativePageSchema,
    InitiativeSchema,
    ListQuery,
    Loaded,
    NewInitiativeSchema,
    ResultSchema,
    SubmissionSchema,
    WithdrawalSchema,
)

# Where the next page begins: the position of the last row.
CURSOR = {"before": SORT_KEY}
_OWN_FIELDS = ("submit", "source", "registered_at")


def initiatives_blueprint(intake: Intake, reading: Reading) -> Blueprint:
    blueprint = Blueprint("initiatives", __name__, description="Initiatives, from the draft to the receipt")
    _add_reads(blueprint, reading)

    @blueprint.post("/v1/initiatives")
    @blueprint.arguments(NewInitiativeSchema())
    @blueprint.response(201, ResultSchema())
    @blueprint.doc(summary="Make a draft, or submit at once", parameters=[IDEMPOTENCY_KEY])
    def create(body: Loaded) -> Response:
        person, key = principal(), request_key()
        submit = bool(body.data.get("submit"))
        imported = _import(body)
        if body.errors:
            raise _not_valid(intake, body, submit=submit)
        return _answer(intake.create(person, _content(body), key, submit=submit, imported=imported))

    @blueprint.put("/v1/initiatives/<string:id>")
    @blueprint.arguments(ContentSchema())
    @blueprint.response(200, ResultSchema())
    @blueprint.doc(summary="Save the content of a draft or a requested revision", parameters=[IF_MATCH])
    def save(data: dict[str, Any], id: str) -> Response:
        changed = intake.save(principal(), id, content_json.from_json(data), if_match())
        return _answer(outcome(200, changed))

    @blueprint.delete("/v1/initiatives/<string:id>")
    @blueprint.response(204)
    @blueprint.doc(summary="Delete a draft; what was submitted is withdrawn instead", parameters=[IF_MATCH])
    def delete(id: str) -> Response:
        intake.delete(principal(), id, if_match())
        return Response(status=204)

    @blueprint.post("/v1/initiatives/<string:id>/submit")
    @blueprint.arguments(SubmissionSchema())
    @blueprint.response(200, ResultSchema())
    @blueprint.doc(
        summary="Submit what the author sees, or without a body what is stored",
        parameters=[IDEMPOTENCY_KEY, IF_MATCH],
    )
    def submit(body: Loaded, id: str) -> Response:
        person, key, version = principal(), request_key(), if_match()
        # A required property makes an error of an empty body too.
        if body.errors and not body.empty:
            raise _not_valid(intake, body, submit=True)
        return _answer(intake.submit(person, id, None if body.empty else _content(body), version, key))

    @blueprint.post("/v1/initiatives/<string:id>/withdraw")
    @blueprint.arguments(WithdrawalSchema())
    @blueprint.response(200, ResultSchema())
    @blueprint.doc(
        summary="Take an initiative back before it is decided", parameters=[IDEMPOTENCY_KEY, IF_MATCH]
    )
    def withdraw(data: dict[str, Any], id: str) -> Response:
        return _answer(intake.withdraw(principal(), id, if_match(), request_key(), data["reason"]))

    return blueprint


def _add_reads(blueprint: Blueprint, reading: Reading) -> None:
    @blueprint.get("/v1/initiatives")
    @blueprint.arguments(ListQuery(), location="query")
    @blueprint.response(200, InitiativePageSchema())
    @blueprint.doc(summary="My own, or with unit those submitted in its subtree; newest first")
    def page(query: dict[str, Any]) -> Response:
        before = decode(query["cursor"], CURSOR)["before"] if query["cursor"] else None
        state = None if query["state"] is None else State(query["state"])
        limit = query["limit"]
        rows = reading.page(principal(), query["unit"], state, before, limit + 1)
        following = encode({"before": rows[limit - 1].position}) if len(rows) > limit else None
        return jsonify({"items": [views.listed(row) for row in rows[:limit]], "next": following})

    @blueprint.get("/v1/initiatives/<string:id>")
    @blueprint.response(200, InitiativeSchema())
    @blueprint.doc(summary="One initiative, with its state, level, milestones and content")
    def get(id: str) -> Response:
        seen = reading.get(principal(), id)
        response = jsonify(views.initiative(seen))
        response.headers["ETag"] = etag(seen.initiative.version)
        return response

    @blueprint.get("/v1/initiatives/<string:id>/revisions")
    @blueprint.response(200, EarlierPageSchema())
    @blueprint.doc(
        summary="What was submitted before the present content, oldest first; for seeing what changed"
    )
    def revisions(id: str) -> Response:
        return jsonify({"items": views.earlier(reading.get(principal(), id))})


def _answer(answer: Outcome) -> Response:
    response = jsonify(answer.body)
    response.status_code = answer.status
    response.headers["ETag"] = etag(answer.version)
    return response


def _content(body: Loaded) -> Content:
    data = {name: value for name, value in body.data.items() if name not in _OWN_FIELDS}
    return content_json.from_json({"unit": "", **data})


def _import(body: Loaded) -> Import | None:
    """Raises Incomplete when source, date and submission do not go together."""
    data = body.data
    if ("source" in data) != ("registered_at" in data):
        missing = "registered_at" if "source" in data else "source"
        raise Incomplete([Finding(f"#/{missing}", "import-dated")])
    if "source" not in data:
        return None
    if not data.get("submit"):
        raise Incomplete([Finding("#/submit", "import-submits")])
    return Import(data["registered_at"])


def _not_valid(intake: Intake, body: Loaded, *, submit: bool) -> Exception:
    """What is wrong with the form and, for a submission, also what the rules say of the rest."""
    found = intake.findings(_content(body)) if submit else []
    return not_valid([finding for finding in found if not _covered(finding, body.errors)], body.errors)


def _covered(finding: Finding, errors: tuple[FieldError, ...]) -> bool:
    """Whether a finding is about something that could not even be read, or a part of it."""
    return any(_within(finding.pointer, e.pointer) or _within(e.pointer, finding.pointer) for e in errors)


def _within(pointer: str, outer: str) -> bool:
    return pointer == outer or pointer.startswith(f"{outer}/")
