"""The shapes of requests and answers. Instances are made once: building a schema costs more than using it."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web import schemas
from chassis.web.messages import Message
from review.domain.case import Happening
from review.domain.decisions import Choice
from review.domain.interests import Bar
from review.domain.workflow import State

CODE = validate.Regexp(
    r"^[a-z][a-z0-9-]{0,63}\Z",
    error=Message(
        "not-a-code",
        "Phải là mã gồm chữ thường, chữ số và dấu gạch nối, ví dụ too-vague.",
        "Must be a code of lower-case letters, digits and hyphens, as too-vague.",
    ),
)
# A pointer goes into events, so it can hold no prose: parts of a JSON pointer, in the letters of its names.
POINTER = validate.Regexp(
    r"^#(/[A-Za-z0-9_-]{1,64}){0,5}\Z",
    error=Message(
        "not-a-pointer",
        "Phải chỉ tới một trường của sáng kiến, ví dụ #/problem.",
        "Must point to a field of the initiative, as #/problem.",
    ),
)
STATES = validate.OneOf([str(state) for state in State])


class ItemSchema(schemas.Schema):
    """One thing that the author is asked to change."""

    pointer = fields.String(
        required=True,
        validate=POINTER,
        metadata={"description": "JSON pointer into the initiative's content", "example": "#/problem"},
    )
    code = fields.String(required=True, validate=CODE, metadata={"example": "too-vague"})
    text = schemas.Text(
        required=True,
        min_length=1,
        max_length=1000,
        multiline=True,
        metadata={"description": "Words for the author; they stay in this service"},
    )


class DecisionSchema(schemas.Schema):
    """A decision at the case's current level."""

    decision = fields.String(required=True, validate=validate.OneOf([str(choice) for choice in Choice]))
    expected_level = fields.Integer(
        load_default=None,
        strict=True,
        validate=validate.Range(1, 12),
        metadata={"description": "The level that was looked at; the decision is refused at another one"},
    )
    items = schemas.Items(
        fields.Nested(ItemSchema),
        most=50,
        load_default=list,
        metadata={"description": "request_revision: what to change, at least one"},
    )
    reason_code = fields.String(
        load_default=None,
        validate=CODE,
        metadata={"description": "reject: one of the case's reject_reasons"},
    )
    text = schemas.Text(
        load_default=None,
        max_length=4000,
        multiline=True,
        metadata={"description": "Words for the author; required when rejecting"},
    )
    verified_benefit_vnd = schemas.Vnd(
        load_default=None,
        metadata={"description": "validate: the benefit of the first year as verified, VND"},
    )
    decided_at = schemas.Timestamp(
        load_default=None,
        metadata={"description": "Imported initiatives only: the date of the paper record"},
    )


class AssigneeSchema(schemas.Schema):
    """Whose turn it is."""

    role = fields.String(required=True)
    unit = schemas.UnitCode(required=True)


class OutcomeSchema(schemas.Schema):
    """What a decision led to."""

    initiative_id = schemas.Uuid(required=True)
    decision = fields.String(required=True)
    state = fields.String(required=True, validate=STATES)
    level = fields.Integer(required=True)
    levels = fields.Integer(required=True)
    waiting_for = fields.Nested(AssigneeSchema, required=True, allow_none=True)
    due_on = schemas.Day(required=True, allow_none=True)
    version = fields.Integer(required=True)


class ListQuery(schemas.PageQuery):
    """Either my queue (the default) or the cases of a unit's subtree."""

    queue = fields.String(
        load_default=None,
        validate=validate.OneOf(["mine"]),
        metadata={"description": "mine: what waits for one of my grants, the most urgent first; the default"},
    )
    unit = schemas.UnitCode(
        load_default=None,
        metadata={"description": "The cases of this unit and those below it, the latest opened first"},
    )
    state = fields.String(
        load_default=str(State.IN_REVIEW),
        validate=STATES,
        metadata={"description": "My queue has in_review and revision_requested only"},
    )


class SummarySchema(schemas.Schema):
    """A case in a list."""

    initiative_id = schemas.Uuid(required=True)
    code = fields.String(required=True)
    title = fields.String(required=True, allow_none=True, metadata={"description": "null when confidential"})
    state = fields.String(required=True, validate=STATES)
    unit = schemas.UnitCode(required=True)
    revision = fields.Integer(required=True)
    level = fields.Integer(required=True)
    levels = fields.Integer(required=True)
    waiting_for = fields.Nested(AssigneeSchema, required=True, allow_none=True)
    due_on = schemas.Day(required=True, allow_none=True)
    submitted_at = schemas.Timestamp(required=True)
    own = fields.Boolean(
        required=True,
        metadata={
            "description": "I am or was an author, or drafted, edited or submitted it: I may not decide"
        },
    )
    barred = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf([*(str(reason) for reason in Bar), None]),
        metadata={"description": "Why I may not decide, whatever my grants; null when nothing is in the way"},
    )


class LevelSchema(schemas.Schema):
    """One level that the case passes."""

    level = fields.Integer(required=True)
    role = fields.String(required=True)
    unit = schemas.UnitCode(required=True)
    unit_name = fields.String(required=True, allow_none=True)
    due_working_days = fields.Integer(required=True)
    validated_at = schemas.Timestamp(required=True, allow_none=True)


class EntrySchema(schemas.Schema):
    """One entry of the history, oldest first."""

    what = fields.String(required=True, validate=validate.OneOf([str(what) for what in Happening]))
    at = schemas.Timestamp(required=True)
    recorded_at = schemas.Timestamp(required=True)
    revision = fields.Integer(required=True)
    level = fields.Integer(required=True)
    by = fields.String(required=True, allow_none=True, metadata={"description": "Opaque member id"})
    role = fields.String(required=True, allow_none=True)
    unit = schemas.UnitCode(required=True, allow_none=True)
    items = fields.List(fields.Nested(ItemSchema), required=True)
    reason_code = fields.String(required=True, allow_none=True)
    text = fields.String(required=True, allow_none=True)
    verified_benefit_vnd = schemas.Vnd(required=True, allow_none=True)


class NextStepSchema(schemas.Schema):
    """What happens next: `decision` by role and unit until due_on, `revision` by the author, or `none`."""

    step = fields.String(required=True, validate=validate.OneOf(["decision", "revision", "none"]))
    role = fields.String(required=True, allow_none=True)
    unit = schemas.UnitCode(required=True, allow_none=True)
    unit_name = fields.String(required=True, allow_none=True)
    due_on = schemas.Day(required=True, allow_none=True)
    mine = fields.Boolean(required=True, metadata={"description": "It is I who may take it"})


class RejectReasonSchema(schemas.Schema):
    """A reason for which this case may be rejected."""

    code = fields.String(required=True)
    text = fields.String(required=True)


class CaseSchema(SummarySchema):
    """A case with its history. The initiative's full text is read at the submission service."""

    source = fields.String(required=True, metadata={"description": "self, on_behalf, import; may grow"})
    confidential = fields.Boolean(required=True)
    unit_path = fields.List(schemas.UnitCode(), required=True)
    opened_at = schemas.Timestamp(required=True)
    expected_answer_on = schemas.Day(required=True)
    benefit_declared_vnd = schemas.Vnd(required=True, allow_none=True)
    benefit_verified_vnd = schemas.Vnd(required=True, allow_none=True)
    policy = fields.String(required=True, metadata={"description": "The policy pack frozen into the case"})
    path_of_levels = fields.List(fields.Nested(LevelSchema), required=True)
    next_step = fields.Nested(NextStepSchema, required=True)
    acts = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The decisions that I may make now; none for who may not decide"},
    )
    reject_reasons = fields.List(fields.Nested(RejectReasonSchema), required=True)
    history = fields.List(fields.Nested(EntrySchema), required=True)
    version = fields.Integer(required=True)


CasePageSchema = schemas.page_schema(SummarySchema, "CasePage")
