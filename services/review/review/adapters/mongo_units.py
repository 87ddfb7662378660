"""The copy of the union tree: a collection that follows `unit.changed`, and its copy in each process, so that
no request queries units (decision 0007).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pymongo import UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError, PyMongoError

from review.application.ports import Unit

Document = dict[str, Any]
log = logging.getLogger(__name__)

COLLECTION = "units"
MARKS = "marks"
MARK = "units"
DUPLICATE_KEY = 11000


class MongoUnits:
    """Fulfils application.ports.UnitStore. A mark is raised after each change; readers watch the mark."""

    def __init__(self, db: Database[Document]) -> None:
        self._units = db[COLLECTION]
        self._marks = db[MARKS]

    def keep(self, units: Sequence[Unit], *, again: bool = False) -> None:
        older = "$lte" if again else "$lt"
        writes = [
            UpdateOne({"_id": unit.code, "version": {older: unit.version}}, {"$set": _document(unit)}, True)
            for unit in units
        ]
        try:
            self._units.bulk_write(writes, ordered=False)
        except BulkWriteError as error:
            # A unit that is kept in this or a newer version does not match, and its insert is refused.
            if any(failure["code"] != DUPLICATE_KEY for failure in error.details["writeErrors"]):
                raise
        # Raised last: after a crash in between the event comes again, and then it is raised.
        self._marks.update_one({"_id": MARK}, {"$inc": {"changes": 1}}, upsert=True)

    def changes(self) -> int:
        mark = self._marks.find_one({"_id": MARK})
        return 0 if mark is None else int(mark["changes"])

    def all(self) -> Mapping[str, Unit]:
        return {document["_id"]: _unit(document) for document in self._units.find()}


class UnitCopy:
    """Fulfils application.ports.Units: an immutable copy, swapped whole by a background thread.

    every: seconds between two looks at the mark. Start it after a fork.
    """

    def __init__(self, units: MongoUnits, every: float) -> None:
        self._source = units
        self._every = every
        self._copy: Mapping[str, Unit] | None = None
        self._changes = -1
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="unit-copy", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def find(self, code: str) -> Unit | None:
        return (self._copy or {}).get(code)

    def refresh(self) -> None:
        """Load the copy again if something has changed since."""
        changes = self._source.changes()
        if changes != self._changes:
            self._copy = self._source.all()
            self._changes = changes

    def ensure_loaded(self) -> None:
        """For readiness: raises until there is a first copy."""
        if self._copy is None:
            raise RuntimeError("the union tree has not been read yet")

    def _run(self) -> None:
        while True:
            try:
                self.refresh()
            except PyMongoError:
                log.warning("the union tree could not be read; the last copy stays in use")
            if self._stop.wait(self._every):
                return


def _document(unit: Unit) -> Document:
    return {
        "name_vi": unit.name_vi,
        "name_en": unit.name_en,
        "path": list(unit.path),
        "valid_from": unit.valid_from.isoformat(),
        "valid_to": unit.valid_to.isoformat() if unit.valid_to else None,
        "version": unit.version,
    }


def _unit(document: Mapping[str, Any]) -> Unit:
    valid_to = document["valid_to"]
    return Unit(
        code=document["_id"],
        name_vi=document["name_vi"],
        name_en=document["name_en"],
        path=tuple(document["path"]),
        valid_from=date.fromisoformat(document["valid_from"]),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
        version=document["version"],
    )
