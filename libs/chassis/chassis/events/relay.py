"""Publishes all pending events from the outboxes of aggregates, in order within an aggregate. It never
invents, changes or drops an event, and deletes one only after Kafka has acknowledged it.

How it finds them was decided by measurement. If nothing is pending, one query per collection for all held
lanes costs SecantusDB 0.7 ms as a range of lanes; `lane in [...]` costs 1.3 ms, one query per lane 0.8 ms
each. But that engine visits every matching document, whatever the limit (0.05 ms each): querying again for
the next few hundred would make the cost of a backlog quadratic. So a poll reads all pending events with one
cursor and handles them in chunks. Publishing 2,000 events takes 0.25 s and deleting them ten times as long
(an update costs this engine about 1 ms), so relay throughput is limited by the deletes.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from pymongo import UpdateOne, WriteConcern
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis import metrics
from chassis.events.codec import PendingEvent
from chassis.events.lanes import LaneShare
from chassis.events.outbox import LANE, OUTBOX
from chassis.events.poll_interval import PollInterval
from chassis.mongo.leases import Leases
from chassis.producer import Publisher, Record

log = logging.getLogger(__name__)

CHUNK = 500

# Wait after a failure of the database or of Kafka.
BACKOFF_SECONDS = 0.5


@dataclass
class _PendingAggregate:
    """An aggregate's pending events, oldest first; `acknowledged` of them are on Kafka."""

    id: Any
    lane: int
    events: list[PendingEvent]
    acknowledged: int = 0
    failed: bool = False


class Relay:
    """Publishes the events of `collections` in `db`.

    producer_factory: returns a KafkaProducer, see `chassis.producer.make_producer`. leases: share the lanes
    with the other workers of the service. owner: unique to this process. clock: UTC. A second relay on the
    same database gets half of the lanes.
    """

    def __init__(
        self,
        db: Database[dict[str, Any]],
        collections: Sequence[str],
        producer_factory: Callable[[], Any],
        leases: Leases,
        owner: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._collections = {name: db[name] for name in collections}
        self._publisher = Publisher(producer_factory, "relay")
        self._share = LaneShare(db["relays"], leases, owner, clock)
        self._clock = clock
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set; then release the lanes."""
        self._stop = stop
        intervals = {name: PollInterval(time.monotonic()) for name in self._collections}
        try:
            while not stop.is_set():
                wait = self._poll_due(intervals)
                stop.wait(wait)
        finally:
            self._close()

    def _poll_due(self, intervals: dict[str, PollInterval]) -> float:
        """Poll the collections that are due; return the seconds until the next poll."""
        try:
            self._share.keep()
            for name, interval in intervals.items():
                began = time.monotonic()
                if interval.due <= began:
                    published, failed = self._publish_collection(name)
                    interval.polled(published, began, time.monotonic())
                    if failed and not published:
                        return BACKOFF_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        except PyMongoError as error:
            log.warning("outbox cannot be read", extra={"error": type(error).__name__})
            return BACKOFF_SECONDS * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        return max(0.0, min(interval.due for interval in intervals.values()) - time.monotonic())

    def publish_pending(self) -> int:
        """Poll all collections once, for the lanes that it can lease; return the number of published events.

        Raises PyMongoError if the database is unavailable; if Kafka fails, the number is only smaller.
        """
        self._share.keep()
        published = 0
        for name in self._collections:
            published += self._publish_collection(name)[0]
        return published

    def close(self) -> None:
        """Release the lanes and close the producer; `run` calls it at its end."""
        self._close()

    def _close(self) -> None:
        try:
            self._share.release()
        except PyMongoError as error:
            # They will expire.
            log.warning("lanes could not be released", extra={"error": type(error).__name__})
        self._publisher.close()

    def _publish_collection(self, name: str) -> tuple[int, bool]:
        """The number of published events, and whether any could not be published."""
        published, oldest = 0, None
        for read in self._chunks(self._collections[name]):
            self._share.keep()
            lanes = self._share.confirmed()
            chunk = [aggregate for aggregate in read if aggregate.lane in lanes]
            self._publish(chunk)
            self._remove(self._collections[name], chunk)
            published += sum(aggregate.acknowledged for aggregate in chunk)
            oldest = oldest or next((aggregate for aggregate in chunk if aggregate.failed), None)
            if self._stop.is_set() or (oldest is not None and published == 0):
                break
        age = 0.0 if oldest is None else self._age(oldest.events[oldest.acknowledged])
        metrics.OUTBOX_OLDEST.labels(name).set(age)
        return published, oldest is not None

    def _chunks(self, collection: Collection[dict[str, Any]]) -> Iterator[list[_PendingAggregate]]:
        lanes = self._share.lanes()
        if not lanes:
            return
        with collection.find({LANE: lanes_filter(lanes)}, {OUTBOX: 1, LANE: 1}, batch_size=CHUNK) as cursor:
            while chunk := list(islice(cursor, CHUNK)):
                yield [_pending(document) for document in chunk]

    def _publish(self, chunk: list[_PendingAggregate]) -> None:
        """Send in rounds, the n-th event of every aggregate together: a later event of an aggregate is sent
        only after the earlier ones are acknowledged, even if they go to different topics."""
        ready = chunk
        while ready := [w for w in ready if not w.failed and w.acknowledged < len(w.events)]:
            events = [aggregate.events[aggregate.acknowledged] for aggregate in ready]
            outcomes = self._publisher.publish([_record(event) for event in events])
            for aggregate, event, error in zip(ready, events, outcomes, strict=True):
                if error is None:
                    aggregate.acknowledged += 1
                    metrics.OUTBOX_PUBLISHED.labels(event.topic).inc()
                    metrics.OUTBOX_DELAY.observe(self._age(event))
                else:
                    aggregate.failed = True
                    metrics.OUTBOX_FAILURES.labels(event.topic, type(error).__name__).inc()
                    log.warning(
                        "event not published",
                        extra={"topic": event.topic, "event": event.id, "error": type(error).__name__},
                    )

    def _age(self, event: PendingEvent) -> float:
        created = dict(event.headers).get("ce_time")
        if created is None:
            return 0.0
        return max(0.0, (self._clock() - datetime.fromisoformat(created.decode())).total_seconds())

    def _remove(self, collection: Collection[dict[str, Any]], chunk: list[_PendingAggregate]) -> None:
        """Delete the acknowledged events from the documents; events that were added meanwhile are kept."""
        lanes = self._share.lanes()
        done = [w for w in chunk if w.lane in lanes and (w.acknowledged or not w.events)]
        if not done:
            return
        # Not journalled: if a crash undoes a deletion, the same event, with the same id, is only sent again.
        unjournalled = collection.with_options(write_concern=WriteConcern(w=1))
        complete = [
            _clear_outbox(aggregate) for aggregate in done if aggregate.acknowledged == len(aggregate.events)
        ]
        removed = unjournalled.bulk_write(complete, ordered=False).matched_count if complete else 0
        if removed < len(done):
            unjournalled.bulk_write([_remove_acknowledged(aggregate) for aggregate in done], ordered=False)


def lanes_filter(lanes: Sequence[int]) -> dict[str, Any]:
    """The query condition for these lanes, given in ascending order: a range if there is no gap."""
    first, last = lanes[0], lanes[-1]
    if last - first == len(lanes) - 1:
        return {"$gte": first, "$lte": last}
    return {"$in": list(lanes)}


def _pending(document: dict[str, Any]) -> _PendingAggregate:
    events = [PendingEvent.from_document(event) for event in document.get(OUTBOX, ())]
    return _PendingAggregate(document["_id"], document[LANE], events)


def _record(event: PendingEvent) -> Record:
    return Record(event.topic, event.key.encode(), event.value, event.headers)


def _clear_outbox(aggregate: _PendingAggregate) -> UpdateOne:
    """Empties the outbox if it is unchanged since it was read: the same number of events and last event."""
    unchanged: dict[str, Any] = {OUTBOX: {"$size": len(aggregate.events)}}
    if aggregate.events:
        unchanged[f"{OUTBOX}.{len(aggregate.events) - 1}.id"] = aggregate.events[-1].id
    return UpdateOne({"_id": aggregate.id, **unchanged}, {"$unset": {OUTBOX: "", LANE: ""}})


def _remove_acknowledged(aggregate: _PendingAggregate) -> UpdateOne:
    """Deletes the acknowledged events by their ids; no effect if they are already gone."""
    ids = [event.id for event in aggregate.events[: aggregate.acknowledged]]
    return UpdateOne({"_id": aggregate.id}, {"$pull": {OUTBOX: {"id": {"$in": ids}}}})
