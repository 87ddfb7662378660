"""Owns the use case of telling people: from what happened to stored messages. It must never send anything
itself, so that a slow mail server never holds up the consumer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from chassis.clock import Clock
from notify import metrics
from notify.application.ports import Contacts, GivenName, KeptNames, Messages, Withdrawals
from notify.domain.messages import AddressBook, looked_up_keys, messages_for
from notify.domain.occurrences import Occurrence, all_mentions, is_silenced, withdrawn_revisions


@dataclass(frozen=True)
class Tell:
    """Tells everyone whom a batch of events concerns.

    The number of round trips does not depend on the size of the batch. Repeating a batch, or a part of it in
    another order, adds nothing: the ids of the messages are made of event, person and channel. keep: events
    older than that make no messages, for the retention would only remove them again.
    """

    contacts: Contacts
    messages: Messages
    names: KeptNames
    withdrawals: Withdrawals
    clock: Clock
    keep: timedelta

    def __call__(self, occurrences: Sequence[Occurrence], given: Sequence[GivenName]) -> int:
        """The number of messages that were new. Whatever a store raises: the batch has to be repeated."""
        if given:
            self.names.learn(given)
        told = self._not_expired(self._not_silenced(occurrences))
        if not told:
            return 0
        keys = frozenset[str]().union(*(looked_up_keys(occurrence) for occurrence in told))
        book = AddressBook(self.contacts.reachable_by(keys) if keys else ())
        names = self.names.of(all_mentions(told))
        now = self.clock()
        messages = [message for event in told for message in messages_for(event, book, names, now)]
        if not messages:
            return 0
        new = self.messages.add(messages, now)
        metrics.MESSAGES_NEW.inc(new)
        metrics.MESSAGES_REPEATED.inc(len(messages) - new)
        return new

    def _not_silenced(self, occurrences: Sequence[Occurrence]) -> list[Occurrence]:
        # Noted before anything is told: should this process die in between, the repeated batch knows it too.
        revisions = withdrawn_revisions(occurrences)
        if revisions:
            self.withdrawals.note(revisions)
        initiatives = {event.initiative.id for event in occurrences if event.initiative is not None}
        withdrawn = self.withdrawals.known(initiatives) if initiatives else {}
        told = [occurrence for occurrence in occurrences if not is_silenced(occurrence, withdrawn)]
        metrics.EVENTS_SILENCED.inc(len(occurrences) - len(told))
        return told

    def _not_expired(self, occurrences: Sequence[Occurrence]) -> list[Occurrence]:
        oldest = self.clock() - self.keep
        kept = [occurrence for occurrence in occurrences if occurrence.at >= oldest]
        metrics.EVENTS_EXPIRED.inc(len(occurrences) - len(kept))
        return kept
