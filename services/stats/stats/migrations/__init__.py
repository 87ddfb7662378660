"""What the service's database needs, in numbered steps, forward only. The role `migrate` alone runs them."""

from __future__ import annotations

from chassis.mongo.migrations import Migration
from stats.migrations import m0001_collections

MIGRATIONS = (Migration(1, "collections", m0001_collections.run),)
