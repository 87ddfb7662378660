"""The in-process copy of units and campaigns: what requests read instead of the database. A background
thread keeps it fresh; a copy that was never loaded makes the process unready, not wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pymongo.database import Database

from chassis.problems import COMMON, Problem
from submission.adapters.reference_documents import CAMPAIGNS, KIND, UNITS
from submission.adapters.reference_documents import campaign as read_campaign
from submission.adapters.reference_documents import unit as read_unit
from submission.domain.campaigns import Campaign
from union.kept_copy import NOTHING, Changes, News, read_changes
from union.names import NameIndex
from union.refresher import Refresher
from union.tree import UnitTree
from union.units import Unit


@dataclass(frozen=True)
class _Copy:
    tree: UnitTree
    names: NameIndex
    campaigns: Mapping[str, Campaign]

    def with_units(self, units: Iterable[Unit]) -> _Copy:
        pairs = self.tree.newer(units)
        return replace(self, tree=self.tree.with_replaced(pairs), names=self.names.with_replaced(pairs))

    def with_campaigns(self, campaigns: Iterable[Campaign]) -> _Copy:
        known = dict(self.campaigns)
        for campaign in campaigns:
            if campaign.id not in known or known[campaign.id].version < campaign.version:
                known[campaign.id] = campaign
        return replace(self, campaigns=known)


_EMPTY = _Copy(UnitTree(), NameIndex(), {})


class ReferenceCopy:
    def __init__(self, db: Database[dict[str, Any]], refresh_seconds: float) -> None:
        self._db = db
        self._changes = Changes(db)
        self._seen = NOTHING
        self._copy: _Copy | None = None
        self._refreshing = threading.Lock()
        self._writing = threading.Lock()
        self._refresher = Refresher("reference", self.refresh, refresh_seconds)

    def start(self) -> None:
        """Load and refresh in a daemon thread; to be called after the fork."""
        self._refresher.start()

    def refresh(self) -> None:
        """Read what changed since the last refresh, everything at first; one round trip when nothing did."""
        with self._refreshing:
            news = self._changes.news(self._seen)
            if news is None:
                return
            units = [read_unit(document) for document in self._changed(UNITS, news)]
            campaigns = [read_campaign(document) for document in self._changed(CAMPAIGNS, news)]
            if news.everything:
                # Outside of the lock: a large tree takes seconds, and a request must not wait for it.
                copy = _EMPTY.with_units(units).with_campaigns(campaigns)
                with self._writing:
                    self._copy = copy
            else:
                with self._writing:
                    self._copy = (self._copy or _EMPTY).with_units(units).with_campaigns(campaigns)
            self._seen = news.head

    def _changed(self, collection: str, news: News) -> Sequence[dict[str, Any]]:
        return read_changes(self._db, collection, KIND[collection], news, leave_out=("outbox",))

    def check(self) -> None:
        """For the readiness page: raises until the first load."""
        self._loaded()

    def _loaded(self) -> _Copy:
        if self._copy is None:
            raise Problem(COMMON["unavailable"])
        return self._copy

    def unit(self, code: str) -> Unit | None:
        return self._loaded().tree.get(code)

    def units(
        self, text: str = "", parent: str | None = None, after: tuple[str, ...] | None = None
    ) -> Iterator[Unit]:
        return self._loaded().names.search(text, parent, after)

    def campaign(self, id: str) -> Campaign | None:
        return self._loaded().campaigns.get(id)

    def campaigns(self) -> Sequence[Campaign]:
        return tuple(self._loaded().campaigns.values())

    def keep_unit(self, unit: Unit) -> None:
        with self._writing:
            if self._copy is not None:
                self._copy = self._copy.with_units([unit])

    def keep_campaign(self, campaign: Campaign) -> None:
        with self._writing:
            if self._copy is not None:
                self._copy = self._copy.with_campaigns([campaign])
