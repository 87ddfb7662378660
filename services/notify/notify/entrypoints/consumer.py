"""The consumed events: a batch of one poll goes to the use case as a whole; nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.events.codec import Event
from notify.adapters import events as contract
from notify.application.tell import Tell


class EventHandler:
    """A chassis BatchHandler. Whatever it raises, handling the batch again does no harm."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell

    def relearn(self, events: Sequence[Event]) -> None:
        """Keep the names that these events give, also what is kept of the same version."""
        self._tell.names.learn([contract.given_name(event) for event in events], again=True)

    def __call__(self, events: Sequence[Event]) -> None:
        given = [contract.given_name(event) for event in events if event.topic in contract.NAMING]
        told = [contract.occurrence(event) for event in events if event.topic not in contract.NAMING]
        self._tell(told, given)
