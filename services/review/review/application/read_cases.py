"""The use cases of reading: one case, my queue, the cases of a unit's subtree."""

from __future__ import annotations

from chassis.tokens import Principal
from review.application.permissions import listing_units, may_read, require_list
from review.application.ports import Cases, Page, Units
from review.application.queues import my_keys
from review.domain.case import Case
from review.domain.errors import UnknownCaseError, UnknownUnitError
from review.domain.workflow import State


def read_case(cases: Cases, principal: Principal, case_id: str) -> Case:
    """The case; UnknownCaseError also when the principal may not see it, so that ids tell nothing."""
    kept = cases.find(case_id)
    if kept is None or not may_read(principal, kept.case):
        raise UnknownCaseError
    return kept.case


def my_queue(cases: Cases, principal: Principal, state: State, after: str | None, limit: int) -> Page:
    """What waits for a decision by one of the principal's grants, or (state revision_requested) for an author
    whom one of these levels asked; the most urgent first."""
    keys = my_keys(principal, state)
    return cases.queue(keys, after, limit) if keys else Page((), None)


def list_cases(
    cases: Cases,
    units: Units,
    principal: Principal,
    *,
    unit: str,
    state: State,
    after: str | None,
    limit: int,
) -> Page:
    """The cases in one state of a unit's subtree that were submitted under a grant of the principal: units
    move, and rights over a case follow its frozen path. Raises UnknownUnitError, or Problem `forbidden`."""
    found = units.find(unit)
    if found is None:
        raise UnknownUnitError(unit)
    require_list(principal, found)
    held = listing_units(principal)
    # A grant on the unit itself covers everything of it.
    return cases.listed(unit, state, after, limit, within=None if unit in held else held)
