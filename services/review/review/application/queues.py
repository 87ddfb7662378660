"""The keys under which a case waits: state, role and unit, for the assigned unit and every unit above it.
So one equality per grant finds the whole queue.
"""

from __future__ import annotations

from collections.abc import Iterable

from chassis.tokens import Principal
from review.application.permissions import DECIDING_ROLES
from review.domain.case import Case
from review.domain.workflow import State


def waiting_under(case: Case) -> list[str]:
    """The keys of a case; none once it has ended."""
    if not case.is_open:
        return []
    return [queue_key(case.state, case.assigned.role, unit) for unit in case.assigned_path]


def queue_key(state: State, role: str, unit: str) -> str:
    return f"{state}:{role}:{unit}"


def my_keys(principal: Principal, state: State) -> list[str]:
    """The keys of everything that a principal's grants let it decide."""
    grants: Iterable[tuple[str, str]] = {
        (grant.role, grant.unit) for grant in principal.grants if grant.role in DECIDING_ROLES
    }
    return sorted(queue_key(state, role, unit) for role, unit in grants)
