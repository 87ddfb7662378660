"""What an answer says, as plain JSON values."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from chassis.clock import rfc3339
from chassis.web.json_body import exact
from stats.application.read_figures import Children, Progress, Question, Standing, Timeline
from stats.domain.figures import Figures
from stats.domain.snapshots import Basis
from stats.domain.targets import Target


def progress_view(question: Question, progress: Progress) -> dict[str, Any]:
    return {
        **_standing(question, progress.standing),
        **_asked(question, progress.counted_at),
        "pace": asdict(progress.pace),
    }


def children_view(question: Question, children: Children) -> dict[str, Any]:
    return {
        "unit": children.parent.code,
        **_asked(question, children.counted_at),
        "items": [_standing(question, item) for item in children.items],
    }


def timeline_view(question: Question, timeline: Timeline) -> dict[str, Any]:
    return {
        "unit": timeline.unit.code,
        "campaign": question.campaign,
        "basis": question.basis.value,
        "from": timeline.first.isoformat(),
        "to": timeline.last.isoformat(),
        "counted_at": _moment(timeline.counted_at),
        "days": [
            {"day": entry.day.isoformat(), "count": entry.count, "cumulative": entry.cumulative}
            for entry in timeline.days
        ],
    }


def target_view(target: Target) -> dict[str, Any]:
    return {
        "campaign": target.place.campaign,
        "unit": target.place.unit,
        "basis": Basis.APPROVED.value,
        "target": target.target,
        "version": target.version,
        "reached": target.target in target.reached,
        "set_at": target.set_at,
    }


def _asked(question: Question, counted_at: datetime | None) -> dict[str, Any]:
    return {
        "campaign": question.campaign,
        "basis": question.basis.value,
        "as_of": question.as_of.isoformat() if question.as_of else None,
        "counted_at": _moment(counted_at),
    }


def _standing(question: Question, standing: Standing) -> dict[str, Any]:
    amount = standing.figures.of(question.basis)
    return {
        "unit": standing.unit.code,
        "name_vi": standing.unit.facts.name_vi,
        "name_en": standing.unit.facts.name_en,
        "level": standing.unit.facts.level,
        "count": standing.count,
        "target": standing.target,
        "percent": standing.percent,
        "rank": standing.rank,
        "of": standing.of,
        "benefit_vnd": exact(amount.benefit),
        "authors": amount.authors,
        "bases": _bases(standing.figures),
    }


def _bases(figures: Figures) -> dict[str, Any]:
    amounts = {basis.value: figures.of(basis) for basis in Basis}
    return {
        basis: {
            "count": amount.initiatives,
            "benefit_vnd": exact(amount.benefit),
            "authors": amount.authors,
            "quantified": amount.quantified,
            "verified": amount.verified,
            "verified_benefit_vnd": exact(amount.verified_benefit),
        }
        for basis, amount in amounts.items()
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else rfc3339(at)
