"""Units, campaigns and targets: how they are stored, and the copy of them that a process answers from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from pymongo.database import Database

from stats.adapters.documents import Document, campaign_fields, campaign_of
from stats.adapters.generations import HEAD
from stats.application.errors import NotLoadedError
from stats.application.ports import Reference
from stats.domain.campaigns import Campaign
from stats.domain.targets import Place
from union.kept_copy import COUNTER, NOTHING, NUMBER, KeptCopy, News, news_since, read_changes
from union.refresher import Refresher
from union.tree import UnitTree
from union.units import Unit, unit_of, unit_values

KINDS = {"units": "unit", "campaigns": "campaign", "targets": "target"}

REFRESH_SECONDS = 1.0
# A copy older than this answers nothing: the generation that it names may be gone.
STALE_SECONDS = 10.0


class MongoReferenceStore:
    """Implements application.ports.ReferenceStore."""

    def __init__(self, db: Database[Document]) -> None:
        self._kept = KeptCopy(db, KINDS)

    def learn(self, units: Sequence[Unit], campaigns: Sequence[Campaign], *, again: bool = False) -> None:
        self._kept.keep(
            {
                "units": {unit.code: unit_values(unit) for unit in units},
                "campaigns": {campaign.id: campaign_fields(campaign) for campaign in campaigns},
            },
            again=again,
        )


class ReferenceCopy:
    """The process's copy, refreshed by a thread of its own; reading it costs nothing and never waits."""

    def __init__(
        self,
        db: Database[Document],
        every: float = REFRESH_SECONDS,
        stale_after: float = STALE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._db = db
        self._stale_after = stale_after
        self._monotonic = monotonic
        self._tree = UnitTree()
        self._campaigns: dict[str, Campaign] = {}
        self._targets: dict[Place, int] = {}
        self._seen = NOTHING
        self._current: Reference | None = None
        self._refreshed_at = 0.0
        self._lock = threading.Lock()
        self._refresher = Refresher("reference-copy", self.refresh, every)

    def current(self) -> Reference:
        """The copy. NotLoadedError before the first load, and when the database was unavailable too long."""
        current = self._current
        if current is None or self._monotonic() - self._refreshed_at > self._stale_after:
            raise NotLoadedError
        return current

    def start(self) -> None:
        """Refresh in the background from now on; after a fork only. Never waits for the database."""
        self._refresher.start()

    def close(self) -> None:
        self._refresher.stop()

    def refresh(self) -> None:
        """Read what changed: one round trip when nothing did."""
        with self._lock:
            asked_at = self._monotonic()
            # One read gives the number of the last change and the generation that counts.
            heads = {head["_id"]: head for head in self._db[COUNTER].find({"_id": {"$in": [HEAD, NUMBER]}})}
            if len(heads) < 2:
                return
            news = news_since(self._seen, heads[NUMBER]["change"])
            if news is not None:
                self._read(news)
                self._seen = news.head
            generation = heads[HEAD]["generation"]
            self._current = Reference(self._tree, self._campaigns, self._targets, generation)
            self._refreshed_at = asked_at

    def _read(self, news: News) -> None:
        units = [unit_of(unit["_id"], unit) for unit in self._changed("units", news)]
        campaigns = {found["_id"]: campaign_of(found) for found in self._changed("campaigns", news)}
        targets = {} if news.everything else dict(self._targets)
        for found in self._changed("targets", news):
            targets.pop(Place(found["campaign"], found["unit"]), None)
            if found["target"] is not None:
                targets[Place(found["campaign"], found["unit"])] = found["target"]
        self._tree = (UnitTree() if news.everything else self._tree).with_units(units)
        self._campaigns = campaigns if news.everything else self._campaigns | campaigns
        self._targets = targets

    def _changed(self, collection: str, news: News) -> list[Document]:
        return read_changes(self._db, collection, KINDS[collection], news, leave_out=("outbox",))
