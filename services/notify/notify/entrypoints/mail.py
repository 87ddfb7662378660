"""The worker's thread that sends mail: pass after pass, with pauses. It decides nothing about a mail."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pymongo.errors import PyMongoError

from notify.application.deliver import DeliverMail, pause_after

log = logging.getLogger(__name__)


class MailLoop:
    """poll_seconds: the pause while nothing is due; chance: uniform in [0, 1)."""

    def __init__(self, deliver: DeliverMail, poll_seconds: float, chance: Callable[[], float]) -> None:
        self._deliver = deliver
        self._poll_seconds = poll_seconds
        self._chance = chance

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set; a mail that is being sent is finished first."""
        self._deliver.stopping = stop.is_set
        failures = 0
        while not stop.is_set():
            try:
                sweep = self._deliver.sweep()
            except PyMongoError as error:
                # What was leased comes back when its lease runs out.
                failures += 1
                log.warning("mail cannot be read", extra={"error_type": type(error).__name__})
                stop.wait(pause_after(failures, self._chance()))
                continue
            failures = failures + 1 if sweep.away else 0
            if sweep.away:
                stop.wait(pause_after(failures, self._chance()))
            elif sweep.settled == 0:
                stop.wait(self._poll_seconds)
