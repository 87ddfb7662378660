"""What the service's database needs, in numbered steps, forward only. The `migrate` role alone runs them."""

from __future__ import annotations

from chassis.mongo.migrations import Migration
from review.migrations import m0001_indexes, m0002_unit_numbers

MIGRATIONS = (
    Migration(1, "indexes", m0001_indexes.run),
    Migration(2, "unit_numbers", m0002_unit_numbers.run),
)
