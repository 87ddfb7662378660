"""Loads the sample programme through the public API, as users would. It never touches a database or Kafka."""

from __future__ import annotations

from sangkienctl.seed.load import seed_growth, seed_once, seed_programme, seed_sample
from sangkienctl.seed.sample import Sample

__all__ = ["Sample", "seed_growth", "seed_once", "seed_programme", "seed_sample"]
