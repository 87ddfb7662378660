"""Learns units and campaigns as their owner publishes them; versions decide, so order does not matter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from stats.application.ports import ReferenceStore
from stats.domain.campaigns import Campaign
from union.units import Unit


class _Versioned(Protocol):
    @property
    def version(self) -> int: ...


V = TypeVar("V", bound=_Versioned)


def learn_reference(
    store: ReferenceStore, units: Iterable[Unit], campaigns: Iterable[Campaign], *, again: bool = False
) -> None:
    """Keep the newest of each; older ones than the stored change nothing. again: also what is stored in the
    same version, of which an earlier release may have kept less."""
    newest_units = _newest((unit.code, unit) for unit in units)
    newest_campaigns = _newest((campaign.id, campaign) for campaign in campaigns)
    if newest_units or newest_campaigns:
        store.learn(newest_units, newest_campaigns, again=again)


def _newest(items: Iterable[tuple[str, V]]) -> list[V]:
    newest: dict[str, V] = {}
    for key, item in items:
        if key not in newest or item.version > newest[key].version:
            newest[key] = item
    return list(newest.values())
