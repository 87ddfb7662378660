"""Owns what the use cases ask of the outside: stores, a mail server, the form of a mail. It must never name a
technology."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from chassis.jobs.steps import Effect
from notify.domain.contacts import Contact
from notify.domain.deliveries import Outcome, Verdict
from notify.domain.kinds import Queue
from notify.domain.messages import Message
from notify.domain.names import Bearer, InLanguages, Mentions, Names


@dataclass(frozen=True)
class GivenName:
    """What this service keeps of a unit or a campaign. version: the owner's, higher is newer; facts: what
    else the owner says of a unit, as plain values."""

    bearer: Bearer
    id: str
    version: int
    names: InLanguages
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """An inbox message as its owner sees it."""

    message: Message
    unread: bool


@dataclass(frozen=True)
class EntryPage:
    """Entries, newest first; last: the sort key to go on after, None at the end."""

    entries: tuple[Entry, ...]
    last: str | None


@dataclass(frozen=True)
class Delivery:
    """A mail leased to this process; attempt: 1-based number of the attempt that the lease is for.

    token: proves the lease when the mail is settled; queue: where it waited; due_at: since when.
    """

    message: Message
    attempt: int
    queue: Queue
    due_at: datetime
    token: str


class Contacts(Protocol):
    def find(self, member: str) -> Contact | None: ...

    def reachable_by(self, keys: Collection[str]) -> Sequence[Contact]:
        """Everyone who has one of the keys, in one read."""

    def save(self, contact: Contact, *, replacing: int) -> bool:
        """Store it in place of version `replacing` (0: of nothing); False when that is not what is stored."""

    def erase(self, member: str) -> None: ...


class Messages(Protocol):
    def add(self, messages: Sequence[Message], now: datetime) -> int:
        """Store those whose id is not there yet, in one write; the number that were new.

        now: from when on mail is due.
        """

    def page(self, member: str, *, unread_only: bool, after: str | None, limit: int) -> EntryPage: ...

    def unread(self, member: str, *, at_most: int) -> int:
        """The number of unread entries, counted no further than `at_most`."""

    def mark_read(self, member: str, event_id: str, now: datetime) -> bool:
        """False when the member has no such entry; an entry read before keeps its first time."""

    def erase(self, member: str) -> None: ...


class ExpiredMessages(Protocol):
    """Messages by the time of their event."""

    def count(self, before: datetime) -> int: ...

    def oldest(self, before: datetime, limit: int) -> Sequence[str]:
        """The ids of the oldest messages before then."""

    def removal(self, ids: Sequence[str]) -> Effect:
        """What removes these messages within the transaction of a job's step."""


class KeptNames(Protocol):
    def learn(self, given: Sequence[GivenName], *, again: bool = False) -> None:
        """Keep each, unless this or a newer version is stored; again: unless a newer one is."""

    def of(self, mentions: Mentions) -> Names:
        """The names that are known of what is mentioned."""


class Withdrawals(Protocol):
    def note(self, revisions: Mapping[str, int]) -> None:
        """Remember the withdrawn revision of each initiative, unless a higher one is known."""

    def known(self, initiatives: Collection[str]) -> Mapping[str, int]: ...


class Deliveries(Protocol):
    def recover(self, now: datetime) -> Sequence[str]:
        """Settle what others had begun whose leases ran out: what was surely accepted is sent, the one mail
        that was under way is in doubt. The ids of the events whose mails are in doubt now."""

    def claim(self, now: datetime, until: datetime, limits: Mapping[Queue, int]) -> Sequence[Delivery]:
        """Lease mails that are due, at most `limits` of each queue, longest due first, until `until`."""

    def begin(self, delivery: Delivery, accepted: Sequence[Delivery]) -> bool:
        """Record that this mail is handed over now, and those before it that are accepted but not yet marked;
        False when the lease has gone to somebody else: it must not be handed over.
        """

    def mark_sent(self, deliveries: Sequence[Delivery], now: datetime) -> int:
        """Record in one write that mails of one claim were accepted; how many still had their lease."""

    def settle(self, delivery: Delivery, verdict: Verdict, now: datetime) -> bool:
        """Record that it was not accepted; False when the lease has gone to somebody else."""

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give back mails that were not attempted, to their place in the queue."""

    def forget(self, token: str) -> None:
        """Drop the record of what was begun under a claim, all of which is settled or given back."""


@dataclass(frozen=True)
class Doubtful:
    """A mail of which nobody knows whether a mail server has it.

    since: when the doubt arose; reason: a code without personal data.
    """

    message: Message
    since: datetime
    reason: str


class DoubtfulMails(Protocol):
    def oldest(self, limit: int) -> Sequence[Doubtful]: ...

    def resend(self, id: str, now: datetime) -> bool:
        """Have it sent again, as a retry that is due now; False when it is not in doubt."""

    def discard(self, id: str, now: datetime) -> bool:
        """Take it as sent; False when it is not in doubt."""


@dataclass(frozen=True)
class Attempt:
    """How sending one mail ended; reason: a code without personal data, None when accepted."""

    outcome: Outcome
    reason: str | None = None


class MailServerAway(Exception):
    """No session could be opened; `reason` is a code without personal data."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MailSession(Protocol):
    @property
    def usable(self) -> bool:
        """Whether another mail can be sent over this connection."""

    def offer(self, recipient: str) -> Attempt | None:
        """Ask the server to take a mail for somebody; None when it will. Nothing is handed over yet."""

    def hand_over(self, mail: bytes) -> Attempt:
        """Give the server the mail that it has agreed to take."""


class MailServer(Protocol):
    def session(self) -> AbstractContextManager[MailSession]:
        """One connection for many mails; MailServerAway when there is none to be had."""


class Composer(Protocol):
    def compose(self, message: Message, contact: Contact, now: datetime) -> bytes:
        """The mail as it goes over the wire; ValueError when it cannot be put into words."""
