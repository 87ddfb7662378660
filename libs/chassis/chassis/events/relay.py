"""Publishes the events that wait in the outboxes of aggregates, all of them, always."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from pymongo.database import Database

from chassis.mongo.leases import Leases


class Relay:
    def __init__(
        self,
        db: Database[dict[str, Any]],
        collections: Sequence[str],
        producer_factory: Callable[[], Any],
        leases: Leases,
        owner: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._db = db

    def run(self, stop: threading.Event) -> None:
        """Publish until `stop` is set; then give the lanes back."""
        raise NotImplementedError

    def sweep(self) -> int:
        """One pass over the lanes that it can lease; the number of events published."""
        raise NotImplementedError
