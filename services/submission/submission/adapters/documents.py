"""Initiatives as MongoDB documents and back. The fields that queries need stand at the top. A reader ignores
fields that it does not know and has a default for those that earlier releases did not write (decision 0020).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from chassis.mongo.documents import known
from chassis.mongo.keyset import sort_key
from submission.adapters import content_json
from submission.application.ports import Listed
from submission.domain.content import Source
from submission.domain.initiative import Earlier, Initiative, Milestones, Progress, Registration, Validated
from submission.domain.sequence import Sequence
from submission.domain.states import State

# What a list shows, and no more leaves the database.
LISTED = {
    "version": 1,
    "state": 1,
    "sort_key": 1,
    "code": 1,
    "unit_path": 1,
    "level": 1,
    "levels": 1,
    "created_at": 1,
    "milestones.submitted": 1,
    "content.title": 1,
    "content.unit": 1,
    "content.campaign": 1,
}


def initiative_document(initiative: Initiative) -> dict[str, Any]:
    """Everything but `requests` and the outbox, which belong to the write."""
    return {
        "_id": initiative.id,
        "version": initiative.version,
        "owner": initiative.owner,
        "created_at": initiative.created_at,
        **changing_fields(initiative),
    }


def changing_fields(initiative: Initiative) -> dict[str, Any]:
    """What acts of the author change; the fields of a registration are absent from a draft."""
    registration, milestones = initiative.registration, initiative.milestones
    moment = initiative.created_at if milestones is None else milestones.submitted
    fields: dict[str, Any] = {
        "state": initiative.state.value,
        "sequence": str(initiative.sequence),
        "on_behalf_of": initiative.content.on_behalf_of,
        "owners": _owners(initiative),
        "content": content_json.to_json(initiative.content),
        "sort_key": sort_key(moment, initiative.id),
        "entered_by": initiative.entered_by,
        "involved": sorted(initiative.involved),
    }
    if registration is not None and milestones is not None:
        fields |= {
            "code": registration.code,
            "programme": registration.programme,
            "campaigns": list(registration.campaigns),
            "unit_path": list(registration.unit_path),
            "block": registration.block,
            "expected_answer_on": registration.expected_answer_on.isoformat(),
            "submitted_by": registration.submitted_by,
            "source": str(registration.source),
            **review_fields(milestones, initiative.progress),
        }
    if initiative.earlier:
        fields["earlier"] = [
            {
                "revision": one.revision,
                "submitted_at": one.submitted_at,
                "content": content_json.to_json(one.content),
            }
            for one in initiative.earlier
        ]
    if initiative.withdrawal_reason is not None:
        fields["withdrawal_reason"] = initiative.withdrawal_reason
    return fields


def review_fields(milestones: Milestones, progress: Progress) -> dict[str, Any]:
    """What the review service decides."""
    return {
        "milestones": _milestones_document(milestones),
        "level": progress.level,
        "levels": progress.levels,
        "benefit_verified": progress.benefit_verified,
    }


def _milestones_document(milestones: Milestones) -> dict[str, Any]:
    return {
        "submitted": milestones.submitted,
        "resubmitted": milestones.resubmitted,
        "in_review": milestones.in_review,
        "revision_requested": milestones.revision_requested,
        "validated": [{"level": v.level, "unit": v.unit, "at": v.at} for v in milestones.validated],
        "approved": milestones.approved,
        "rejected": milestones.rejected,
        "withdrawn": milestones.withdrawn,
    }


def _owners(initiative: Initiative) -> list[str]:
    """In whose own list it stands. An imported record belongs to its authors, not to who typed it in."""
    registration = initiative.registration
    if registration is not None and registration.source == Source.IMPORT:
        return list(initiative.content.author_ids())
    return sorted(initiative.readers())


def initiative(document: Mapping[str, Any]) -> Initiative:
    submitted = "code" in document
    return Initiative(
        id=document["_id"],
        version=document["version"],
        state=State(document["state"]),
        sequence=Sequence.parse(document["sequence"]),
        owner=document["owner"],
        content=content_json.from_json(document["content"]),
        created_at=document["created_at"],
        registration=_registration(document) if submitted else None,
        milestones=_milestones(document["milestones"]) if submitted else None,
        progress=Progress(document["level"], document["levels"], document["benefit_verified"])
        if submitted
        else Progress(),
        withdrawal_reason=document.get("withdrawal_reason"),
        earlier=tuple(
            Earlier(one["revision"], one["submitted_at"], content_json.from_json(one["content"]))
            for one in document.get("earlier", ())
        ),
        entered_by=document.get("entered_by"),
        involved=frozenset(document.get("involved", ())),
        passed=document.get("passed", {}),
    )


def _registration(document: Mapping[str, Any]) -> Registration:
    return Registration(
        code=document["code"],
        programme=document["programme"],
        campaigns=tuple(document["campaigns"]),
        unit_path=tuple(document["unit_path"]),
        block=document["block"],
        expected_answer_on=date.fromisoformat(document["expected_answer_on"]),
        submitted_by=document["submitted_by"],
        source=document["source"],
    )


def _milestones(document: Mapping[str, Any]) -> Milestones:
    validated = tuple(Validated(**known(Validated, passed)) for passed in document["validated"])
    return Milestones(**{**known(Milestones, document), "validated": validated})


def listed(document: Mapping[str, Any]) -> Listed:
    content = document["content"]
    return Listed(
        id=document["_id"],
        position=document["sort_key"],
        version=document["version"],
        state=document["state"],
        title=content["title"],
        unit=content["unit"],
        unit_path=tuple(document.get("unit_path", ())),
        campaign=content["campaign"],
        code=document.get("code"),
        level=document.get("level", 0),
        levels=document.get("levels", 0),
        created_at=document["created_at"],
        submitted_at=document.get("milestones", {}).get("submitted"),
    )
