"""The in-process copy of units and campaigns: what requests read instead of the database. A background
thread keeps it fresh; a copy that was never loaded makes the process unready, not wrong.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis.problems import COMMON, Problem
from submission.adapters.reference_documents import CAMPAIGNS, KIND, UNITS
from submission.adapters.reference_documents import campaign as read_campaign
from submission.adapters.reference_documents import unit as read_unit
from submission.adapters.unit_index import UnitIndex
from submission.domain.campaigns import Campaign
from submission.domain.units import Unit

log = logging.getLogger(__name__)

# Changes are looked for this far back again: the clocks of the writers differ, and a write may come late.
OVERLAP = timedelta(seconds=30)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Copy:
    units: UnitIndex
    campaigns: dict[str, Campaign]
    seen: datetime


class ReferenceCopy:
    def __init__(self, db: Database[dict[str, Any]], refresh_seconds: float) -> None:
        self._db = db
        self._refresh_seconds = refresh_seconds
        self._copy: _Copy | None = None
        self._writing = threading.Lock()

    def start(self) -> None:
        """Load and refresh in a daemon thread; to be called after the fork."""
        threading.Thread(target=self._run, name="reference", daemon=True).start()

    def _run(self, stop: threading.Event | None = None) -> None:
        stop = stop or threading.Event()
        while True:
            try:
                self.refresh()
            except PyMongoError as error:
                log.warning("units and campaigns not refreshed", extra={"error": type(error).__name__})
            if stop.wait(self._refresh_seconds):
                return

    def refresh(self) -> None:
        """Take in what changed since the last time; everything at first. Two queries by index."""
        since = _BEGINNING if self._copy is None else self._copy.seen - OVERLAP
        unit_documents, campaign_documents = self._changed(UNITS, since), self._changed(CAMPAIGNS, since)
        seen = max((d["changed_at"] for d in (*unit_documents, *campaign_documents)), default=since)
        with self._writing:
            copy = self._copy or _Copy(UnitIndex(), {}, since)
            units = [read_unit(document) for document in unit_documents]
            news = [unit for unit in units if _is_newer(unit, copy.units.get(unit.code))]
            campaigns = dict(copy.campaigns)
            for campaign in map(read_campaign, campaign_documents):
                if _is_newer(campaign, campaigns.get(campaign.id)):
                    campaigns[campaign.id] = campaign
            self._copy = _Copy(
                copy.units.with_units(news) if news else copy.units, campaigns, max(seen, copy.seen)
            )

    def _changed(self, collection: str, since: datetime) -> list[dict[str, Any]]:
        query = {"kind": KIND[collection], "changed_at": {"$gte": since}}
        return list(self._db[collection].find(query, {"outbox": 0}))

    def check(self) -> None:
        """For the readiness page: raises until the first load."""
        self._loaded()

    def _loaded(self) -> _Copy:
        if self._copy is None:
            raise Problem(COMMON["unavailable"])
        return self._copy

    def unit(self, code: str) -> Unit | None:
        return self._loaded().units.get(code)

    def root(self) -> Unit | None:
        return self._loaded().units.root

    def children(self, code: str) -> Sequence[Unit]:
        return self._loaded().units.children(code)

    def search(self, text: str) -> Sequence[Unit]:
        return self._loaded().units.search(text)

    def campaign(self, id: str) -> Campaign | None:
        return self._loaded().campaigns.get(id)

    def campaigns(self) -> Sequence[Campaign]:
        return tuple(self._loaded().campaigns.values())

    def keep_unit(self, unit: Unit) -> None:
        with self._writing:
            if self._copy is not None:
                self._copy = replace(self._copy, units=self._copy.units.with_units([unit]))

    def keep_campaign(self, campaign: Campaign) -> None:
        with self._writing:
            if self._copy is not None:
                campaigns = {**self._copy.campaigns, campaign.id: campaign}
                self._copy = replace(self._copy, campaigns=campaigns)


def _is_newer(new: Unit | Campaign, known: Unit | Campaign | None) -> bool:
    return known is None or known.version < new.version
