"""The worker's side of operations: measures lag, outboxes and dead letters, and replays the letters that
operators ask for. It changes no offset of the service's own group and discards nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis.consumer.dlq import PREFIX
from chassis.events.codec import PendingEvent
from chassis.events.outbox import LANE, OUTBOX
from chassis.kafka_client import KafkaSettings, client_options, construct
from chassis.operations.store import Lag, Letter, Operations, Outbox, Report
from chassis.producer import Publisher, Record, make_producer

log = logging.getLogger(__name__)

PAUSE_SECONDS = 15.0
# A turn may take at most this share of the time: measuring must never be what keeps a service busy.
SHARE = 0.1
LOOK_SECONDS = 2.0
POLL_MS = 1_000
MOST_LETTERS = 50
DEAD_LETTER_BYTES = 8_000_000
# The group whose offset says how far operators have dealt with the letters, as for `sangkienctl dlq`.
OPERATORS = "sangkienctl"


class Reporter:
    """A task of a worker.

    group: the service's consumer group; topics: what it consumes; outboxes: collections with pending events.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        group: str,
        topics: Sequence[str],
        db: Database[dict[str, Any]],
        outboxes: Sequence[str],
        clock: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._group = group
        self._topics = tuple(topics)
        self._outboxes = {name: db[name] for name in outboxes}
        self._operations = Operations(db, clock)
        self._clock = clock
        self._letters = TopicPartition(f"{group}.dlq", 0)
        self._publisher = Publisher(lambda: make_producer(settings, DEAD_LETTER_BYTES), "replay")

    def run(self, stop: threading.Event) -> None:
        """Report, and do what is asked, until `stop` is set. What cannot be reached is tried again later."""
        due = 0.0
        try:
            while not stop.is_set():
                began = time.monotonic()
                try:
                    if self._asked() or began >= due:
                        self.turn()
                        due = time.monotonic() + max(PAUSE_SECONDS, (time.monotonic() - began) / SHARE)
                except (PyMongoError, KafkaError, OSError) as error:
                    log.info("operations not reported", extra={"error": type(error).__name__})
                    due = time.monotonic() + PAUSE_SECONDS
                stop.wait(LOOK_SECONDS)
        finally:
            self._publisher.close()

    def turn(self) -> None:
        """Replay what is asked for, then report."""
        with self._reader() as reader:
            for offset in self._asked():
                self._operations.settle(offset, self._replay(reader, offset))
            dead, letters = self._pending(reader)
            lag = self._lag(reader)
        self._operations.write(Report(self._clock(), lag, self._outbox(), dead, letters))

    def _asked(self) -> list[int]:
        return [replay.offset for replay in self._operations.replays() if replay.state == "asked"]

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        reader = construct(
            KafkaConsumer,
            **client_options(self._settings),
            metrics_enabled=False,
            client_id=f"{self._group}-operations",
            group_id=OPERATORS,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            allow_auto_create_topics=False,
        )
        try:
            reader.assign([self._letters])
            yield reader
        finally:
            reader.close()

    def _replay(self, reader: Any, offset: int) -> str | None:
        """Send a letter to its topic as it was; why that failed."""
        reader.seek(self._letters, offset)
        found = next(self._records(reader, 1), None)
        if found is None or found.offset != offset:
            return "gone"
        topic = _reasons(found).get("topic", "")
        if topic not in self._topics:
            return "unknown-topic"
        headers = tuple((name, value or b"") for name, value in found.headers if not name.startswith(PREFIX))
        (error,) = self._publisher.publish([Record(topic, found.key, found.value, headers)])
        return None if error is None else type(error).__name__

    def _pending(self, reader: Any) -> tuple[int, tuple[Letter, ...]]:
        """How many letters wait, and the oldest; those replayed at the front are marked as dealt with."""
        end = reader.end_offsets([self._letters])[self._letters]
        begin = reader.beginning_offsets([self._letters])[self._letters]
        committed = reader.committed(self._letters)
        start = max(begin, committed or 0)
        done = {replay.offset for replay in self._operations.replays() if replay.state == "done"}
        front = start
        while front in done:
            front += 1
        if front > start:
            reader.commit({self._letters: OffsetAndMetadata(front, "", -1)})
            self._operations.forget_before(front)
        reader.seek(self._letters, front)
        waiting = [
            one for one in self._records(reader, min(MOST_LETTERS, end - front)) if one.offset not in done
        ]
        dealt = len([offset for offset in done if front <= offset < end])
        return max(0, end - front - dealt), tuple(_letter(one) for one in waiting)

    def _records(self, reader: Any, most: int) -> Iterator[Any]:
        end = reader.end_offsets([self._letters])[self._letters]
        given = 0
        while given < most and reader.position(self._letters) < end:
            for record in reader.poll(timeout_ms=POLL_MS, max_records=most - given).get(self._letters, []):
                given += 1
                yield record

    def _lag(self, reader: Any) -> tuple[Lag, ...]:
        admin = construct(
            KafkaAdminClient, **client_options(self._settings), client_id=f"{self._group}-operations"
        )
        try:
            committed = admin.list_group_offsets(self._group).get(self._group, {})
        finally:
            admin.close()
        return tuple(_lag_of(reader, topic, committed) for topic in self._topics)

    def _outbox(self) -> tuple[Outbox, ...]:
        return tuple(self._waiting(name) for name in self._outboxes)

    def _waiting(self, name: str) -> Outbox:
        count, oldest = 0, None
        with self._outboxes[name].find({LANE: {"$gte": 0}}, {OUTBOX: 1}) as cursor:
            for document in cursor:
                for event in document.get(OUTBOX, ()):
                    count += 1
                    created = dict(PendingEvent.from_document(event).headers).get("ce_time")
                    at = None if created is None else datetime.fromisoformat(created.decode())
                    oldest = at if oldest is None or (at is not None and at < oldest) else oldest
        return Outbox(name, count, oldest)


def _lag_of(reader: Any, topic: str, committed: Any) -> Lag:
    partitions = [TopicPartition(topic, number) for number in reader.partitions_for_topic(topic) or ()]
    begins, ends = reader.beginning_offsets(partitions), reader.end_offsets(partitions)
    # A group that has not committed, or so long ago that the records are gone, begins at the first there is.
    at = {one: max(begins[one], committed[one].offset if one in committed else 0) for one in partitions}
    return Lag(topic, sum(max(0, ends[one] - at[one]) for one in partitions))


def _reasons(record: Any) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX): (value or b"").decode("utf-8", "replace")
        for name, value in record.headers
        if name.startswith(PREFIX)
    }


def _letter(record: Any) -> Letter:
    reasons = _reasons(record)
    attempts = reasons.get("attempts", "")
    return Letter(
        offset=record.offset,
        topic=reasons.get("topic", ""),
        key=(record.key or b"").decode("utf-8", "replace")[:100],
        error_class=reasons.get("error_class", ""),
        error_code=reasons.get("error_code", ""),
        attempts=int(attempts) if attempts.isdigit() else 0,
        at=reasons.get("time", ""),
    )
