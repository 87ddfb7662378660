"""The consumer loop: one group member that polls, passes each batch to the handler and commits after the
effect, in one thread. It never commits from a rebalance listener and never mixes polling with iteration.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import CommitFailedError, KafkaError
from kafka.structs import OffsetAndMetadata
from pymongo.errors import PyMongoError

from chassis import metrics
from chassis.clock import utc_now
from chassis.consumer.backoff import Backoff
from chassis.consumer.batch import BatchHandler, BatchProcessor
from chassis.consumer.dlq import DeadLetters, DlqLimit, DlqLimitReached, ReceivedRecord
from chassis.consumer.lag import LagMeter
from chassis.consumer.parking import LimitState, LimitStore, Parked
from chassis.events.codec import EventCodec
from chassis.kafka_client import KafkaSettings, client_options, construct
from chassis.producer import Publisher, make_producer
from chassis.topics import DEAD_LETTER_BYTES

__all__ = ["BatchHandler", "ConsumerLoop"]

log = logging.getLogger(__name__)

POLL_MS = 200
COMMIT_MS = 5_000
CLOSE_MS = 3_000
SESSION_MS = 10_000
HEARTBEAT_MS = 3_000
# Longest time for one batch before the group gives the partitions to another member.
MAX_POLL_INTERVAL_MS = 300_000
# New topics and partitions are discovered within this time.
METADATA_MS = 30_000
# How soon a parked consumer notices its release, and how often it says that it waits for one.
RELEASE_SECONDS = 2.0
PARKED_LOG_SECONDS = 60.0


class _BatchAbandoned(Exception):
    """The batch was not finished; none of it is committed, and it will be polled again."""


class _Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]
    """Counts rebalances and works around a kafka-python bug that can leave one unfinished.

    lost: whether this member was removed from its group since the loop last reset the flag.
    rejoin: sets the consumer's flag that it has to rejoin its group. It is called in kafka-python's network
    thread and must do nothing else.

    When topics have changed, kafka-python 3.0 clears its "needs rejoin" flag as soon as the leader has
    computed the assignment. If poll() returns before the broker replies, the next poll() sees no need to
    rejoin, and the member never receives its assignment: it stays without partitions permanently. We set
    the flag again on revoke; only a completed rebalance clears it.
    """

    def __init__(self) -> None:
        self.count = 0
        self.lost = False
        self.rejoin: Callable[[], None] = lambda: None

    def on_partitions_revoked(self, revoked: Any) -> None:
        self.count += 1
        self.rejoin()

    def on_partitions_assigned(self, assigned: Any) -> None:
        self.count += 1

    def on_partitions_lost(self, lost: Any) -> None:
        self.count += 1
        self.lost = True


class ConsumerLoop:
    """A member of the group `group` on `topics`.

    settings: the Kafka part of ServiceSettings. codec: decodes the events of these topics; other types are
    skipped and counted. handler: gets the events of one poll, in order within a partition; its effects must
    be idempotent, because delivery is at least once. batch: the maximum number of records per poll.
    dead_letters: None for `<group>.dlq` on the same cluster. limits: where the dead-letter limit is kept, so
    that it holds over restarts and a parked group waits for an operator; without it, reaching the limit ends
    the loop.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        topics: Sequence[str],
        codec: EventCodec,
        handler: BatchHandler,
        dead_letters: DeadLetters | None = None,
        batch: int = 500,
        limit: DlqLimit | None = None,
        backoff: Backoff | None = None,
        limits: LimitStore | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.name = f"consumer-{group}"
        self._settings = settings
        self._group = group
        self._topics = tuple(topics)
        self._batch = batch
        self._dead_letters = dead_letters or DeadLetters(
            Publisher(lambda: make_producer(settings, DEAD_LETTER_BYTES), "dead-letters"), group, clock
        )
        self._backoff = backoff or Backoff()
        self._processor = BatchProcessor(
            group=group,
            codec=codec,
            handler=handler,
            dead_letters=self._dead_letters,
            pause=self._pause,
            limit=limit or DlqLimit(),
            backoff=self._backoff,
            limits=limits,
        )
        self._limits = limits
        self._parked: Parked | None = None
        self._consumer: Any = None
        self._rebalances = _Rebalances()
        self._seen_rebalances = 0
        self._lag = LagMeter(group, self._topics, clock)
        self._uncommitted: dict[TopicPartition, int] = {}
        self._stop = threading.Event()
        self._polled = time.monotonic()

    def idle_seconds(self) -> float:
        """Seconds since the last poll; beyond MAX_POLL_INTERVAL_MS the loop is stuck in a handler."""
        return time.monotonic() - self._polled

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop` is set, then commit and leave the group. While the group is parked, leave it
        and wait for its release.

        Raises KafkaError for what no retry heals (not authorised, a corrupt record), and DlqLimitReached when
        the limit is not kept; what was not committed comes again.
        """
        self._stop = stop
        while not stop.is_set():
            if self._limits is not None:
                self._wait_for_release(self._limits)
            try:
                self._consume()
            except DlqLimitReached as reached:
                if self._limits is None:
                    raise
                log.critical("consumer parked", extra={"group": self._group, "reason": str(reached)})

    @property
    def parked(self) -> Parked | None:
        """Where and why the group is parked; None while it consumes."""
        return self._parked

    def _consume(self) -> None:
        try:
            self._connect()
            while not self._stop.is_set():
                self._poll_and_handle()
        finally:
            self._close()

    def _wait_for_release(self, limits: LimitStore) -> None:
        """Return once the group is not parked, to count on from what was counted, or when the loop is to
        stop."""
        due = 0.0
        while not self._stop.is_set():
            self._polled = time.monotonic()
            state = self._limit_state(limits)
            if state is not None and state.parked is None:
                self._processor.restore(state)
                break
            if state is not None and state.parked is not None:
                self._parked = state.parked
                metrics.CONSUMER_PARKED.labels(self._group).set(1)
                if self._polled >= due:
                    due = self._polled + PARKED_LOG_SECONDS
                    self._log_parked(state.parked)
            self._stop.wait(RELEASE_SECONDS)
        else:
            return
        if self._parked is not None:
            log.info("consumer released", extra={"group": self._group})
            self._parked = None
        metrics.CONSUMER_PARKED.labels(self._group).set(0)

    def _limit_state(self, limits: LimitStore) -> LimitState | None:
        try:
            return limits.read()
        except PyMongoError as error:
            extra = {"group": self._group, "error": type(error).__name__}
            log.warning("the dead-letter limit cannot be read", extra=extra)
            return None

    def _log_parked(self, parked: Parked) -> None:
        log.error(
            "consumer is parked and waits for an operator",
            extra={
                "group": self._group,
                "topic": parked.topic,
                "partition": parked.partition,
                "offset": parked.offset,
                "reason": parked.reason,
                "since": parked.since.isoformat(),
            },
        )

    def _connect(self) -> None:
        failures = 0
        while self._consumer is None and not self._stop.is_set():
            self._polled = time.monotonic()
            try:
                self._consumer = self._make_consumer()
            except (KafkaError, OSError) as error:
                failures += 1
                log.warning(
                    "Kafka is unavailable", extra={"group": self._group, "error": type(error).__name__}
                )
                self._stop.wait(min(self._backoff.seconds(failures), 2.0))

    def _make_consumer(self) -> Any:
        consumer = construct(
            KafkaConsumer,
            **client_options(self._settings),
            metrics_enabled=False,
            client_id=f"{self._group}-worker",
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
            isolation_level="read_committed",
            # Topics with the same number of partitions are assigned alike, so that one member gets all
            # events of an aggregate and members do not contend for documents.
            partition_assignment_strategy=[RangePartitionAssignor],
            max_poll_records=self._batch,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            metadata_max_age_ms=METADATA_MS,
        )
        self._rebalances.rejoin = consumer._coordinator.request_rejoin
        consumer.subscribe(list(self._topics), listener=self._rebalances)
        return consumer

    def _poll_and_handle(self) -> None:
        polled = self._poll(POLL_MS)
        if self._rebalances.count != self._seen_rebalances:
            self._seen_rebalances = self._rebalances.count
            self._lag.rebalanced()
        records = [record for batch in polled.values() for record in batch]
        if records:
            self._handle(records)
        elif self._uncommitted:
            self._commit()
        self._lag.measure(self._consumer)

    def _poll(self, milliseconds: float) -> dict[TopicPartition, list[ReceivedRecord]]:
        self._polled = time.monotonic()
        try:
            polled: dict[TopicPartition, list[ReceivedRecord]] = self._consumer.poll(
                timeout_ms=int(milliseconds)
            )
        except KafkaError as error:
            if not error.retriable:
                raise
            log.warning("poll failed", extra={"group": self._group, "error": type(error).__name__})
            self._stop.wait(milliseconds / 1000)
            return {}
        if self._rebalances.lost:
            self._rebalances.lost = False
            # Other members may have continued from there and committed further: never move their offsets
            # back.
            self._uncommitted = {}
        return polled

    def _handle(self, records: list[ReceivedRecord]) -> None:
        self._lag.waiting(records)
        try:
            events = self._processor.process(records)
        except _BatchAbandoned:
            log.info("batch abandoned, will be polled again", extra={"group": self._group})
            self._rewind(records)
            return
        finally:
            self._resume()
        for record in records:
            self._uncommitted[TopicPartition(record.topic, record.partition)] = record.offset + 1
        self._commit()
        self._lag.handled(records, events)

    def _rewind(self, records: Sequence[ReceivedRecord]) -> None:
        """Seek back to the first of these records. For partitions that a rebalance leaves with this member,
        kafka-python keeps the position after the batch; without this the batch would be skipped."""
        assigned = self._consumer.assignment()
        for record in reversed(records):
            partition = TopicPartition(record.topic, record.partition)
            if partition in assigned:
                self._consumer.seek(partition, record.offset)

    def _pause(self, seconds: float) -> None:
        """Wait with all partitions paused, and keep polling so that this member stays in its group.

        Raises _BatchAbandoned if the loop must stop or the group was rebalanced.
        """
        metrics.CONSUMER_PAUSED.labels(self._group).set(1)
        deadline = time.monotonic() + seconds
        self._consumer.pause(*self._consumer.assignment())
        while (left := deadline - time.monotonic()) > 0:
            if self._stop.is_set():
                raise _BatchAbandoned
            polled = self._poll(min(left * 1000, POLL_MS))
            for partition, records in polled.items():
                # A rebalance assigned partitions that are not paused: read their records later.
                self._consumer.seek(partition, records[0].offset)
            self._lag.measure(self._consumer)
            if self._rebalances.count != self._seen_rebalances:
                # Parts of the batch may belong to another member now.
                raise _BatchAbandoned

    def _resume(self) -> None:
        metrics.CONSUMER_PAUSED.labels(self._group).set(0)
        paused = self._consumer.paused()
        if paused:
            self._consumer.resume(*paused)

    def _commit(self) -> None:
        """Commit the handled records. If it fails, they may be delivered again, which handlers must
        tolerate."""
        assigned = self._consumer.assignment()
        offsets = {
            partition: OffsetAndMetadata(offset, "", -1)
            for partition, offset in self._uncommitted.items()
            if partition in assigned
        }
        self._uncommitted = {partition: offset.offset for partition, offset in offsets.items()}
        if not offsets:
            return
        try:
            self._consumer.commit(offsets, timeout_ms=COMMIT_MS)
        except CommitFailedError:
            # The group was rebalanced meanwhile. Partitions that stay with this member are committed next
            # time, unless it was removed from the group; the new owners of the others read their records
            # again.
            self._commit_failed("CommitFailedError")
        except KafkaError as error:
            if not error.retriable:
                raise
            self._commit_failed(type(error).__name__)
        else:
            self._uncommitted = {}

    def _commit_failed(self, error: str) -> None:
        metrics.CONSUMER_COMMIT_FAILURES.labels(self._group).inc()
        log.warning("offsets not committed", extra={"group": self._group, "error": error})

    def _close(self) -> None:
        try:
            if self._consumer is not None:
                if self._uncommitted:
                    self._commit()
                self._consumer.close(autocommit=False, timeout_ms=CLOSE_MS)
        except KafkaError as error:
            # The broker detects the end of the session without our help.
            log.warning("group not left", extra={"group": self._group, "error": type(error).__name__})
        finally:
            self._consumer = None
            self._dead_letters.close()
