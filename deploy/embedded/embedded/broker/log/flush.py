"""When written bytes are flushed to disk. This only matters if power is lost: a killed process loses nothing,
because the page cache survives it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol


class FsyncPolicy(StrEnum):
    ALWAYS = "always"  # before each acknowledgement; concurrent requests share one flush
    INTERVAL = "interval"  # periodically
    NEVER = "never"  # left to the operating system


class Flushable(Protocol):
    def flush(self) -> None: ...


class Flusher:
    def __init__(self, policy: FsyncPolicy) -> None:
        self.policy = policy
        self._dirty: set[Flushable] = set()
        self._written = 0
        self._flushed = 0
        self._one_at_a_time = asyncio.Lock()

    def wrote(self, file: Flushable) -> None:
        """Register that `file` has bytes that may not be on disk."""
        if self.policy is not FsyncPolicy.NEVER:
            self._dirty.add(file)
            self._written += 1

    async def settle(self) -> None:
        """Return when the policy allows everything written so far to be acknowledged."""
        if self.policy is FsyncPolicy.ALWAYS:
            await self.flush()

    async def flush(self) -> None:
        """Return when everything written so far is on the disk."""
        wanted = self._written
        async with self._one_at_a_time:
            if self._flushed >= wanted:
                return
            written, dirty, self._dirty = self._written, self._dirty, set()
            try:
                await asyncio.to_thread(_flush_all, dirty)
            except OSError:
                self._dirty |= dirty
                raise
            self._flushed = written


def _flush_all(files: Iterable[Flushable]) -> None:
    for file in files:
        file.flush()
