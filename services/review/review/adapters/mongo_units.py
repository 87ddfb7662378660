"""The copy of the union tree: a collection that follows `unit.changed`, and its copy in each process, so that
no request queries units (decision 0007).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pymongo.database import Database

from union.kept_copy import NOTHING, Changes, KeptCopy, read_changes
from union.refresher import Refresher
from union.tree import UnitTree
from union.units import Unit, unit_of, unit_values

Document = dict[str, Any]

COLLECTION = "units"
KINDS = {COLLECTION: "unit"}


class MongoUnits:
    """Fulfils application.ports.UnitStore."""

    def __init__(self, db: Database[Document]) -> None:
        self._kept = KeptCopy(db, KINDS)

    def keep(self, units: Sequence[Unit], *, again: bool = False) -> None:
        self._kept.keep({COLLECTION: {unit.code: unit_values(unit) for unit in units}}, again=again)


class UnitCopy:
    """Fulfils application.ports.Units: an immutable tree, swapped by a background thread.

    every: seconds between two refreshes. Start it after a fork.
    """

    def __init__(self, db: Database[Document], every: float) -> None:
        self._db = db
        self._changes = Changes(db)
        self._tree = UnitTree()
        self._seen = NOTHING
        self._refresher = Refresher("unit-copy", self.refresh, every)

    def start(self) -> None:
        self._refresher.start()

    def stop(self) -> None:
        self._refresher.stop()

    def find(self, code: str) -> Unit | None:
        return self._tree.get(code)

    def refresh(self) -> None:
        """Read what changed since the last refresh; one round trip when nothing did."""
        news = self._changes.news(self._seen)
        if news is None:
            return
        units = [unit_of(found["_id"], found) for found in read_changes(self._db, COLLECTION, "unit", news)]
        self._tree = (UnitTree() if news.everything else self._tree).with_units(units)
        self._seen = news.head

    def ensure_loaded(self) -> None:
        """For readiness: raises until there is a first copy."""
        if self._seen == NOTHING:
            raise RuntimeError("the union tree has not been read yet")
