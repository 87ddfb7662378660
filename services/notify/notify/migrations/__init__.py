"""What the service's database needs, in numbered steps, forward only. The `migrate` role alone runs them."""

from __future__ import annotations

from chassis.mongo.migrations import Migration
from notify.migrations import m0001_indexes, m0002_jobs, m0003_reference_numbers

MIGRATIONS = (
    Migration(1, "indexes", m0001_indexes.run),
    Migration(2, "jobs", m0002_jobs.run),
    Migration(3, "reference_numbers", m0003_reference_numbers.run),
)
