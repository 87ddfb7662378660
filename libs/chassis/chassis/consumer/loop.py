"""The consumer loop: polls, decodes, hands batches to a handler and commits after the effect."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from chassis.consumer.dlq import DlqLimit
from chassis.events.codec import Event, EventCodec

BatchHandler = Callable[[Sequence[Event]], None]


class ConsumerLoop:
    """One member of the group `group` on `topics`.

    settings: the Kafka part of ServiceSettings. handler: gets the events of one poll, in order within a
    partition. batch: at most that many records per poll. limit: when dead letters stop the consumer.
    """

    def __init__(
        self,
        settings: Any,
        *,
        group: str,
        topics: Sequence[str],
        codec: EventCodec,
        handler: BatchHandler,
        batch: int = 500,
        limit: DlqLimit | None = None,
    ) -> None:
        self.name = f"consumer-{group}"

    def run(self, stop: threading.Event) -> None:
        """Consume until `stop` is set; raises when it cannot go on (the worker then ends)."""
        raise NotImplementedError
