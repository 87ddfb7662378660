"""The shapes of requests and answers. Instances are made once; they check form only, the rules are the
domain's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, validate

from chassis.problems import FieldError
from chassis.web.messages import Message, field_errors
from chassis.web.schemas import (
    Day,
    Items,
    MemberId,
    PageQuery,
    Schema,
    Text,
    Timestamp,
    UnitCode,
    Uuid,
    Vnd,
    page_schema,
)
from submission.domain import shares
from submission.domain.content import SolutionType, Source
from submission.domain.states import State
from union.units import Block, UnitLevel

LONG = 10_000


class Share(fields.Field[int]):
    """A per cent with at most two decimals, as text: "33.34"; loaded as hundredths."""

    default_error_messages = {  # noqa: RUF012
        "invalid": Message(
            "not-a-share",
            'Phải là chuỗi từ "0" đến "100" với tối đa hai chữ số thập phân, ví dụ "33.34".',
            'Must be a text from "0" to "100" with at most two decimals, as "33.34".',
        )
    }

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        try:
            return shares.hundredths(value)
        except (ValueError, TypeError):
            raise self.make_error("invalid") from None


class Slug(fields.String):
    """A short name for machines."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.Regexp(r"[a-z0-9][a-z0-9_-]{0,63}\Z"), **kwargs)


def _choice(choices: type[SolutionType | State | UnitLevel | Block], **kwargs: Any) -> fields.String:
    return fields.String(validate=validate.OneOf([choice.value for choice in choices]), **kwargs)


class AuthorSchema(Schema):
    member_id = MemberId(allow_none=True)
    external_name = Text(max_length=100, allow_none=True)
    share = Share(allow_none=True, metadata={"type": "string", "example": "33.34"})
    lead = fields.Boolean(truthy={True}, falsy={False})


class BenefitSchema(Schema):
    declared_vnd = Vnd(allow_none=True)
    method = Text(max_length=LONG, multiline=True, allow_none=True)
    social = Text(max_length=LONG, multiline=True, allow_none=True)
    confirmed = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "An unusual amount was read again; see /v1/benefit-limits"},
    )


class RecognitionSchema(Schema):
    decision_no = Text(max_length=100, allow_none=True)
    decided_on = Day(allow_none=True)
    issuer = Text(max_length=300, allow_none=True)
    level = Text(max_length=100, allow_none=True)


class DeclarationsSchema(Schema):
    not_recognised_elsewhere = fields.Boolean(truthy={True}, falsy={False})
    lawful = fields.Boolean(truthy={True}, falsy={False})
    no_ip_conflict = fields.Boolean(truthy={True}, falsy={False})


class ContentSchema(Schema):
    """All but the unit may be absent from a draft."""

    unit = UnitCode(required=True)
    title = Text(max_length=300, allow_none=True)
    solution_type = _choice(SolutionType, allow_none=True)
    field = Slug(allow_none=True)
    campaign = Slug(allow_none=True)
    authors = Items(fields.Nested(AuthorSchema()), most=100)
    problem = Text(max_length=LONG, multiline=True, allow_none=True)
    solution = Text(max_length=LONG, multiline=True, allow_none=True)
    novelty = Text(max_length=LONG, multiline=True, allow_none=True)
    applicability = Text(max_length=LONG, multiline=True, allow_none=True)
    applied_where = Text(max_length=300, allow_none=True)
    conditions = Text(max_length=LONG, multiline=True, allow_none=True)
    first_applied_on = Day(allow_none=True)
    benefit = fields.Nested(BenefitSchema(), allow_none=True)
    recognition = fields.Nested(RecognitionSchema(), allow_none=True)
    declarations = fields.Nested(DeclarationsSchema(), allow_none=True)
    confidential = fields.Boolean(truthy={True}, falsy={False})
    consent_to_publish = fields.Boolean(truthy={True}, falsy={False})
    on_behalf_of = MemberId(allow_none=True)


@dataclass(frozen=True)
class Loaded:
    """What could be read of a body and what is wrong with its form: a submission then reports the rules
    too. empty: there was no body, or one without any property."""

    data: dict[str, Any]
    errors: tuple[FieldError, ...]
    empty: bool


class _Lenient(Schema):
    """Loads to `Loaded` instead of raising."""

    def load(self, data: Any, **kwargs: Any) -> Any:
        try:
            return Loaded(super().load(data, **kwargs), (), empty=False)
        except ValidationError as error:
            read = error.valid_data if isinstance(error.valid_data, dict) else {}
            return Loaded(dict(read), field_errors(error.messages, "json"), empty=data == {})


class NewInitiativeSchema(ContentSchema, _Lenient):
    submit = fields.Boolean(truthy={True}, falsy={False}, metadata={"description": "Submit at once"})
    source = fields.String(
        validate=validate.OneOf([Source.IMPORT.value]),
        metadata={"description": "Only for records that are entered later"},
    )
    registered_at = Timestamp(
        metadata={
            "type": "string",
            "format": "date-time",
            "description": "When an imported record was handed in; within the campaign's window",
        }
    )


class SubmissionSchema(ContentSchema, _Lenient):
    """The content as the author sees it; none submits what is stored."""


class WithdrawalSchema(Schema):
    reason = Text(max_length=1000, multiline=True, load_default=None, allow_none=True)


class ListQuery(PageQuery):
    state = _choice(State, load_default=None)
    unit = UnitCode(load_default=None, metadata={"description": "Those of its subtree, instead of my own"})


class ResultSchema(Schema):
    id = Uuid(required=True)
    version = fields.Integer(required=True)
    state = _choice(State, required=True)
    revision = fields.Integer(required=True)
    unit = UnitCode(required=True)
    code = fields.String(allow_none=True, required=True)
    campaign = fields.String(allow_none=True, required=True)
    campaigns = fields.List(fields.String(), required=True)
    submitted_at = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)
    expected_answer_on = fields.String(allow_none=True, metadata={"format": "date"}, required=True)


class ValidatedSchema(Schema):
    level = fields.Integer(required=True)
    unit = UnitCode(required=True)
    at = fields.String(metadata={"format": "date-time"}, required=True)


class MilestonesSchema(Schema):
    submitted = fields.String(metadata={"format": "date-time"}, required=True)
    resubmitted = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)
    in_review = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)
    revision_requested = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)
    validated = fields.List(fields.Nested(ValidatedSchema()), required=True)
    approved = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)
    rejected = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)
    withdrawn = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)


class InitiativeSchema(ResultSchema):
    unit_path = fields.List(UnitCode(), required=True)
    source = fields.String(allow_none=True, required=True)
    level = fields.Integer(metadata={"description": "0 before there is a case"}, required=True)
    levels = fields.Integer(required=True)
    benefit_verified = fields.Integer(allow_none=True, required=True)
    milestones = fields.Nested(MilestonesSchema(), allow_none=True, required=True)
    created_at = fields.String(metadata={"format": "date-time"}, required=True)
    withdrawal_reason = fields.String(allow_none=True, required=True)
    acts = fields.List(fields.String(), metadata={"description": "What its owner may do now"}, required=True)
    content = fields.Nested(ContentSchema(), required=True)


class ListedSchema(Schema):
    id = Uuid(required=True)
    version = fields.Integer(required=True)
    state = _choice(State, required=True)
    title = fields.String(allow_none=True, required=True)
    unit = UnitCode(required=True)
    campaign = fields.String(allow_none=True, required=True)
    code = fields.String(allow_none=True, required=True)
    level = fields.Integer(required=True)
    levels = fields.Integer(required=True)
    created_at = fields.String(metadata={"format": "date-time"}, required=True)
    submitted_at = fields.String(allow_none=True, metadata={"format": "date-time"}, required=True)


InitiativePageSchema = page_schema(ListedSchema, "InitiativePage")


class EarlierSchema(Schema):
    revision = fields.Integer(required=True)
    submitted_at = fields.String(required=True, metadata={"format": "date-time"})
    content = fields.Nested(ContentSchema(), required=True)


class EarlierPageSchema(Schema):
    items = fields.List(fields.Nested(EarlierSchema()), required=True)


class ShowcaseQuery(PageQuery):
    q = Text(
        max_length=200,
        load_default=None,
        metadata={"description": "Words of the title, field or code, diacritics optional"},
    )
    unit = UnitCode(load_default=None, metadata={"description": "Those of its subtree"})


class PublishedSchema(Schema):
    """What the public sees; no text but the title, and no person."""

    code = fields.String(required=True)
    title = fields.String(required=True)
    unit = UnitCode(required=True)
    field = fields.String(required=True)
    solution_type = _choice(SolutionType, required=True)
    campaign = fields.String(required=True)
    approved_on = fields.String(required=True, metadata={"format": "date"})
    benefit_declared = fields.Integer(required=True, allow_none=True, metadata={"description": "VND"})
    benefit_verified = fields.Integer(required=True, allow_none=True, metadata={"description": "VND"})
    author_count = fields.Integer(required=True)


ShowcasePageSchema = page_schema(PublishedSchema, "ShowcasePage")


class ReceiptSchema(Schema):
    code = fields.String(required=True)
    state = _choice(State, required=True)
    unit = UnitCode(required=True)
    unit_name_vi = fields.String(required=True)
    campaign = fields.String(required=True)
    campaign_name_vi = fields.String(required=True)
    campaign_name_en = fields.String(required=True)
    submitted_on = fields.String(metadata={"format": "date"}, required=True)
    expected_answer_on = fields.String(metadata={"format": "date"}, required=True)


class FieldSchema(Schema):
    slug = fields.String(required=True)
    name_vi = fields.String(required=True)


class FieldsSchema(Schema):
    items = fields.List(fields.Nested(FieldSchema()), required=True)


class BenefitLimitsSchema(Schema):
    confirm_from_vnd = fields.Integer(
        required=True, metadata={"description": "From this amount on, benefit.confirmed must be true"}
    )
    most_without_evidence_vnd = fields.Integer(
        required=True, metadata={"description": "Above it, recognition must be complete"}
    )


class UnitFactsSchema(Schema):
    name_vi = Text(min_length=1, max_length=300, required=True)
    name_en = Text(min_length=1, max_length=300, load_default=None, allow_none=True)
    parent = UnitCode(load_default=None, allow_none=True)
    level = _choice(UnitLevel, required=True)
    block = _choice(Block, load_default=None, allow_none=True)
    cluster = Text(min_length=1, max_length=300, load_default=None, allow_none=True)
    valid_from = Day(required=True)
    valid_to = Day(load_default=None, allow_none=True)


class UnitSchema(UnitFactsSchema):
    code = UnitCode(required=True)
    path = fields.List(UnitCode(), required=True)
    version = fields.Integer(required=True)


class UnitQuery(PageQuery):
    q = Text(
        max_length=200,
        load_default=None,
        metadata={"description": "Words, diacritics optional; one of them with two letters at least"},
    )
    parent = UnitCode(load_default=None)


UnitPageSchema = page_schema(UnitSchema, "UnitPage")


class CampaignFactsSchema(Schema):
    programme = Slug(required=True)
    name_vi = Text(min_length=1, max_length=300, required=True)
    name_en = Text(min_length=1, max_length=300, required=True)
    opens_at = Timestamp(required=True, metadata={"type": "string", "format": "date-time"})
    closes_at = Timestamp(required=True, metadata={"type": "string", "format": "date-time"})
    eligible_from = Day(required=True)
    eligible_to = Day(required=True)


class CampaignSchema(CampaignFactsSchema):
    id = fields.String(required=True)
    version = fields.Integer(required=True)


class CampaignsSchema(Schema):
    items = fields.List(fields.Nested(CampaignSchema()), required=True)
