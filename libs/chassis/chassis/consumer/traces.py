"""Carries the trace of an event into the code that handles it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chassis import tracing
from chassis.events.codec import Event


@contextmanager
def following(event: Event) -> Iterator[None]:
    """Within the block the current trace is the event's own; a batch handler uses it around each event."""
    parent = tracing.parse(event.traceparent)
    with tracing.use(tracing.new() if parent is None else tracing.child(parent)):
        yield


@contextmanager
def handling(events: Sequence[Event]) -> Iterator[None]:
    """The trace around one call of a handler: the event's own if there is one event, else a new one."""
    if len(events) == 1:
        with following(events[0]):
            yield
    else:
        with tracing.use(tracing.new()):
            yield
