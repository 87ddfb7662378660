"""Reads initiatives for those who may see them, and receipts for everybody."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.permissions import PermissionTable, Resource
from chassis.problems import COMMON, Problem
from chassis.tokens import Principal
from submission.application.intake import seen_as
from submission.application.ports import Initiatives, Listed, PublishedPage, Reference, Showcase
from submission.domain import codes
from submission.domain.initiative import Initiative
from submission.domain.states import State


@dataclass(frozen=True)
class Seen:
    """An initiative and whether the reader sees all of a confidential one."""

    initiative: Initiative
    in_full: bool


@dataclass(frozen=True)
class Reading:
    initiatives: Initiatives
    published: Showcase
    reference: Reference
    permissions: PermissionTable

    def get(self, principal: Principal, id: str) -> Seen:
        """Problem `not-found` when there is none or it is not for this person."""
        stored = self.initiatives.find(id)
        if stored is None:
            raise Problem(COMMON["not-found"])
        initiative = stored.initiative
        resource = seen_as(initiative)
        if not self.permissions.allows(principal, "initiative.read", resource):
            raise Problem(COMMON["not-found"])
        in_full = not initiative.content.confidential or self.permissions.allows(
            principal, "initiative.read_confidential", resource
        )
        return Seen(initiative, in_full)

    def page(
        self, principal: Principal, unit: str | None, state: State | None, before: str | None, limit: int
    ) -> list[Listed]:
        """The person's own, or with `unit` those submitted in its subtree; newest first.

        Who may list a unit by its present path sees of it what was submitted under one of the own grants:
        units move, and rights over an initiative follow the path that its submission froze. One operation,
        and a few more where a unit has moved.
        """
        if unit is None:
            self.permissions.require(principal, "initiative.list_own")
            return self.initiatives.of_owner(principal.subject, state, before, limit)
        found = self.reference.unit(unit)
        path = () if found is None else found.path
        self.permissions.require(principal, "initiative.list_unit", Resource(path=path))
        held = self.permissions.scope(principal, "initiative.list_unit").units
        # A grant on the unit itself covers everything of it.
        return self.initiatives.of_unit(unit, state, before, limit, within=None if unit in held else held)

    def showcase(self, text: str, unit: str | None, before: str | None, limit: int) -> PublishedPage:
        """What the public may read of approved initiatives; newest first, one operation."""
        self.permissions.require(None, "showcase.read")
        return self.published.page(text, unit, before, limit)

    def receipt(self, code: str) -> Initiative:
        """The initiative of a human code; Problem `not-found`. A slip of the pen costs no query."""
        initiative = self.initiatives.find_by_code(code) if codes.is_well_formed(code) else None
        if initiative is None:
            raise Problem(COMMON["not-found"])
        return initiative
