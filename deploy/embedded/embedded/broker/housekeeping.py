"""Periodic background work of the broker: retention, compaction, expiry, clean-up. Never within a request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from embedded.broker.groups.coordinator import GroupCoordinator
from embedded.broker.log.compaction import compact
from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.log.partition import now_ms
from embedded.broker.log.retention import enforce_retention
from embedded.broker.metadata.journal import Journal
from embedded.broker.metadata.topics import Topics
from embedded.broker.server.quotas import Quotas
from embedded.broker.transactions.coordinator import TransactionCoordinator

log = logging.getLogger(__name__)

_TRANSACTION_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Housekeeper:
    """every_seconds: time between two rounds; producer_expiry_ms: when the state of a silent producer is
    dropped.
    """

    topics: Topics
    groups: GroupCoordinator
    transactions: TransactionCoordinator
    journal: Journal
    flusher: Flusher
    quotas: Quotas
    every_seconds: float
    fsync_seconds: float
    producer_expiry_ms: int

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(self.every_seconds, self._tidy))
            tasks.create_task(self._repeat(_TRANSACTION_SECONDS, self._expire_transactions))
            if self.flusher.policy is FsyncPolicy.INTERVAL:
                tasks.create_task(self._repeat(self.fsync_seconds, self.flusher.flush))

    async def _repeat(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                await work()
            except Exception:  # the top of a loop that must continue
                log.exception("housekeeping failed")

    async def _expire_transactions(self) -> None:
        self.transactions.expire()

    async def _tidy(self) -> None:
        self.groups.forget_abandoned()
        self.quotas.forget_idle()
        self.journal.tidy()
        for partition in list(self.topics.partitions()):
            if partition.is_destroyed:
                continue  # while another partition was compacted
            now = now_ms()
            if enforce_retention(partition, now):
                fields = {"partition": partition.name, "start": partition.start_offset}
                log.info("retention deleted records", extra=fields)
            partition.producers.forget_idle(now - self.producer_expiry_ms)
            await compact(partition, now)
