"""The `worker` role: consumers and background tasks as threads, with health, metrics and a graceful stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.consumer.loop import ConsumerLoop


@dataclass(frozen=True)
class Task:
    """A thread of the worker; `run` returns soon after its event is set."""

    name: str
    run: Callable[[threading.Event], None]


class Worker:
    def __init__(self, settings: Any, *, consumers: Sequence[ConsumerLoop], tasks: Sequence[Task]) -> None:
        self._settings = settings

    def run(self) -> int:
        """Block until SIGTERM or SIGINT (0) or until a thread dies (1)."""
        raise NotImplementedError
