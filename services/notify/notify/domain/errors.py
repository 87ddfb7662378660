"""Owns the ways in which a request to this service can be refused by its rules; entrypoints map each to a
problem type in one place."""

from __future__ import annotations


class NotifyError(Exception):
    """The base of what the rules refuse."""


class EntryNotFound(NotifyError):
    """The person has no such inbox entry."""


class ContactNotFound(NotifyError):
    """Nobody with this member id is known here."""


class StaleVersion(NotifyError):
    """The contact was changed since the caller read it."""

    def __init__(self, current: int) -> None:
        super().__init__(current)
        self.current = current
