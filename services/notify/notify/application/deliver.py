"""Owns the use case of sending the mail that is due: lease, attempt, record. It must never hand a mail over
before that is written down, decide what becomes of a mail (domain), nor speak SMTP (adapter)."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from chassis.clock import Clock
from notify import metrics
from notify.application.marking import Marking
from notify.application.ports import (
    Attempt,
    Composer,
    Contacts,
    Deliveries,
    Delivery,
    MailServer,
    MailServerAway,
    MailSession,
)
from notify.domain.contacts import Contact, member_key
from notify.domain.deliveries import Outcome, State, Verdict, judge
from notify.domain.kinds import Queue
from notify.domain.messages import AddressBook

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=5)
# Sender, recipient, data, the answer to the text (four times as long), and a reserve: what an attempt can
# take before its time is up.
STEPS: Final = 8
# A share for every queue in every sweep: none starves, and a personal mail waits for one small batch at most.
LIMITS: Final = {Queue.PERSONAL: 40, Queue.GROUP: 50, Queue.RETRY: 10}
# So many connections broken in a row are the server's trouble, not that of the mails.
BROKEN_IN_A_ROW: Final = 3


class LeaseLost(Exception):
    """Somebody else has the mails by now: this process took too long, or its clock is wrong."""


@dataclass(frozen=True)
class Sweep:
    """What a pass did; away: the mail server could not be used, so the next pass should wait."""

    settled: int
    away: bool = False


@dataclass
class DeliverMail:
    """Sends due mail over one connection per pass.

    chance: uniform in [0, 1), for the spread of retries; step_seconds: the longest that a step of the
    conversation with the server takes; stopping: True as soon as the process is to end.
    """

    deliveries: Deliveries
    contacts: Contacts
    composer: Composer
    server: MailServer
    clock: Clock
    chance: Callable[[], float]
    step_seconds: float = 15.0
    stopping: Callable[[], bool] = lambda: False
    _owed: deque[Callable[[], None]] = field(default_factory=deque, init=False)

    def sweep(self) -> Sweep:
        """One pass over what is due now. Whatever a store raises: the rest is for the next pass."""
        self._pay()
        now = self.clock()
        self._tell_doubts(self.deliveries.recover(now), "worker-died")
        until = now + LEASE
        batch = self.deliveries.claim(now, until, LIMITS)
        oldest = min((delivery.due_at for delivery in batch), default=now)
        metrics.MAIL_OLDEST_DUE.set((now - oldest).total_seconds())
        if not batch:
            return Sweep(0)
        left = list(batch)
        marking = Marking(self._mark_sent)
        try:
            away = self._send_all(left, until, marking)
        finally:
            # What became of each mail is known here and nowhere else: the database learns it before anything
            # else is done, at once or, should it be away, at the beginning of the next pass.
            self._owed.append(partial(self._mark_sent, marking.unmarked))
            if left:
                self._owed.append(partial(self.deliveries.release, left))
            self._owed.append(partial(self.deliveries.forget, batch[0].token))
            self._pay()
        return Sweep(len(batch) - len(left), away)

    def _pay(self) -> None:
        """Write what is owed to the database, in its order; what fails is owed still."""
        while self._owed:
            self._owed[0]()
            self._owed.popleft()

    def _send_all(self, left: list[Delivery], until: datetime, marking: Marking) -> bool:
        """Send from the front of `left`, over as many connections as it takes; whether the server is away."""
        book = AddressBook(self.contacts.reachable_by({member_key(one.message.member) for one in left}))
        broken = 0
        try:
            with marking:
                while left and broken < BROKEN_IN_A_ROW and self._may_send(until, marking):
                    with self.server.session() as session:
                        broken = self._send_over(session, left, book, until, broken, marking)
        except MailServerAway as away:
            metrics.MAIL_ATTEMPTS.labels(Outcome.UNAVAILABLE).inc()
            log.warning("mail server away", extra={"reason": away.reason, "waiting": len(left)})
            return True
        except LeaseLost:
            self._count_lost(len(left))
            return False
        return broken >= BROKEN_IN_A_ROW

    def _may_send(self, until: datetime, marking: Marking) -> bool:
        """Whether another attempt is sure to end before the lease does, and its end can be recorded."""
        if self.stopping() or marking.failed:
            return False
        return self.clock() + timedelta(seconds=STEPS * self.step_seconds) < until

    def _send_over(
        self,
        session: MailSession,
        left: list[Delivery],
        book: AddressBook,
        until: datetime,
        broken: int,
        marking: Marking,
    ) -> int:
        """Send from the front of `left` while the connection lasts; the number of breaks in a row since."""
        while left and session.usable and self._may_send(until, marking):
            delivery = left[0]
            attempt = self._attempt(session, delivery, book.contact(delivery.message.member), marking)
            if attempt.outcome is Outcome.UNAVAILABLE:
                raise MailServerAway(attempt.reason or attempt.outcome.value)
            left.pop(0)
            metrics.MAIL_ATTEMPTS.labels(attempt.outcome).inc()
            if attempt.outcome is Outcome.ACCEPTED:
                wait = self.clock() - delivery.due_at
                metrics.MAIL_WAIT.labels(delivery.queue).observe(wait.total_seconds())
                marking.add(delivery)
            else:
                self._settle(delivery, attempt)
            if attempt.outcome is Outcome.UNANSWERED:
                # Another mail now may be another one in doubt: the server gets a pause first.
                return BROKEN_IN_A_ROW
            broken = broken + 1 if attempt.outcome is Outcome.BROKEN else 0
        return broken

    def _attempt(
        self, session: MailSession, delivery: Delivery, contact: Contact, marking: Marking
    ) -> Attempt:
        if contact.email is None:
            return Attempt(Outcome.UNADDRESSED)
        try:
            mail = self.composer.compose(delivery.message, contact, self.clock())
        except ValueError:
            log.exception("mail cannot be composed", extra={"kind": delivery.message.kind})
            return Attempt(Outcome.UNPRINTABLE)
        refused = session.offer(contact.email)
        if refused is not None:
            return refused
        # From here on the mail is in doubt should this process die: the last moment to write it down.
        if not self.deliveries.begin(delivery, marking.unmarked):
            raise LeaseLost
        return session.hand_over(mail)

    def _mark_sent(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._count_lost(len(deliveries) - self.deliveries.mark_sent(deliveries, self.clock()))

    def _count_lost(self, leases: int) -> None:
        if leases:
            metrics.MAIL_LEASES_LOST.inc(leases)
            log.warning("mail leases lost", extra={"count": leases})

    def _settle(self, delivery: Delivery, attempt: Attempt) -> None:
        """Record an attempt that was not accepted."""
        now = self.clock()
        verdict = judge(
            attempt.outcome, attempt.reason, attempt=delivery.attempt, now=now, chance=self.chance()
        )
        self._owed.append(partial(self._record, delivery, verdict, now))
        self._pay()

    def _record(self, delivery: Delivery, verdict: Verdict, now: datetime) -> None:
        if not self.deliveries.settle(delivery, verdict, now):
            self._count_lost(1)
        elif verdict.state is State.FAILED:
            metrics.MAIL_FAILED.inc()
            extra = {"event_id": delivery.message.event_id, "reason": verdict.reason}
            log.warning("mail given up", extra=extra)
        elif verdict.state is State.IN_DOUBT:
            self._tell_doubts([delivery.message.event_id], verdict.reason)

    def _tell_doubts(self, events: Sequence[str], reason: str | None) -> None:
        for event in events:
            metrics.MAIL_IN_DOUBT.inc()
            log.warning("mail in doubt", extra={"event_id": event, "reason": reason})


def pause_after(passes_away: int, chance: float) -> float:
    """Seconds to wait after so many passes in a row without the mail server: 1 s, doubling to a minute."""
    return min(60.0, 2.0 ** min(passes_away - 1, 6)) * (0.8 + 0.4 * chance)
