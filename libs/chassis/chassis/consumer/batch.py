"""What becomes of the records of one poll: decoded, handled together, taken apart when that fails, put aside
as dead letters. It knows no offsets; when it returns, every record is dealt with and may be committed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from chassis import metrics
from chassis.consumer.backoff import Backoff
from chassis.consumer.dlq import (
    DeadLetter,
    DeadLetters,
    DlqCounter,
    DlqLimit,
    DlqLimitReached,
    ReceivedRecord,
)
from chassis.consumer.errors import ErrorClass, classify, error_code
from chassis.consumer.parking import LimitState
from chassis.consumer.traces import handling
from chassis.events.codec import DecodeError, Event, EventCodec, UnknownType

log = logging.getLogger(__name__)

T = TypeVar("T")

BatchHandler = Callable[[Sequence[Event]], None]

# How often a record with an error of unknown class is tried before it is put aside.
TRIES = 3


class Limits(Protocol):
    """Where the dead-letter limit of the group is kept; see chassis.consumer.parking.LimitStore."""

    def read(self) -> LimitState: ...
    def count(self, run: int, recent: tuple[bool, ...]) -> None: ...
    def park(self, topic: str, partition: int, offset: int, reason: str) -> None: ...


class BatchProcessor:
    """Deals with the records of one group, batch after batch.

    pause: waits that many seconds while the group membership is kept up; it raises to give the batch up,
    which then comes again. limits: None to count in this process only. dead_letters, limit, backoff: see
    their classes.
    """

    def __init__(
        self,
        *,
        group: str,
        codec: EventCodec,
        handler: BatchHandler,
        dead_letters: DeadLetters,
        pause: Callable[[float], None],
        limit: DlqLimit,
        backoff: Backoff,
        limits: Limits | None = None,
    ) -> None:
        self._group = group
        self._codec = codec
        self._handler = handler
        self._dead_letters = dead_letters
        self._pause = pause
        self._limit = limit
        self._counter = DlqCounter(limit)
        self._backoff = backoff
        self._limits = limits
        # What the store knows: the run, and how many records were counted since.
        self._kept_run = 0
        self._uncounted = 0

    def restore(self, state: LimitState) -> None:
        """Count on from what the group's members had counted."""
        self._counter = DlqCounter(self._limit, state.run, state.recent)
        self._kept_run, self._uncounted = state.run, 0

    def process(self, records: Sequence[ReceivedRecord]) -> list[Event]:
        """Deal with every record; the events that were handled, in order.

        Raises DlqLimitReached before a dead letter of this batch is written, with the group parked at the
        record that reached the limit, and whatever `pause` raises.
        """
        decoded = [(record, self._decode(record)) for record in records]
        events = [event for _, event in decoded if isinstance(event, Event)]
        together = len(events) > 1 and self._handle_together(events)
        handled: list[Event] = []
        letters: list[DeadLetter] = []
        for record, item in decoded:
            if item is None:
                continue
            result = item if isinstance(item, DeadLetter) or together else self._handle_alone(record, item)
            self._count(record, isinstance(result, DeadLetter))
            if isinstance(result, DeadLetter):
                letters.append(result)
            elif isinstance(item, Event):
                handled.append(item)
        self._keep_count(dead=bool(letters))
        self._put_aside(letters)
        for event in handled:
            metrics.CONSUMER_RECORDS.labels(self._group, event.topic, "handled").inc()
        return handled

    def _count(self, record: ReceivedRecord, dead: bool) -> None:
        self._uncounted += 1
        try:
            self._counter.add(dead)
        except DlqLimitReached as reached:
            if self._limits is not None:
                park, reason = self._limits.park, str(reached)
                self._until_kept(lambda: park(record.topic, record.partition, record.offset, reason))
            raise

    def _keep_count(self, *, dead: bool) -> None:
        """Keep the count before the dead letters are written, so that no crash in between hides them from the
        limit. Without dead letters there is mostly nothing to keep, and nothing is asked of the database."""
        limits, counter = self._limits, self._counter
        if limits is None:
            return
        if dead:
            parked = self._until_kept(limits.read).parked
            if parked is not None:
                raise DlqLimitReached(parked.reason)
        run_ended = self._kept_run > 0 and counter.run == 0
        window_moved = counter.dead > 0 and self._uncounted >= self._limit.window // 5
        if dead or run_ended or window_moved:
            self._until_kept(lambda: limits.count(counter.run, counter.recent))
            self._kept_run, self._uncounted = counter.run, 0

    def _until_kept(self, work: Callable[[], T]) -> T:
        failures = 0
        while True:
            try:
                return work()
            except Exception as error:
                if classify(error) is not ErrorClass.TRANSIENT:
                    raise
                failures += 1
                log.warning(
                    "the dead-letter limit cannot be kept",
                    extra={"group": self._group, "error": type(error).__name__},
                )
                self._wait(failures)

    def _decode(self, record: ReceivedRecord) -> Event | DeadLetter | None:
        """None for a type that this consumer does not know."""
        try:
            return self._codec.decode(record.topic, record.key, record.value, record.headers)
        except UnknownType:
            metrics.CONSUMER_RECORDS.labels(self._group, record.topic, "skipped").inc()
            return None
        except DecodeError as error:
            return self._letter(record, error, attempts=1)

    def _handle_together(self, events: Sequence[Event]) -> bool:
        """False if the batch failed otherwise than transiently, so that each record has to be tried alone."""
        failures = 0
        while True:
            error = self._call(events)
            if error is None:
                return True
            if classify(error) is not ErrorClass.TRANSIENT:
                return False
            failures += 1
            self._wait(failures)

    def _handle_alone(self, record: ReceivedRecord, event: Event) -> DeadLetter | None:
        attempts = unknown = 0
        while True:
            attempts += 1
            error = self._call([event])
            if error is None:
                return None
            error_class = classify(error)
            unknown += error_class is ErrorClass.UNKNOWN
            if error_class is ErrorClass.DETERMINISTIC or unknown >= TRIES:
                return self._letter(record, error, attempts)
            self._wait(attempts)

    def _call(self, events: Sequence[Event]) -> Exception | None:
        started = time.perf_counter()
        with handling(events):
            try:
                self._handler(events)
            except Exception as error:  # the top of the loop: whatever a handler raises is counted and logged
                error_class = classify(error)
                metrics.CONSUMER_ERRORS.labels(self._group, error_class, type(error).__name__).inc()
                log.warning(
                    "handler failed",
                    extra={
                        "group": self._group,
                        "error_class": error_class,
                        "error": type(error).__name__,
                        "events": [event.id for event in events[:10]],
                    },
                    exc_info=error_class is ErrorClass.UNKNOWN,
                )
                return error
        metrics.CONSUMER_BATCH_SECONDS.labels(self._group).observe(time.perf_counter() - started)
        return None

    def _wait(self, failures: int) -> None:
        self._pause(self._backoff.seconds(failures))

    def _letter(self, record: ReceivedRecord, error: Exception, attempts: int) -> DeadLetter:
        return DeadLetter(record, classify(error), error_code(error), attempts)

    def _put_aside(self, letters: list[DeadLetter]) -> None:
        """Not before every dead letter is acknowledged may an offset be committed."""
        failures = 0
        waiting = letters
        while waiting:
            waiting = self._dead_letters.send(waiting)
            if waiting:
                failures += 1
                log.warning("dead letters not written", extra={"group": self._group, "count": len(waiting)})
                self._wait(failures)
        for letter in letters:
            record = letter.record
            metrics.CONSUMER_RECORDS.labels(self._group, record.topic, "dead_letter").inc()
            log.error(
                "record put aside as a dead letter",
                extra={
                    "group": self._group,
                    "topic": record.topic,
                    "partition": record.partition,
                    "offset": record.offset,
                    "error_class": letter.error_class,
                    "error_code": letter.error_code,
                },
            )
