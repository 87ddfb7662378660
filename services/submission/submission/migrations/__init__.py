"""The numbered migrations of the service's database, forward only; run by the `migrate` role alone."""

from __future__ import annotations

from chassis.mongo.migrations import Migration
from submission.migrations import (
    m0001_indexes,
    m0002_showcase,
    m0003_look_alikes,
    m0004_involved,
    m0005_change_numbers,
)

MIGRATIONS = (
    Migration(1, "indexes", m0001_indexes.run),
    Migration(2, "showcase", m0002_showcase.run),
    Migration(3, "look_alikes", m0003_look_alikes.run),
    Migration(4, "involved", m0004_involved.run),
    Migration(5, "change_numbers", m0005_change_numbers.run),
)
