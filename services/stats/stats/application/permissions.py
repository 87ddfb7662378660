"""Who may do what in stats: the one table, walked by a test."""

from __future__ import annotations

from chassis.permissions import ANYONE, PermissionTable, Resource, role
from union.units import Unit

READ_FIGURES = "figures.read"
READ_TARGET = "target.read"
SET_TARGET = "target.set"

PERMISSIONS = PermissionTable(
    {
        # Counts are published; they hold no person.
        READ_FIGURES: (ANYONE,),
        READ_TARGET: (ANYONE,),
        SET_TARGET: (role("official"), role("admin")),
    }
)


def allotting(unit: Unit) -> Resource:
    """What setting a unit's target touches: a target is allotted from above, so the path ends at the parent.

    The root has nobody above: it sets its own.
    """
    return Resource(path=unit.path[:-1] or unit.path)
