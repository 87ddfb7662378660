"""The background thread that keeps a process's copy of reference data fresh."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from pymongo.errors import PyMongoError

log = logging.getLogger(__name__)


class Refresher:
    """Calls `refresh` at once and then every so many seconds. While the database is unavailable the last copy
    stays in use.

    name: of the thread, which says what it refreshes. Start it after a fork.
    """

    def __init__(self, name: str, refresh: Callable[[], None], every: float) -> None:
        self._refresh = refresh
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Never waits for the database."""
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._refresh()
            except PyMongoError as error:
                log.warning(
                    "a copy of reference data was not refreshed",
                    extra={"copy": self._thread.name, "error": type(error).__name__},
                )
            if self._stop.wait(self._every):
                return
