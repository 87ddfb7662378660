"""The operator's endpoints, the same at every service: how it fares, the replay of a dead letter, and the
release of a parked consumer. They show names of topics, reasons and ages, never the content of a record.
"""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import current_app
from marshmallow import fields, validate

from chassis.operations.store import Operations
from chassis.permissions import PermissionTable, Resource, role
from chassis.problems import COMMON, Problem
from chassis.web import health
from chassis.web.blueprint import Blueprint
from chassis.web.current import principal
from chassis.web.schemas import Schema, Timestamp

READ = "operations.read"
REPLAY = "operations.replay"
RELEASE = "operations.release"
_OPERATOR = (role("operator"),)
PERMISSIONS = PermissionTable({READ: _OPERATOR, REPLAY: _OPERATOR, RELEASE: _OPERATOR})


class PartSchema(Schema):
    """A part that the API needs; result: ok, timeout or failed: and the class of the error."""

    name = fields.String(required=True)
    result = fields.String(required=True)


class EngineSchema(Schema):
    """The program that keeps the service's data, such as SecantusDB 0.7.0b3 or MongoDB 8.0.4."""

    name = fields.String(required=True)
    version = fields.String(required=True)


class LagSchema(Schema):
    topic = fields.String(required=True)
    records = fields.Integer(required=True, metadata={"description": "Not handled yet"})


class OutboxSchema(Schema):
    collection = fields.String(required=True)
    waiting = fields.Integer(required=True, metadata={"description": "Events not published yet"})
    oldest_at = Timestamp(required=True, allow_none=True)


class LetterSchema(Schema):
    offset = fields.Integer(required=True, metadata={"description": "In the dead-letter topic"})
    topic = fields.String(required=True, metadata={"description": "Where the record was"})
    key = fields.String(required=True)
    error_class = fields.String(required=True)
    error_code = fields.String(required=True)
    attempts = fields.Integer(required=True)
    at = fields.String(required=True)


class ReplaySchema(Schema):
    offset = fields.Integer(required=True)
    state = fields.String(required=True, validate=validate.OneOf(["asked", "done", "failed"]))
    asked_at = Timestamp(required=True)
    error = fields.String(required=True, allow_none=True)


class ParkedSchema(Schema):
    """Where and why the consumer stopped: too many dead letters. It goes on when an operator releases it."""

    topic = fields.String(required=True)
    partition = fields.Integer(required=True)
    offset = fields.Integer(required=True, metadata={"description": "Of the record that is not handled"})
    reason = fields.String(required=True)
    since = Timestamp(required=True)


class ReleaseSchema(Schema):
    released = fields.Boolean(required=True, metadata={"description": "False if it was not parked"})


class OperationsSchema(Schema):
    """measured_at: null while the worker has not reported; what it measured is then empty."""

    service = fields.String(required=True)
    ready = fields.Boolean(required=True)
    parts = fields.List(fields.Nested(PartSchema), required=True)
    engine = fields.Nested(EngineSchema, required=True)
    measured_at = Timestamp(required=True, allow_none=True)
    lag = fields.List(fields.Nested(LagSchema), required=True)
    outbox = fields.List(fields.Nested(OutboxSchema), required=True)
    dead = fields.Integer(required=True, metadata={"description": "Dead letters that nobody dealt with"})
    letters = fields.List(fields.Nested(LetterSchema), required=True, metadata={"description": "The oldest"})
    replays = fields.List(fields.Nested(ReplaySchema), required=True)
    parked = fields.Nested(ParkedSchema, required=True, allow_none=True)


def operations_blueprint(service: str, operations: Operations | None, administration_unit: str) -> Blueprint:
    """The endpoints of one service. operations: None where no endpoint is ever called; administration_unit:
    where an operator holds the grant.
    """
    routes = Blueprint("operations", __name__, url_prefix="/v1/operations", description="For operators")

    def require(action: str) -> Operations:
        # A service serves all units, so it is run by those of the whole programme, not of one of its units.
        PERMISSIONS.require(principal(), action, Resource(path=(administration_unit,)))
        if operations is None:
            raise Problem(COMMON["unavailable"])
        return operations

    @routes.route("", methods=["GET"])
    @routes.response(200, OperationsSchema())
    @routes.alt_response(403, "FORBIDDEN")
    def read() -> dict[str, Any]:
        """How this service fares: its parts, and what its worker measured last"""
        kept = require(READ)
        ready, parts = current_app.extensions[health.EXTENSION].report()
        report, parked = kept.report(), kept.limit(service).read().parked
        measured = {"lag": (), "outbox": (), "dead": 0, "letters": ()} if report is None else asdict(report)
        return {
            **measured,
            "service": service,
            "ready": ready,
            "engine": asdict(kept.engine()),
            "parts": [{"name": name, "result": result} for name, result in parts.items()],
            "measured_at": None if report is None else report.at,
            "replays": [asdict(replay) for replay in kept.replays()],
            "parked": None if parked is None else asdict(parked),
        }

    @routes.route("/dead-letters/<int:offset>/replay", methods=["POST"])
    @routes.response(202, ReplaySchema())
    @routes.alt_response(403, "FORBIDDEN")
    @routes.alt_response(404, "NOT_FOUND")
    def replay(offset: int) -> dict[str, Any]:
        """Ask for a dead letter to be sent to its topic again, as it was

        The worker does it within seconds. Asking again changes nothing, so it needs no Idempotency-Key; all
        groups of the topic see the record again, which changes nothing for those that have handled it.
        """
        kept = require(REPLAY)
        report = kept.report()
        known = report is not None and any(letter.offset == offset for letter in report.letters)
        if not known and kept.replay(offset) is None:
            raise Problem(COMMON["not-found"])
        return asdict(kept.ask(offset, principal().subject))

    @routes.route("/consumer/release", methods=["POST"])
    @routes.response(200, ReleaseSchema())
    @routes.alt_response(403, "FORBIDDEN")
    def release() -> dict[str, Any]:
        """Let a parked consumer go on, once the cause is mended

        The worker does it within seconds, from the record at which it stopped and with a count of zero.
        Asking again changes nothing, so it needs no Idempotency-Key.
        """
        return {"released": require(RELEASE).limit(service).release(principal().subject)}

    return routes
