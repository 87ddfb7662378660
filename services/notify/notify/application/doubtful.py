"""Owns what operators do about mails in doubt: see them, have them sent again, or let them rest. It must
never decide for them: whether a person has a mail, no machine knows here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from notify.application.ports import Doubtful, DoubtfulMails


@dataclass(frozen=True)
class SettleDoubts:
    mails: DoubtfulMails
    clock: Clock

    def oldest(self, limit: int) -> Sequence[Doubtful]:
        return self.mails.oldest(limit)

    def resend(self, ids: Iterable[str]) -> int:
        """Have them sent again, although a person may then have two; how many were in doubt."""
        now = self.clock()
        return sum(self.mails.resend(id, now) for id in ids)

    def discard(self, ids: Iterable[str]) -> int:
        """Take them as sent; how many were in doubt."""
        now = self.clock()
        return sum(self.mails.discard(id, now) for id in ids)
