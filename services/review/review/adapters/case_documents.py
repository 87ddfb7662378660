"""The case as a MongoDB document and back. The facts and milestones keep the shape of the contract, so that
an event is rebuilt from what is stored; the fields that queries need are next to them. A reader ignores
fields that it does not know and has a default for those that earlier releases did not write (decision 0020).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from chassis.mongo.documents import known
from chassis.mongo.keyset import sort_key
from review.adapters.contract import read_initiative, read_milestones, write_initiative, write_milestones
from review.application.queues import waiting_under
from review.domain.case import Case, Entry, RequestedItem
from review.domain.policy import FrozenPolicy, Level
from review.domain.workflow import State

# Absent, not null, once a case has ended: the sparse index of the queues then holds open cases only.
WAITING_FIELDS = ("waiting_for", "due_key")
# The form of every key that `due_key` makes; a cursor that comes back from a client must have it.
DUE_KEY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.[A-Za-z0-9-]{1,64}")


def to_document(case: Case) -> dict[str, Any]:
    """Every field of the case but `requests` and the outbox, which belong to the write."""
    waiting = waiting_under(case)
    document: dict[str, Any] = {
        "_id": case.id,
        "version": case.version,
        "state": str(case.state),
        "step": case.step,
        "level": case.level,
        "policy": _policy_document(case.policy),
        "initiative": write_initiative(case.initiative),
        "milestones": write_milestones(case.milestones),
        "benefit_verified": case.benefit_verified,
        "opened_at": case.opened_at,
        "due_on": case.due_on.isoformat() if case.due_on else None,
        "days_left": case.days_left,
        "history": [_entry_document(entry) for entry in case.history],
        "involved": sorted(case.involved),
        "listed_key": sort_key(case.opened_at, case.id),
    }
    if waiting:
        document["waiting_for"] = waiting
        document["due_key"] = due_key(case)
    return document


def from_document(document: Mapping[str, Any]) -> Case:
    initiative = read_initiative(document["initiative"])
    return Case(
        initiative=initiative,
        policy=_policy(document["policy"]),
        state=State(document["state"]),
        level=document["level"],
        step=document["step"],
        version=document["version"],
        milestones=read_milestones(document["milestones"]),
        benefit_verified=document["benefit_verified"],
        opened_at=document["opened_at"],
        due_on=date.fromisoformat(document["due_on"]) if document["due_on"] else None,
        days_left=document["days_left"],
        history=tuple(_entry(entry) for entry in document["history"]),
        involved=initiative.involved.union(document.get("involved", ())),
    )


def due_key(case: Case) -> str:
    """Orders a queue by the day that is due; by the day of the request where the author is asked."""
    asked = case.milestones.revision_requested
    day = case.due_on or (asked.date() if asked else case.opened_at.date())
    return f"{day.isoformat()}.{case.id}"


def _policy_document(policy: FrozenPolicy) -> dict[str, Any]:
    return {
        "pack": policy.pack,
        "version": policy.version,
        "levels": [
            {"role": level.role, "unit": level.unit, "due_working_days": level.due_working_days}
            for level in policy.levels
        ],
        "after_revision_at_least": policy.after_revision_at_least,
        "reject_reasons": list(policy.reject_reasons),
        "several_levels_by_one_person": policy.several_levels_by_one_person,
    }


def _policy(document: Mapping[str, Any]) -> FrozenPolicy:
    return FrozenPolicy(
        pack=document["pack"],
        version=document["version"],
        levels=tuple(Level(**known(Level, level)) for level in document["levels"]),
        after_revision_at_least=document["after_revision_at_least"],
        reject_reasons=tuple(document["reject_reasons"]),
        several_levels_by_one_person=document.get("several_levels_by_one_person", False),
    )


def _entry_document(entry: Entry) -> dict[str, Any]:
    """What is not set is left out: most entries have no items, reason or text."""
    values = {field.name: getattr(entry, field.name) for field in fields(entry)}
    values["what"] = str(entry.what)
    values["items"] = [
        {"pointer": item.pointer, "code": item.code, "text": item.text} for item in entry.items
    ]
    return {name: value for name, value in values.items() if value not in (None, [])}


def _entry(document: Mapping[str, Any]) -> Entry:
    items = tuple(RequestedItem(**known(RequestedItem, item)) for item in document.get("items", ()))
    return Entry(**{**known(Entry, document), "items": items})
