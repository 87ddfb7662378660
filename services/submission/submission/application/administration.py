"""Keeps the union tree and the campaigns. Every change is published in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chassis.clock import Clock, local_day
from chassis.permissions import PermissionTable, Resource
from chassis.problems import COMMON, Problem
from chassis.tokens import Principal
from submission.application.ports import Announcements, CampaignStore, Reference, TreeLock, UnitStore
from submission.domain import tree
from submission.domain.campaigns import Campaign, CampaignFacts
from submission.domain.completeness import Finding
from submission.domain.tree import SuperiorDecides, Surroundings, UnitRefused
from union.units import Unit, UnitFacts


@dataclass(frozen=True)
class _Site:
    """A unit as it is, the superior unit that its facts name (each None if there is none), and the root."""

    current: Unit | None
    parent: Unit | None
    root: str


@dataclass(frozen=True)
class Administration:
    units: UnitStore
    campaigns: CampaignStore
    reference: Reference
    announcements: Announcements
    permissions: PermissionTable
    clock: Clock
    tree_lock: TreeLock
    # The only code that the root of the tree may have.
    administration_unit: str

    def put_unit(self, principal: Principal, code: str, facts: UnitFacts, version: int | None) -> Unit:
        """Create a unit (version None) or change one. The same facts again change nothing and need no
        version.

        A unit's place belongs to its superior unit: who administers that one says where the unit stands, of
        which level, block and cluster it is, and from when until when; a move needs it at both ends. Who
        administers the unit itself changes its names (decision 0019).

        Raises SuperiorDecides, UnitRefused, UnitHasChildren, ChildrenOutlast; Problem forbidden,
        precondition-required, version-conflict, unavailable.
        """
        same = self._checked(principal, code, facts, version, self._site(code, facts))
        if same is not None:
            return same
        with self.tree_lock.held() as still_held:
            # Read again: from here on nothing else of the tree changes.
            site = self._site(code, facts)
            same = self._checked(principal, code, facts, version, site)
            if same is not None:
                return same
            unit = self._placed(code, facts, site)
            still_held()
            if not self.units.save(unit, self.announcements.unit_changed(unit, now=self.clock())):
                raise Problem(COMMON["version-conflict"])
        self.reference.keep_unit(unit)
        return unit

    def _site(self, code: str, facts: UnitFacts) -> _Site:
        parent = None if facts.parent is None else self.units.find(facts.parent)
        if facts.parent is not None and parent is None:
            raise UnitRefused(Finding("#/parent", "unknown-parent"))
        return _Site(self.units.find(code), parent, self.units.root() or self.administration_unit)

    def _checked(
        self, principal: Principal, code: str, facts: UnitFacts, version: int | None, site: _Site
    ) -> Unit | None:
        """The unit as it is if the facts change nothing, None if they may be applied."""
        current = site.current
        if current is not None and tree.only_names(current.facts, facts):
            self.permissions.require(principal, "unit.rename", Resource(path=current.path))
        else:
            for superior in self._superiors(code, site):
                if not self.permissions.allows(principal, "unit.place", Resource(path=superior)):
                    raise SuperiorDecides(superior[-1])
        if current is not None and current.facts == facts:
            return current
        _require_version(None if current is None else current.version, version)
        return None

    def _superiors(self, code: str, site: _Site) -> Iterator[tuple[str, ...]]:
        """The paths of the units that a place belongs to: the new superior, and the present one. A right at
        the last unit of each is needed, or above it."""
        if site.parent is not None:
            yield site.parent.path
        else:
            yield (site.root,)
        if site.current is not None:
            # The root has nobody above it: it is its own superior.
            yield site.current.path[:-1] or site.current.path

    def _placed(self, code: str, facts: UnitFacts, site: _Site) -> Unit:
        around = Surroundings(
            site.root,
            site.parent,
            children=() if site.current is None else self.units.children(code),
            look_alikes=self.units.look_alikes(code, facts),
        )
        return tree.place(code, facts, site.current, around, local_day(self.clock()))

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
