"""A new generation of counters in the making, behind a hold that pauses counting."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

from pymongo.errors import PyMongoError

from stats.adapters.generations import Generations, Hold
from stats.adapters.projection import GenerationWriter
from stats.application.errors import RebuildLostError
from stats.domain.counting import Change
from stats.domain.snapshots import Snapshot

log = logging.getLogger(__name__)


class MongoRebuild:
    """Implements application.ports.RebuildStore; one object is one attempt.

    Nothing but this writes to the generation before the switch, so it needs no transactions.
    """

    def __init__(
        self, generations: Generations, owner: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._generations = generations
        self._owner = owner
        self._monotonic = monotonic
        self._hold: Hold | None = None
        self._renewed_at = 0.0

    def begin(self) -> bool:
        self._hold = self._generations.hold("rebuild", self._owner, make_generation=True)
        if self._hold is None or self._hold.generation is None:
            return False
        self._renewed_at = self._monotonic()
        self._generations.drop_unused()
        self._generations.create(self._hold.generation)
        return True

    def stored(self, initiatives: Collection[str]) -> dict[str, Snapshot]:
        return self._writer().stored(initiatives)

    def write(self, change: Change, known: Collection[str]) -> None:
        self._writer().write(change, known)

    def renew(self) -> None:
        now = self._monotonic()
        if now - self._renewed_at > self._generations.hold_time.total_seconds() / 4:
            self._generations.renew(self._held())
            self._renewed_at = now

    def switch(self) -> None:
        self._generations.switch(self._held())

    def discard(self) -> None:
        if self._hold is None:
            return
        try:
            self._generations.release(self._hold)
            self._generations.drop_unused()
        except PyMongoError:
            # The hold ends by itself, the next rebuild or sweep drops the rest; what went wrong comes first.
            log.warning("the hold was not given back", extra={"seconds": self._generations.hold_time.seconds})

    def _writer(self) -> GenerationWriter:
        generation = self._held().generation
        if generation is None:
            raise RebuildLostError
        return GenerationWriter(self._generations, generation, between=self.renew)

    def _held(self) -> Hold:
        if self._hold is None:
            raise RebuildLostError
        return self._hold
