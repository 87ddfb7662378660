"""The numbers by which a copy in memory finds what changed, for the units and campaigns from before there
were any."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from chassis.mongo.indexes import ensure
from submission.adapters import reference_documents
from union.kept_copy import number_all


def run(db: Database[dict[str, Any]]) -> None:
    ensure(db, reference_documents.INDEXES)
    number_all(db, reference_documents.KIND)
