"""Owns who may do what in this service: one table that requests and tests read alike. A contact belongs to a
person and to no unit, so the administration's rights hold for all or none: granted on one unit, the root."""

from __future__ import annotations

from chassis.permissions import OWNER, PermissionTable, Resource, role

INBOX_READ = "inbox.read"
INBOX_MARK_READ = "inbox.mark_read"
CONTACT_READ = "contact.read"
CONTACT_PREFER = "contact.prefer"
CONTACT_ENTER = "contact.enter"
CONTACT_ERASE = "contact.erase"
UNIT_PEOPLE = "unit.people"

# Who answers for something at a unit; a member there is no officer.
OFFICES = ("support", "reviewer", "official", "admin")

PERMISSIONS = PermissionTable(
    {
        INBOX_READ: (OWNER,),
        INBOX_MARK_READ: (OWNER,),
        CONTACT_READ: (OWNER, role("admin")),
        CONTACT_PREFER: (OWNER,),
        CONTACT_ENTER: (role("admin"),),
        CONTACT_ERASE: (role("admin"),),
        # This service knows no tree: an officer sees those of the own unit, one of the whole programme all.
        UNIT_PEOPLE: tuple(role(name) for name in OFFICES),
    }
)


def of_person(member: str, administration_unit: str) -> Resource:
    """The inbox and the contact of one person."""
    return Resource(owners=frozenset({member}), path=(administration_unit,))


def of_unit(unit: str, administration_unit: str) -> Resource:
    """The officers of one unit."""
    return Resource(path=(administration_unit, unit))
