"""Campaigns: windows of time, to the minute, in which initiatives are registered. Windows nest and
overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True)
class CampaignFacts:
    """What an administrator says about a campaign.

    The window is [opens_at, closes_at), in UTC; eligible_from and eligible_to are the first and last local
    day on which an initiative may have been applied first.
    """

    programme: str
    name_vi: str
    name_en: str
    opens_at: datetime
    closes_at: datetime
    eligible_from: date
    eligible_to: date


@dataclass(frozen=True)
class Campaign:
    id: str
    facts: CampaignFacts
    version: int

    def holds(self, moment: datetime) -> bool:
        return self.facts.opens_at <= moment < self.facts.closes_at

    def is_eligible(self, applied_on: date) -> bool:
        return self.facts.eligible_from <= applied_on <= self.facts.eligible_to


class CampaignNotOpen(Exception):
    """The moment lies before the campaign's window."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(campaign.id)
        self.campaign = campaign


class CampaignClosed(Exception):
    """The moment lies after the campaign's window."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(campaign.id)
        self.campaign = campaign


def require_open(campaign: Campaign, moment: datetime) -> None:
    """Raises CampaignNotOpen or CampaignClosed unless the window holds the moment."""
    if moment < campaign.facts.opens_at:
        raise CampaignNotOpen(campaign)
    if moment >= campaign.facts.closes_at:
        raise CampaignClosed(campaign)


def all_at(campaigns: Iterable[Campaign], chosen: Campaign, moment: datetime) -> tuple[str, ...]:
    """The ids of every campaign of the chosen one's programme whose window holds the moment, sorted.

    An initiative counts for all of them; the chosen one must be open.
    """
    programme = chosen.facts.programme
    return tuple(sorted(c.id for c in campaigns if c.facts.programme == programme and c.holds(moment)))
