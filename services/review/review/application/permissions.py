"""Who may do what with cases: the one table of this service, which a test walks. Deciding asks for the role
of the level at its unit or above it, so where nobody may at a level the next holder up the tree can; it never
allows who was involved in the initiative, nor who decided another level (`domain.interests`).
"""

from __future__ import annotations

from chassis.permissions import OWNER, SIGNED_IN, PermissionTable, Resource, role
from chassis.tokens import Principal
from review.domain.case import Case
from review.domain.decisions import Actor
from review.domain.interests import bar
from union.units import Unit

READ = "case.read"
QUEUE = "case.queue"
LIST = "case.list"
DECIDE = "case.decide."

# The roles that a policy pack may ask for at a level.
DECIDING_ROLES = ("support", "reviewer")

PERMISSIONS = PermissionTable(
    {
        READ: (OWNER, role("support"), role("reviewer"), role("official"), role("admin")),
        # One's own queue: it holds nothing for who has no grant.
        QUEUE: (SIGNED_IN,),
        LIST: (role("support"), role("reviewer"), role("official"), role("admin")),
        **{DECIDE + name: (role(name, not_owner=True),) for name in DECIDING_ROLES},
    }
)


def may_read(principal: Principal, case: Case) -> bool:
    resource = Resource(case.initiative.owners, case.initiative.unit_path)
    return PERMISSIONS.allows(principal, READ, resource)


def may_decide(principal: Principal, case: Case) -> bool:
    """Whether this principal may decide at the case's current level, its state apart."""
    allowed = PERMISSIONS.allows(principal, DECIDE + case.assigned.role, _at_level(case))
    return allowed and bar(case, principal.subject) is None


def require_list(principal: Principal, unit: Unit) -> None:
    """Problem `forbidden` unless the principal may list the cases of the unit's subtree."""
    PERMISSIONS.require(principal, LIST, Resource(path=unit.path))


def listing_units(principal: Principal) -> frozenset[str]:
    """The units whose subtrees the principal may list."""
    return PERMISSIONS.scope(principal, LIST).units


def acting(principal: Principal, case: Case) -> Actor:
    """The principal with its nearest grant for the current level; Problem `forbidden` without one."""
    level = case.assigned
    PERMISSIONS.require(principal, DECIDE + level.role, _at_level(case))
    held = principal.units(level.role)
    unit = next(unit for unit in reversed(case.assigned_path) if unit in held)
    return Actor(principal.subject, level.role, unit)


def _at_level(case: Case) -> Resource:
    return Resource(case.involved, case.assigned_path)
