"""Owns what a person can do with the own inbox: read it, see how much is new, mark an entry as read. It must
never show one person's entry to another; every call names the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chassis.clock import Clock
from notify.application.ports import EntryPage, Messages
from notify.domain.errors import EntryNotFound

# Nobody needs the exact number beyond this, and counting further would cost the more the longer nobody reads.
COUNTED_TO: Final = 100


@dataclass(frozen=True)
class Summary:
    """unread: the number of unread entries; more: there are more than that."""

    unread: int
    more: bool


@dataclass(frozen=True)
class Inbox:
    messages: Messages
    clock: Clock

    def page(self, member: str, *, unread_only: bool, after: str | None, limit: int) -> EntryPage:
        """Entries, newest first, after the sort key `after`."""
        return self.messages.page(member, unread_only=unread_only, after=after, limit=limit)

    def summary(self, member: str) -> Summary:
        counted = self.messages.unread(member, at_most=COUNTED_TO)
        return Summary(min(counted, COUNTED_TO - 1), counted >= COUNTED_TO)

    def mark_read(self, member: str, event_id: str) -> None:
        """Mark the entry about an event as read; again changes nothing. EntryNotFound."""
        if not self.messages.mark_read(member, event_id, self.clock()):
            raise EntryNotFound
