"""Owns the record of which mails were begun under a lease, written before each is handed over, so that after
a worker's death nobody sends a mail again that a server may have. It must never be dropped while a lease
counts on it.

One document for each claim, by the claim's token. Its list holds the mails that were accepted but not marked
yet, and last the one under way. Whoever inherits the claim closes it first: from then on nothing can be begun
under that token, however late its owner wakes up.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pymongo.errors import DuplicateKeyError

from notify.adapters.reads import Store

JOURNAL: Final = "mail_journal"
# A closed one is kept as long as its owner could possibly wake up; an open one stays: mails wait for it.
KEPT: Final = timedelta(days=30)


class MailJournal:
    def __init__(self, db: Store) -> None:
        self._journal = db[JOURNAL]

    def begin(self, token: str, mails: Sequence[str]) -> bool:
        """Record the ids of the mails not marked yet, last the one that begins; False when it is closed."""
        try:
            # A closed one does not match, and another of that id cannot be inserted.
            self._journal.update_one(
                {"_id": token, "closed": False}, {"$set": {"begun": list(mails)}}, upsert=True
            )
        except DuplicateKeyError:
            return False
        return True

    def close(self, token: str, now: datetime) -> Sequence[str]:
        """Let nothing more begin; what is recorded as begun."""
        self._journal.update_one({"_id": token}, {"$set": {"closed": True, "closed_at": now}}, upsert=True)
        closed = self._journal.find_one({"_id": token}) or {}
        return [str(id) for id in closed.get("begun", ())]

    def strike(self, token: str, now: datetime) -> None:
        """Forget the mails of a closed one, which are settled; that it is closed stays known for a while."""
        self._journal.update_one({"_id": token, "closed": True}, {"$unset": {"begun": ""}})
        # Looks at all of them, one for each death. An index would cost a third of every entry.
        self._journal.delete_many({"closed_at": {"$lt": now - KEPT}})

    def forget(self, token: str) -> None:
        self._journal.delete_one({"_id": token})
