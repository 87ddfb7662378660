"""Propagates the trace of an event to the code that handles it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chassis import tracing
from chassis.events.codec import Event


@contextmanager
def following(event: Event) -> Iterator[None]:
    """Makes the event's trace current within the block; a batch handler uses it for each event."""
    parent = tracing.parse(event.traceparent)
    with tracing.use(tracing.new() if parent is None else tracing.child(parent)):
        yield


@contextmanager
def handling(events: Sequence[Event]) -> Iterator[None]:
    """Sets the trace of one call of a handler: the event's trace for a single event, else a new one."""
    if len(events) == 1:
        with following(events[0]):
            yield
    else:
        with tracing.use(tracing.new()):
            yield
