"""Reads all snapshots and counters of the generation that counts. An operator's task, never a request's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from stats.adapters.documents import TOTAL, day_postings, snapshot_of, total_postings
from stats.adapters.generations import Generations, Hold
from stats.application.errors import RebuildRunningError
from stats.domain.counting import Tally
from stats.domain.snapshots import Snapshot

DOCUMENTS_PER_RENEWAL = 5000


class MongoAudit:
    """Implements application.ports.CounterAudit."""

    def __init__(self, generations: Generations, owner: str) -> None:
        self._generations = generations
        self._owner = owner

    @contextmanager
    def reading(self, *, hold: bool) -> Iterator[MongoReading]:
        if not hold:
            yield MongoReading(self._generations, None)
            return
        taken = self._generations.hold("reconcile", self._owner, make_generation=False)
        if taken is None:
            raise RebuildRunningError
        try:
            yield MongoReading(self._generations, taken)
        finally:
            self._generations.release(taken)


class MongoReading:
    """Implements application.ports.Reading."""

    def __init__(self, generations: Generations, hold: Hold | None) -> None:
        self._generations = generations
        self._hold = hold
        head = generations.head()
        self._generation: int = head["generation"]
        self._turns: int = head["turns"]

    def snapshots(self) -> Iterator[Snapshot]:
        for number, document in enumerate(self._generations.snapshots(self._generation).find()):
            self._keep(number)
            yield snapshot_of(document)

    def counters(self) -> tuple[Tally, Tally]:
        days: Tally = {}
        totals: Tally = {}
        for number, document in enumerate(self._generations.counters(self._generation).find()):
            self._keep(number)
            if document["_id"].endswith(f"|{TOTAL}"):
                totals.update(total_postings(document, date.min))
            else:
                days.update(day_postings(document))
        return days, totals

    def undisturbed(self) -> bool:
        head = self._generations.head()
        return bool(head["turns"] == self._turns and head["generation"] == self._generation)

    def _keep(self, number: int) -> None:
        if self._hold is not None and number % DOCUMENTS_PER_RENEWAL == 0:
            self._generations.renew(self._hold)
