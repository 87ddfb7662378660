"""The only place where the broker's packages are wired, started and stopped."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import time

from embedded.broker.admin.cluster import SECTION as CLUSTER
from embedded.broker.admin.cluster import ClusterApis, ClusterId
from embedded.broker.admin.configs import ConfigApis
from embedded.broker.admin.offsets import OffsetApis
from embedded.broker.admin.topics import TopicApis
from embedded.broker.groups.api import GroupApis
from embedded.broker.groups.coordinator import GroupCoordinator
from embedded.broker.groups.group import GroupLimits
from embedded.broker.groups.offsets import SECTION as OFFSETS
from embedded.broker.groups.offsets import Offsets
from embedded.broker.housekeeping import Housekeeper
from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.log.partition import now_ms
from embedded.broker.metadata.configs import Defaults
from embedded.broker.metadata.journal import Journal, JournalCorruptError
from embedded.broker.metadata.topics import SECTION as TOPICS
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.codec import Api
from embedded.broker.server.connection import ConnectionLimits
from embedded.broker.server.fetch import FetchApi
from embedded.broker.server.listener import Listener
from embedded.broker.server.produce import ProduceApi
from embedded.broker.server.quotas import MemoryGate, Quotas, Rates
from embedded.broker.settings import Address, Settings
from embedded.broker.transactions.api import TransactionApis
from embedded.broker.transactions.coordinator import SECTION as TRANSACTIONS
from embedded.broker.transactions.coordinator import TransactionCoordinator
from embedded.broker.transactions.producer_ids import SECTION as PRODUCER_IDS
from embedded.broker.transactions.producer_ids import ProducerIds

log = logging.getLogger(__name__)


class DataInUseError(Exception):
    """Another broker runs on the same data directory."""


class Broker:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._flusher = Flusher(settings.fsync)
        self._journal = Journal(settings.data / "journal", self._flusher)
        defaults = Defaults(
            {
                "segment.bytes": str(settings.segment_bytes),
                "retention.ms": str(settings.retention_ms),
                "max.message.bytes": str(settings.max_message_bytes),
            }
        )
        self._topics = Topics(
            settings.data / "topics", self._journal, self._flusher, defaults, settings.max_partitions
        )
        self._offsets = Offsets(self._journal)
        self._cluster_id = ClusterId(self._journal)
        self._producer_ids = ProducerIds(self._journal)
        limits = GroupLimits(
            settings.group_min_session_ms / 1000,
            settings.group_max_session_ms / 1000,
            settings.group_initial_delay_ms / 1000,
            settings.group_max_members,
        )
        self._groups = GroupCoordinator(self._offsets, limits, time.monotonic)
        self._transactions = TransactionCoordinator(
            self._journal,
            self._topics,
            self._offsets,
            self._producer_ids,
            now_ms,
            settings.transaction_max_timeout_ms,
        )
        self._quotas = Quotas(
            Rates(settings.quota_requests, settings.quota_produce_bytes, settings.quota_fetch_bytes),
            time.monotonic,
        )
        self._listener = Listener(
            ConnectionLimits(settings.max_request_bytes, settings.idle_seconds, settings.stall_seconds),
            self._quotas,
            MemoryGate(settings.max_memory_bytes),
            settings.max_connections,
            settings.max_connections_per_host,
        )
        self._apis: list[Api] = []
        self._background: list[asyncio.Task[None]] = []
        self._lock: int | None = None

    async def start(self) -> Address:
        """Recover the data on disk and serve; returns the listening address.

        Raises DataInUseError, JournalCorruptError, or OSError if the address cannot be bound.
        """
        self._settings.data.mkdir(parents=True, exist_ok=True)
        self._take_data()
        listening = await self._listener.bind(self._settings.listen)
        self._recover()
        self._apis = self._wire(self._settings.advertise or listening)
        await self._listener.start({api.key: api for api in self._apis})
        housekeeper = Housekeeper(
            self._topics,
            self._groups,
            self._transactions,
            self._journal,
            self._flusher,
            self._quotas,
            self._settings.housekeeping_seconds,
            self._settings.fsync_seconds,
            int(self._settings.producer_expiry_seconds * 1000),
        )
        self._background = [asyncio.create_task(self._groups.run()), asyncio.create_task(housekeeper.run())]
        return listening

    async def stop(self) -> None:
        """Close the connections, then flush and close the files."""
        await self._listener.stop()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._settings.fsync is not FsyncPolicy.NEVER:
            await self._flusher.flush()
        self._topics.close()
        self._journal.close()
        if self._lock is not None:
            os.close(self._lock)

    def _take_data(self) -> None:
        self._lock = os.open(self._settings.data / "lock", os.O_RDWR | os.O_CREAT, 0o640)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DataInUseError(f"another broker runs on {self._settings.data}") from error

    def _recover(self) -> None:
        self._journal.open(
            {
                CLUSTER: self._cluster_id,
                PRODUCER_IDS: self._producer_ids,
                TOPICS: self._topics,
                OFFSETS: self._offsets,
                TRANSACTIONS: self._transactions,
            }
        )
        if not self._cluster_id.value:
            if self._topics.has_files():
                raise JournalCorruptError(
                    f"{self._settings.data} holds records, but its journal is missing or empty; "
                    "restore the journal from a backup, or empty the directory"
                )
            self._cluster_id.make()
        self._topics.open()
        self._transactions.resume()

    def _wire(self, advertised: Address) -> list[Api]:
        settings, topics, flusher = self._settings, self._topics, self._flusher
        shown = {
            "auto.create.topics.enable": str(settings.auto_create_topics).lower(),
            "num.partitions": str(settings.default_partitions),
            "message.max.bytes": str(settings.max_message_bytes),
            "socket.request.max.bytes": str(settings.max_request_bytes),
            "log.retention.ms": str(settings.retention_ms),
            "log.segment.bytes": str(settings.segment_bytes),
        }
        cluster = ClusterApis(
            advertised,
            self._cluster_id,
            topics,
            settings.default_partitions,
            settings.auto_create_topics,
            lambda: self._apis,
        )
        return [
            *cluster.apis(),
            *ProduceApi(topics, self._transactions, flusher, self._quotas).apis(),
            *FetchApi(topics, self._quotas, settings.max_fetch_bytes, time.monotonic).apis(),
            *OffsetApis(topics).apis(),
            *GroupApis(self._groups, topics, flusher).apis(),
            *TransactionApis(self._transactions, self._groups, topics, flusher).apis(),
            *TopicApis(topics, self._offsets, flusher, settings.default_partitions).apis(),
            *ConfigApis(topics, flusher, shown).apis(),
        ]
