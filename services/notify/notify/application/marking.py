"""Owns when accepted mails are marked as sent: in groups, beside the sending of the next ones. It must always
know which are not marked yet, because each mail that is begun is recorded together with them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Final, Self

from notify.application.ports import Delivery

# At most so many mails in one write, and so many more that wait for the next one: SecantusDB takes little
# longer for a few than for one, and marking each alone made it the slowest part by far.
GROUP: Final = 10
# Seconds that an accepted mail waits for others.
GATHERING: Final = 0.1


class Marking:
    """A thread that marks mails while the next ones are sent.

    mark: the write for one group. Leaving the context marks what is left without delay, and raises what a
    write raised; once one has failed nothing more is marked.
    """

    def __init__(
        self, mark: Callable[[Sequence[Delivery]], None], group: int = GROUP, gathering: float = GATHERING
    ) -> None:
        self._mark = mark
        self._group = group
        self._gathering = gathering
        self._accepted: queue.Queue[Delivery | None] = queue.Queue(maxsize=group)
        # Replaced and never changed, so that what a reader has stays as it was.
        self._unmarked: tuple[Delivery, ...] = ()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mail-marking")

    @property
    def failed(self) -> bool:
        """Whether a write has failed: another mail sent now could not be marked either."""
        return self._error is not None

    @property
    def unmarked(self) -> Sequence[Delivery]:
        """The mails whose marks are not written yet."""
        return self._unmarked

    def add(self, delivery: Delivery) -> None:
        """Have it marked; waits while a whole group waits already."""
        with self._lock:
            self._unmarked = (*self._unmarked, delivery)
        self._accepted.put(delivery)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._accepted.put(None)
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def _run(self) -> None:
        while group := self._next_group():
            if self.failed:
                continue
            try:
                self._mark(group)
            except Exception as error:  # Raised again in the thread that sends.
                self._error = error
                continue
            with self._lock:
                self._unmarked = self._unmarked[len(group) :]

    def _next_group(self) -> list[Delivery]:
        """The next mails, at least one; none at the end."""
        group: list[Delivery] = []
        delivery = self._accepted.get()
        deadline = time.monotonic() + self._gathering
        while delivery is not None:
            group.append(delivery)
            if len(group) == self._group:
                return group
            try:
                delivery = self._accepted.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return group
        if group:
            # The end was met behind a last group: put it back for the next call, there is room for it now.
            self._accepted.put(None)
        return group
