"""Loaded by every Python process of a platform that a drill started, before anything of that process: gives
it a clock that the drill can move and, if the drill planted one, a fault. The drill says what for which
process in files of the folder DRILL_CONTROL; without that variable nothing happens. Nothing of it is in the
product.
"""

from __future__ import annotations

import importlib
import os
import time
from datetime import datetime, timedelta
from pathlib import Path

LOOK_SECONDS = 0.25
_time, _monotonic = time.time, time.monotonic


class MovedClock:
    """Seconds that the drill has moved this process's clock by, read from a file now and then."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked = float("-inf")
        self._seconds = 0.0

    def seconds(self) -> float:
        now = _monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            try:
                self._seconds = float(self._file.read_text())
            except (OSError, ValueError):
                self._seconds = 0.0
        return self._seconds


def move_clock(file: Path) -> None:
    """Shift what this process takes for the time of day; monotonic time goes on as it does."""
    from chassis import clock

    moved, utc_now = MovedClock(file), clock.utc_now

    def moved_now() -> datetime:
        return clock.to_milliseconds(utc_now() + timedelta(seconds=moved.seconds()))

    clock.utc_now = moved_now
    time.time = lambda: _time() + moved.seconds()


def take_effect(folder: Path, process: str) -> None:
    if process.endswith(("-api", "-worker")):
        move_clock(folder / f"{process}.clock")
    fault = folder / f"{process}.fault"
    if fault.exists():
        importlib.import_module("planted").plant(fault.read_text().strip(), folder)


if "DRILL_CONTROL" in os.environ and "SANGKIEN_PROCESS" in os.environ:
    take_effect(Path(os.environ["DRILL_CONTROL"]), os.environ["SANGKIEN_PROCESS"])
