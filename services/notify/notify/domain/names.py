"""Owns the names by which messages call what events mention by id only. It must never hold the name of a
person: those are contacts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Bearer(StrEnum):
    """What has a public name, given by another service."""

    UNIT = "unit"
    CAMPAIGN = "campaign"


# Language → name.
InLanguages = Mapping[str, str]
# Bearer → id → language → name.
Names = Mapping[Bearer, Mapping[str, InLanguages]]
# Bearer → ids that are to be shown by name.
Mentions = Mapping[Bearer, frozenset[str]]
