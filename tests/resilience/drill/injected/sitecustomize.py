"""Loaded at the start of every Python process of a platform that a drill started: installs a clock that the
drill can shift and, if requested, injects a fault. The drill controls each process by files in the folder
DRILL_CONTROL; without that variable nothing happens. The product contains none of this.
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
    """Seconds by which the drill has shifted this process's clock, read from a file periodically."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read_at = float("-inf")
        self._seconds = 0.0

    def seconds(self) -> float:
        now = _monotonic()
        if now - self._read_at >= LOOK_SECONDS:
            self._read_at = now
            try:
                self._seconds = float(self._file.read_text())
            except (OSError, ValueError):
                self._seconds = 0.0
        return self._seconds


def move_clock(file: Path) -> None:
    """Shift the time of day of this process; monotonic time is not changed."""
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
