"""The consumed events: a batch of one poll goes to the use cases as a whole; nothing is decided here."""

from __future__ import annotations

from collections.abc import Sequence

from chassis.consumer.errors import Refused, Transient
from chassis.events.codec import Event
from review.adapters import contract
from review.application.follow_initiatives import ContendedError, follow_initiatives, follow_units
from review.application.ports import Cases, UnitStore
from review.domain.policy import NoPolicyError
from review.domain.rulebook import Rulebook


class EventHandler:
    """A chassis BatchHandler. Refused `no-policy`: a new case that no policy pack covers."""

    def __init__(self, cases: Cases, units: UnitStore, rules: Rulebook) -> None:
        self._cases = cases
        self._units = units
        self._rules = rules

    def __call__(self, events: Sequence[Event]) -> None:
        self._follow(events, again=False)

    def relearn(self, events: Sequence[Event]) -> None:
        """Keep units as these events say, also what is kept of the same version; and whom old events of an
        initiative name as involved."""
        self._follow(events, again=True)

    def _follow(self, events: Sequence[Event], *, again: bool) -> None:
        units = [contract.unit(event) for event in events if event.topic == contract.UNIT_CHANGED]
        follow_units(self._units, units, again=again)
        initiatives = [event for event in events if event.topic in contract.KINDS]
        told = [contract.told(event) for event in initiatives]
        traces = {event.data["initiative_id"]: contract.continued_trace(event) for event in initiatives}
        known = {subject: trace for subject, trace in traces.items() if trace is not None}
        try:
            follow_initiatives(self._cases, self._rules, told, known)
        except NoPolicyError as error:
            raise Refused("no-policy", str(error)) from error
        except ContendedError as error:
            raise Transient("cases were changed by others all the time") from error
