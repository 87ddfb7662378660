"""The keys under which look-alikes of a unit meet, for the units from before there were any."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import ensure
from submission.adapters import reference_documents
from union.units import known_as


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, reference_documents.INDEXES)
    units = db[reference_documents.UNITS]
    for document in units.find({}, {"outbox": 0}):
        unit = reference_documents.unit(document)
        # Conditional on the version: a change that comes in between brings its own keys.
        units.update_one(
            {"_id": unit.code, "version": unit.version},
            {"$set": {"known_as": list(known_as(unit.code, unit.facts))}},
        )
