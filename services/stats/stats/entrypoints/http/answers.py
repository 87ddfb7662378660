"""Answers to public questions: encoded once, kept for a moment, given with ETag and a short Cache-Control.

Only what is the same for everybody may go through here.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from flask import Response, request

from chassis.web.etags import etag, not_modified

# Whoever asks one question after another must not fill the memory with their answers.
MOST_KEPT = 2000
MOST_BYTES = 4 * 1024 * 1024


class Answers:
    """The answers of the last `seconds`, by address.

    A crowd that looks at the same figures then costs one read a second. seconds: 0 keeps none.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: dict[str, tuple[float, bytes, str]] = {}
        self._bytes = 0
        self._lock = threading.Lock()
        self._cache_control = f"public, max-age={math.ceil(seconds)}"

    def give(self, make: Callable[[], Mapping[str, Any]]) -> Response:
        """The answer to the current request; `make` is called when none is kept."""
        address = request.full_path
        now = self._monotonic()
        kept = self._kept.get(address)
        if kept is None or kept[0] <= now:
            body = orjson.dumps(make())
            kept = (now + self._seconds, body, etag(hashlib.blake2b(body, digest_size=12).hexdigest()))
            self._keep(address, kept, now)
        _, body, tag = kept
        headers = {"ETag": tag, "Cache-Control": self._cache_control}
        if not_modified(tag):
            return Response(status=304, headers=headers)
        return Response(body, content_type="application/json", headers=headers)

    def forget(self) -> None:
        """Keep nothing of what was known so far: something was changed here."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _keep(self, address: str, answer: tuple[float, bytes, str], now: float) -> None:
        if self._seconds <= 0:
            return
        size = len(answer[1])
        with self._lock:
            if self._is_full(size):
                self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
                self._bytes = sum(len(kept[1]) for kept in self._kept.values())
            if not self._is_full(size):
                replaced = self._kept.get(address)
                self._bytes += size - (0 if replaced is None else len(replaced[1]))
                self._kept[address] = answer

    def _is_full(self, more: int) -> bool:
        return len(self._kept) >= MOST_KEPT or self._bytes + more > MOST_BYTES
