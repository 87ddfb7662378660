"""Keeps the union tree and the campaigns. Every change is published in full."""

from __future__ import annotations

from dataclasses import dataclass

from chassis.clock import Clock
from chassis.permissions import PermissionTable, Resource
from chassis.problems import COMMON, Problem
from chassis.tokens import Principal
from submission.application.ports import Announcements, CampaignStore, Reference, UnitStore
from submission.domain import units
from submission.domain.campaigns import Campaign, CampaignFacts
from submission.domain.units import Unit, UnitFacts, UnitRefused


@dataclass(frozen=True)
class Administration:
    units: UnitStore
    campaigns: CampaignStore
    reference: Reference
    announcements: Announcements
    permissions: PermissionTable
    clock: Clock

    def put_unit(self, principal: Principal, code: str, facts: UnitFacts, version: int | None) -> Unit:
        """Create a unit (version None) or change one. The same facts again change nothing and need no
        version.

        Raises UnitRefused; Problem forbidden, precondition-required, version-conflict.
        """
        current = self.units.find(code)
        parent = None if facts.parent is None else self.units.find(facts.parent)
        if facts.parent is not None and parent is None:
            raise UnitRefused("unknown-parent")
        # Who moves a unit must administer it where it is and where it goes.
        for path in ((*parent.path, code) if parent else (code,), current.path if current else None):
            if path is not None:
                self.permissions.require(principal, "unit.change", Resource(path=path))
        if current is not None and current.facts == facts:
            return current
        _require_version(None if current is None else current.version, version)
        unit = units.place(
            code, facts, parent, current, self.units.has_children(code), root=self.units.root()
        )
        if not self.units.save(unit, self.announcements.unit_changed(unit, now=self.clock())):
            raise Problem(COMMON["version-conflict"])
        self.reference.keep_unit(unit)
        return unit

    def put_campaign(
        self, principal: Principal, id: str, facts: CampaignFacts, version: int | None
    ) -> Campaign:
        """Create or change a campaign; as `put_unit`. Only who administers the root may."""
        root = self.units.root()
        self.permissions.require(principal, "campaign.change", Resource(path=(root,) if root else ()))
        current = self.campaigns.find(id)
        if current is not None and current.facts == facts:
            return current
        _require_version(None if current is None else current.version, version)
        campaign = Campaign(id, facts, 1 if current is None else current.version + 1)
        if not self.campaigns.save(campaign, self.announcements.campaign_changed(campaign, now=self.clock())):
            raise Problem(COMMON["version-conflict"])
        self.reference.keep_campaign(campaign)
        return campaign


def _require_version(current: int | None, version: int | None) -> None:
    if current is not None and version is None:
        raise Problem(COMMON["precondition-required"])
    if version is not None and version != current:
        raise Problem(COMMON["version-conflict"])
