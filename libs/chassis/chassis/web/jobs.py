"""Jobs over HTTP, the same at every service that has some: a member follows and cancels the own ones,
operators see and cancel all. It shows states, figures and codes, never the arguments of a job.
"""

# flask-smorest ships no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from chassis.jobs.job import Job, State
from chassis.jobs.store import JobEnded, Jobs
from chassis.mongo.keyset import SORT_KEY
from chassis.permissions import OWNER, SIGNED_IN, PermissionTable, Resource, role
from chassis.problems import COMMON, Problem
from chassis.web import cursors
from chassis.web.blueprint import Blueprint
from chassis.web.current import principal
from chassis.web.schemas import PageQuery, Schema, Timestamp, page_schema

LIST_OWN = "job.list_own"
LIST_ALL = "job.list_all"
READ = "job.read"
CANCEL = "job.cancel"
PERMISSIONS = PermissionTable(
    {
        LIST_OWN: (SIGNED_IN,),
        LIST_ALL: (role("operator"),),
        READ: (OWNER, role("operator")),
        CANCEL: (OWNER, role("operator")),
    }
)

OWN, ALL = "own", "all"


class JobsQuery(PageQuery):
    scope = fields.String(
        load_default=OWN,
        validate=validate.OneOf([OWN, ALL]),
        metadata={"description": "own: those that I started; all: every job of the service, for operators"},
    )


class ProgressSchema(Schema):
    """How far a job is; done never decreases."""

    done = fields.Integer(required=True)
    total = fields.Integer(required=True, allow_none=True, metadata={"description": "null while unknown"})
    note = fields.String(required=True, allow_none=True, metadata={"description": "Code of the phase"})


class ResultSchema(Schema):
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    href = fields.String(
        required=True, allow_none=True, metadata={"description": "Where the product is, within this service"}
    )


class JobSchema(Schema):
    """due_at: when a worker may take it next; null once it has ended."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in State]))
    cancel_requested = fields.Boolean(required=True)
    progress = fields.Nested(ProgressSchema, required=True)
    result = fields.Nested(ResultSchema, required=True, allow_none=True)
    error = fields.String(
        required=True, allow_none=True, metadata={"description": "Stable code of why it failed"}
    )
    owner = fields.String(required=True, allow_none=True, metadata={"description": "A member id"})
    unit_path = fields.List(fields.String(), required=True)
    created_at = Timestamp(required=True)
    due_at = Timestamp(required=True, allow_none=True)
    ended_at = Timestamp(required=True, allow_none=True)


def jobs_blueprint(jobs: Jobs, administration_unit: str) -> Blueprint:
    """administration_unit: where an operator holds the grant."""
    routes = Blueprint(
        "jobs", __name__, url_prefix="/v1/jobs", description="Background work and its progress"
    )

    def resource(job: Job | None = None) -> Resource:
        # Operators run the service for all units, so their grant is on the whole programme's.
        owners = frozenset() if job is None or job.owner is None else frozenset({job.owner})
        return Resource(owners=owners, path=(administration_unit,))

    def visible(id: str, action: str) -> Job:
        """The job; for who may not see it, the same 404 as if it did not exist."""
        caller = principal()
        job = jobs.find(id)
        if job is None or not PERMISSIONS.allows(caller, action, resource(job)):
            raise Problem(COMMON["not-found"])
        return job

    @routes.route("", methods=["GET"])
    @routes.arguments(JobsQuery, location="query")
    @routes.response(200, page_schema(JobSchema, "JobPage"))
    @routes.alt_response(403, "FORBIDDEN")
    def list_jobs(query: dict[str, Any]) -> dict[str, Any]:
        """Jobs, newest first"""
        caller = principal()
        PERMISSIONS.require(caller, LIST_ALL if query["scope"] == ALL else LIST_OWN, resource())
        after = None
        if query["cursor"] is not None:
            after = cursors.decode(query["cursor"], {"after": SORT_KEY})["after"]
        owner = None if query["scope"] == ALL else caller.subject
        page = jobs.page(owner=owner, after=after, limit=query["limit"])
        following = None if page.last is None else cursors.encode({"after": page.last})
        return {"items": [_view(job) for job in page.jobs], "next": following}

    @routes.route("/<string:id>", methods=["GET"])
    @routes.response(200, JobSchema())
    @routes.alt_response(404, "NOT_FOUND")
    def read_job(id: str) -> dict[str, Any]:
        """One job: its state, its progress, and in the end its result"""
        return _view(visible(id, READ))

    @routes.route("/<string:id>/cancel", methods=["POST"])
    @routes.response(200, JobSchema())
    @routes.alt_response(404, "NOT_FOUND")
    @routes.alt_response(409, "CONFLICT")
    def cancel_job(id: str) -> dict[str, Any]:
        """Cancel a job: at once if it has not begun, else after its current step

        What its steps have done so far stays. Cancelling again changes nothing, so it needs no
        Idempotency-Key.
        """
        visible(id, CANCEL)
        try:
            job = jobs.cancel(id)
        except JobEnded:
            raise Problem(COMMON["job-ended"]) from None
        if job is None:
            raise Problem(COMMON["not-found"])
        return _view(job)

    return routes


def _view(job: Job) -> dict[str, Any]:
    result = job.result
    return {
        "id": job.id,
        "kind": job.kind,
        "state": job.state.value,
        "cancel_requested": job.cancel_requested,
        "progress": {"done": job.progress.done, "total": job.progress.total, "note": job.progress.note},
        "result": None if result is None else {"counts": dict(result.counts), "href": result.href},
        "error": job.error,
        "owner": job.owner,
        "unit_path": list(job.unit_path),
        "created_at": job.created_at,
        "due_at": job.due,
        "ended_at": job.ended_at,
    }
