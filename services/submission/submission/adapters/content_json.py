"""The content of an initiative as JSON and back: the same shape in the API and in the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from submission.domain import shares
from submission.domain.content import Author, Benefit, Content, Declarations, Recognition

_PLAIN = (
    "title",
    "solution_type",
    "field",
    "campaign",
    "problem",
    "solution",
    "novelty",
    "applicability",
    "applied_where",
    "conditions",
)


def to_json(content: Content) -> dict[str, Any]:
    recognition = content.recognition
    return {
        "unit": content.unit,
        **{name: getattr(content, name) for name in _PLAIN},
        "authors": [
            {
                "member_id": author.member_id,
                "external_name": author.external_name,
                "share": None if author.share is None else shares.text(author.share),
                "lead": author.lead,
            }
            for author in content.authors
        ],
        "first_applied_on": _iso(content.first_applied_on),
        "benefit": None if content.benefit is None else _benefit(content.benefit),
        "recognition": None if recognition is None else _recognition(recognition),
        "declarations": None if content.declarations is None else _declarations(content.declarations),
        "confidential": content.confidential,
        "consent_to_publish": content.consent_to_publish,
        "on_behalf_of": content.on_behalf_of,
    }


def from_json(document: Mapping[str, Any]) -> Content:
    """From what `to_json` made, or from loaded input of the same shape, in which days are dates, shares
    numbers and anything but the unit may be absent."""
    get = document.get
    benefit, recognition, declarations = get("benefit"), get("recognition"), get("declarations")
    return Content(
        unit=document["unit"],
        solution_type=get("solution_type"),
        authors=tuple(_author(author) for author in get("authors") or ()),
        first_applied_on=_day(get("first_applied_on")),
        benefit=None
        if benefit is None
        else Benefit(
            benefit.get("declared_vnd"),
            benefit.get("method"),
            benefit.get("social"),
            benefit.get("confirmed") or False,
        ),
        recognition=None
        if recognition is None
        else Recognition(
            recognition.get("decision_no"),
            _day(recognition.get("decided_on")),
            recognition.get("issuer"),
            recognition.get("level"),
        ),
        declarations=None
        if declarations is None
        else Declarations(
            declarations.get("not_recognised_elsewhere", False),
            declarations.get("lawful", False),
            declarations.get("no_ip_conflict", False),
        ),
        confidential=get("confidential") or False,
        consent_to_publish=get("consent_to_publish") or False,
        on_behalf_of=get("on_behalf_of"),
        title=get("title") or None,
        field=get("field"),
        campaign=get("campaign"),
        problem=get("problem") or None,
        solution=get("solution") or None,
        novelty=get("novelty") or None,
        applicability=get("applicability") or None,
        applied_where=get("applied_where") or None,
        conditions=get("conditions") or None,
    )


def _author(author: Mapping[str, Any]) -> Author:
    share = author.get("share")
    if isinstance(share, str):
        share = shares.hundredths(share)
    return Author(author.get("member_id"), author.get("external_name"), share, author.get("lead") or False)


def _benefit(benefit: Benefit) -> dict[str, Any]:
    return {
        "declared_vnd": benefit.declared_vnd,
        "method": benefit.method,
        "social": benefit.social,
        "confirmed": benefit.confirmed,
    }


def _recognition(recognition: Recognition) -> dict[str, Any]:
    return {
        "decision_no": recognition.decision_no,
        "decided_on": _iso(recognition.decided_on),
        "issuer": recognition.issuer,
        "level": recognition.level,
    }


def _declarations(declarations: Declarations) -> dict[str, Any]:
    return {
        "not_recognised_elsewhere": declarations.not_recognised_elsewhere,
        "lawful": declarations.lawful,
        "no_ip_conflict": declarations.no_ip_conflict,
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _day(value: date | str | None) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
