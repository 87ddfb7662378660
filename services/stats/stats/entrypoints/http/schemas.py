"""The shapes of requests and answers. Instances are made once: building a schema costs more than using it."""

from __future__ import annotations

from marshmallow import fields, validate

from chassis.web.schemas import Day, Schema, Timestamp, UnitCode
from stats.domain.snapshots import Basis

BASES = [basis.value for basis in Basis]
GREATEST_TARGET = 10**9


def _basis() -> fields.String:
    return fields.String(
        load_default=Basis.APPROVED.value,
        validate=validate.OneOf(BASES),
        metadata={"description": "What is counted; submitted = in_review + approved + rejected + withdrawn"},
    )


def _campaign() -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Regexp(r"[a-z0-9][a-z0-9-]{0,63}\Z"),
        metadata={"description": "The id of a campaign, for instance phase-1"},
    )


class FiguresQuery(Schema):
    campaign = _campaign()
    basis = _basis()
    as_of = Day(load_default=None, metadata={"description": "The end of that local day; now without it"})


class TimelineQuery(Schema):
    campaign = _campaign()
    basis = _basis()
    first = Day(
        data_key="from",
        load_default=None,
        metadata={"description": "By default the campaign's first day"},
    )
    last = Day(
        data_key="to",
        load_default=None,
        metadata={"description": "By default three months after the campaign, at most today"},
    )


EXACT = "An exact integer, which may exceed 2^53"


class BasisFigures(Schema):
    count = fields.Integer(required=True)
    benefit_vnd = fields.Integer(
        required=True,
        metadata={"description": f"As declared by the authors; 0 where nothing was declared. {EXACT}"},
    )
    authors = fields.Integer(required=True)
    quantified = fields.Integer(
        required=True, metadata={"description": "Initiatives whose authors declared an amount"}
    )
    verified = fields.Integer(
        required=True, metadata={"description": "Initiatives whose benefit a reviewer verified"}
    )
    verified_benefit_vnd = fields.Integer(
        required=True, metadata={"description": f"Of these, as verified. {EXACT}"}
    )


class Bases(Schema):
    submitted = fields.Nested(BasisFigures, required=True)
    in_review = fields.Nested(BasisFigures, required=True)
    approved = fields.Nested(BasisFigures, required=True)
    rejected = fields.Nested(BasisFigures, required=True)
    withdrawn = fields.Nested(BasisFigures, required=True)


class PaceAnswer(Schema):
    days = fields.Integer(required=True, metadata={"description": "Of the campaign"})
    elapsed = fields.Integer(required=True, metadata={"description": "Days, the current one included"})
    per_day = fields.Float(required=True)
    expected = fields.Integer(
        required=True, allow_none=True, metadata={"description": "By an even spread of the target"}
    )
    needed_per_day = fields.Float(required=True, allow_none=True)


class StandingAnswer(Schema):
    """What every list and every progress says about a unit."""

    unit = UnitCode(required=True)
    name_vi = fields.String(required=True)
    name_en = fields.String(required=True, allow_none=True)
    level = fields.String(required=True)
    count = fields.Integer(required=True, metadata={"description": "On the basis of this answer"})
    target = fields.Integer(required=True, allow_none=True)
    percent = fields.Float(required=True, allow_none=True)
    rank = fields.Integer(required=True, metadata={"description": "Among its siblings; ties share a rank"})
    of = fields.Integer(required=True)
    benefit_vnd = fields.Integer(required=True)
    authors = fields.Integer(required=True)
    bases = fields.Nested(Bases, required=True)


class ProgressAnswer(StandingAnswer):
    campaign = fields.String(required=True)
    basis = fields.String(required=True, validate=validate.OneOf(BASES))
    as_of = Day(required=True, allow_none=True)
    counted_at = Timestamp(
        required=True, allow_none=True, metadata={"description": "The time of the last event counted"}
    )
    pace = fields.Nested(PaceAnswer, required=True)


class ChildrenAnswer(Schema):
    unit = UnitCode(required=True)
    campaign = fields.String(required=True)
    basis = fields.String(required=True, validate=validate.OneOf(BASES))
    as_of = Day(required=True, allow_none=True)
    counted_at = Timestamp(required=True, allow_none=True)
    items = fields.List(fields.Nested(StandingAnswer), required=True)


class DayAnswer(Schema):
    day = Day(required=True)
    count = fields.Integer(required=True, metadata={"description": "Of that day"})
    cumulative = fields.Integer(required=True, metadata={"description": "At the end of that day"})


class TimelineAnswer(Schema):
    unit = UnitCode(required=True)
    campaign = fields.String(required=True)
    basis = fields.String(required=True, validate=validate.OneOf(BASES))
    first = Day(required=True, data_key="from")
    last = Day(required=True, data_key="to")
    counted_at = Timestamp(required=True, allow_none=True)
    days = fields.List(fields.Nested(DayAnswer), required=True)


class TargetBody(Schema):
    target = fields.Integer(
        required=True,
        allow_none=True,
        strict=True,
        validate=validate.Range(1, GREATEST_TARGET),
        metadata={"description": "Approved initiatives to reach; null takes the target back"},
    )


class TargetAnswer(Schema):
    campaign = fields.String(required=True)
    unit = UnitCode(required=True)
    basis = fields.String(required=True, validate=validate.Equal(Basis.APPROVED.value))
    target = fields.Integer(required=True, allow_none=True)
    version = fields.Integer(required=True)
    reached = fields.Boolean(required=True)
    set_at = Timestamp(required=True, allow_none=True)
