"""Events for tests of the notification service, made from the contracts' examples and encoded by the codec,
so that no test can use an event that no producer could send."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import contracts
from chassis.events.codec import Event, EventCodec

NOW = datetime(2022, 6, 1, 9, 0, tzinfo=UTC)
AUTHOR = "m-7kq2mz81xa"
CODEC = EventCodec(contracts.topics(), "/services/tests")


def example(topic: str, name: str | None = None) -> dict[str, Any]:
    """A copy of a topic's example, by default the first."""
    valid = contracts.examples(topic).valid
    return copy.deepcopy(dict(valid[name or min(valid)]))


def event(
    topic: str, changes: Mapping[str, Any] | None = None, *, at: datetime = NOW, name: str | None = None
) -> Event:
    """An event as a consumer gets it: the example `name` of `topic` with `changes`."""
    data = example(topic, name) | dict(changes or {})
    subject = str(
        data.get("initiative_id") or data.get("code") or f"{data.get('campaign')}:{data.get('unit')}"
    )
    pending = CODEC.pending(topic, subject=subject, data=data, sequence=None, now=at)
    return CODEC.decode(topic, subject.encode(), pending.value, pending.headers)
