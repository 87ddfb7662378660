"""What a use case refuses, or cannot do now. Entry points turn these into problems and error classes."""

from __future__ import annotations


class UnknownUnitError(Exception):
    def __init__(self, unit: str) -> None:
        super().__init__(unit)
        self.unit = unit


class UnknownCampaignError(Exception):
    def __init__(self, campaign: str) -> None:
        super().__init__(campaign)
        self.campaign = campaign


class TargetChangedError(Exception):
    """The target is not at the version that the change was based on."""


class NotLoadedError(Exception):
    """The copy of the union tree was never loaded: the database has not been reached since the start."""


class RebuildRunningError(Exception):
    """Counting is paused while the counters are rebuilt."""


class RebuildLostError(Exception):
    """The lease is lost: its holder stood still for too long, and counting went on without it."""


class NotMigratedError(Exception):
    """The database has not been set up by the role `migrate` yet."""


class TooSlowError(Exception):
    """A transaction was not through in its time and wrote nothing."""
