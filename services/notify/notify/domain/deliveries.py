"""Owns what becomes of a mail after an attempt: sent, tried again later, given up, or in doubt. It must never
talk to a mail server, nor let a mail be sent again that one may have; time and randomness are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# The wait after the 1st, 2nd, … failed attempt; after the last one the mail is given up, some two days on.
WAITS = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
JITTER = 0.2


class Outcome(StrEnum):
    """How one attempt ended, as the mail server or the connection told it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # for good: the server answered 5xx for this mail
    DEFERRED = "deferred"  # the server answered 4xx for this mail
    BROKEN = "broken"  # the connection failed before the text was handed over: the server has nothing
    UNANSWERED = "unanswered"  # the text was handed over and no answer came: the server may have it
    UNADDRESSED = "unaddressed"  # the person has no address any more
    UNPRINTABLE = "unprintable"  # the message could not be put into words: our own fault
    UNAVAILABLE = "unavailable"  # no session with the server: says nothing about this mail


class State(StrEnum):
    DUE = "due"
    LEASED = "leased"
    SENT = "sent"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"  # a mail server may have it, or not: never sent again unless an operator says so


@dataclass(frozen=True)
class Verdict:
    """The new state; due_at is set when it is to be tried again, reason when it is not sent."""

    state: State
    due_at: datetime | None = None
    reason: str | None = None


FINAL = frozenset({Outcome.REFUSED, Outcome.UNADDRESSED, Outcome.UNPRINTABLE})
TRIED_AGAIN = frozenset({Outcome.DEFERRED, Outcome.BROKEN})


def wait_after(attempt: int, chance: float) -> timedelta | None:
    """The wait after failed attempt number `attempt` (1-based), None when it was the last.

    chance: uniform in [0, 1); spreads the wait by up to ±20 %, so that mails deferred together do not come
    back together.
    """
    if attempt > len(WAITS):
        return None
    wait = WAITS[attempt - 1]
    return wait * (1 + JITTER * (2 * chance - 1))


def judge(outcome: Outcome, reason: str | None, *, attempt: int, now: datetime, chance: float) -> Verdict:
    """What becomes of a mail.

    reason: a code without personal data, such as `smtp-550`; attempt: 1-based number of the attempt that
    ended so; now: UTC; chance: uniform in [0, 1).
    """
    if outcome is Outcome.ACCEPTED:
        return Verdict(State.SENT)
    if outcome is Outcome.UNANSWERED:
        return Verdict(State.IN_DOUBT, reason=reason or outcome.value)
    if outcome in FINAL:
        return Verdict(State.FAILED, reason=reason or outcome.value)
    if outcome is Outcome.UNAVAILABLE:
        # The server is away, not the mail at fault: it keeps its place and no attempt is counted.
        return Verdict(State.DUE, due_at=now, reason=reason or outcome.value)
    wait = wait_after(attempt, chance)
    if wait is None:
        return Verdict(State.FAILED, reason=reason or outcome.value)
    return Verdict(State.DUE, due_at=now + wait, reason=reason or outcome.value)
