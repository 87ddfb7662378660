"""Decides whether a content may be registered now, by whom, and what its first submission fixes. It reads
units and campaigns from memory only and writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from chassis.clock import local_day
from chassis.permissions import PermissionTable, Resource
from chassis.tokens import Principal
from submission.application.ports import Draw, Reference
from submission.domain import campaigns, codes
from submission.domain.completeness import BenefitLimits, Circumstances, Finding, Incomplete, findings
from submission.domain.content import Content, Source
from submission.domain.initiative import Registration
from union.units import Unit


@dataclass(frozen=True)
class Registrar:
    """fields: the known fields of work. benefit: limits of a declared amount. expected_answer_on: from the
    local day of submission. draw: the number of the human code."""

    reference: Reference
    permissions: PermissionTable
    fields: frozenset[str]
    benefit: BenefitLimits
    expected_answer_on: Callable[[date], date]
    draw: Draw

    def unit(self, content: Content) -> Unit:
        """The unit of a content; Incomplete when it does not exist."""
        unit = self.reference.unit(content.unit)
        if unit is None:
            raise Incomplete([Finding("#/unit", "unknown-unit")])
        return unit

    def require_author(self, principal: Principal, content: Content, unit: Unit, *, imported: bool) -> Source:
        """How this person registers this content; Problem `forbidden` when it may not be."""
        resource = Resource(path=unit.path)
        if imported:
            self.permissions.require(principal, "initiative.import", resource)
            return Source.IMPORT
        if content.on_behalf_of is None or content.on_behalf_of == principal.subject:
            self.permissions.require(principal, "initiative.create", resource)
            return Source.SELF
        self.permissions.require(principal, "initiative.create_on_behalf", resource)
        return Source.ON_BEHALF

    def findings(self, content: Content, at: datetime) -> list[Finding]:
        """Everything that keeps the content from being submitted, the campaign's window apart."""
        return findings(content, self._circumstances(content, at))

    def register(self, principal: Principal, content: Content, source: Source, at: datetime) -> Registration:
        """What the first submission fixes. at: UTC.

        Raises CampaignNotOpen or CampaignClosed before anything else, for then there is nothing to correct,
        and Incomplete with every finding.
        """
        circumstances = self._circumstances(content, at)
        unit, campaign = circumstances.unit, circumstances.campaign
        if campaign is not None:
            campaigns.require_open(campaign, at)
        found = findings(content, circumstances)
        if found or unit is None or campaign is None:
            raise Incomplete(found)
        block = unit.facts.block
        return Registration(
            code=codes.compose(unit.code, circumstances.today.year, self.draw(codes.NUMBERS)),
            programme=campaign.facts.programme,
            campaigns=campaigns.all_at(self.reference.campaigns(), campaign, at),
            unit_path=unit.path,
            block=None if block is None else str(block),
            expected_answer_on=self.expected_answer_on(circumstances.today),
            submitted_by=principal.subject,
            source=source,
        )

    def _circumstances(self, content: Content, at: datetime) -> Circumstances:
        return Circumstances(
            unit=self.reference.unit(content.unit),
            campaign=None if content.campaign is None else self.reference.campaign(content.campaign),
            fields=self.fields,
            today=local_day(at),
            benefit=self.benefit,
        )
