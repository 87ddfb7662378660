"""Who may do what at this service, as one table that a test walks. A grant covers the unit and all below
it."""

from __future__ import annotations

from chassis.permissions import ANYONE, OWNER, SIGNED_IN, PermissionTable, role

_WATCHERS = (role("support"), role("reviewer"), role("official"), role("admin"))

PERMISSIONS = PermissionTable(
    {
        # A member registers in the own unit only; a support group wherever it supports.
        "initiative.create": (role("member", exact=True),),
        "initiative.create_on_behalf": (role("support"),),
        "initiative.import": (role("support"), role("admin")),
        # Owners are the one who made it, the member it was made for and every author that is a member.
        "initiative.read": (OWNER, *_WATCHERS),
        "initiative.read_confidential": (OWNER, role("support"), role("reviewer"), role("admin")),
        "initiative.list_own": (SIGNED_IN,),
        "initiative.list_unit": _WATCHERS,
        # Here owners are the one who made it and the member it was made for.
        "initiative.edit": (OWNER,),
        "initiative.submit": (OWNER,),
        "initiative.withdraw": (OWNER,),
        "initiative.delete": (OWNER,),
        "receipt.read": (ANYONE,),
        # Only what its authors agreed to publish is in it.
        "showcase.read": (ANYONE,),
        "unit.read": (ANYONE,),
        # The resource is the unit.
        "unit.rename": (role("admin"),),
        # The resource is the superior unit, so that a grant on the unit itself is no right over its place;
        # of a move, both superior units.
        "unit.place": (role("admin"),),
        "campaign.read": (ANYONE,),
        # The resource is the root of the tree.
        "campaign.change": (role("admin"),),
    }
)
