"""Allocates producer ids, each once in the lifetime of the data directory."""

from __future__ import annotations

from collections.abc import Iterator

from embedded.broker.metadata.journal import Fact, Journal

SECTION = "producer-ids"
_BLOCK = 100


class ProducerIds:
    """Ids are reserved in the journal in blocks, so that most requests write nothing."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._next = 0
        self._reserved_to = 0

    def allocate(self) -> int:
        if self._next >= self._reserved_to:
            self._journal.record(SECTION, [self._next + _BLOCK])
            self._reserved_to = self._next + _BLOCK
        allocated = self._next
        self._next += 1
        return allocated

    def restore(self, fact: Fact) -> None:
        (reserved_to,) = fact
        # Reserved ids may have been allocated before the broker stopped.
        self._next = self._reserved_to = max(self._reserved_to, reserved_to)

    def facts(self) -> Iterator[Fact]:
        yield [self._reserved_to]
