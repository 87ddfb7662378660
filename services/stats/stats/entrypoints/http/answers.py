"""Answers to public questions: encoded once, kept for a moment, given with ETag and a short Cache-Control.

Only what is the same for everybody may go through here.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import orjson
from flask import Response

from chassis.web.etags import etag, not_modified

# Whoever asks one question after another must not fill the memory with their answers.
MOST_KEPT = 2000
MOST_BYTES = 4 * 1024 * 1024


class Answers:
    """The answers of the last `seconds`, by question; the one that was asked for longest ago makes room.

    A crowd that looks at the same figures then costs one read a second, whatever else is asked meanwhile.
    seconds: 0 keeps none.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._kept: OrderedDict[Hashable, tuple[float, bytes, str]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._cache_control = f"public, max-age={math.ceil(seconds)}"

    def give(self, question: Hashable, make: Callable[[], Mapping[str, Any]]) -> Response:
        """The answer to a question as it was understood, not as it was spelled; `make` is called when none
        is kept."""
        now = self._monotonic()
        kept = self._find(question)
        if kept is None or kept[0] <= now:
            body = orjson.dumps(make())
            kept = (now + self._seconds, body, etag(hashlib.blake2b(body, digest_size=12).hexdigest()))
            self._keep(question, kept)
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

    def _find(self, question: Hashable) -> tuple[float, bytes, str] | None:
        with self._lock:
            kept = self._kept.get(question)
            if kept is not None:
                self._kept.move_to_end(question)
            return kept

    def _keep(self, question: Hashable, answer: tuple[float, bytes, str]) -> None:
        size = len(answer[1])
        if self._seconds <= 0 or size > MOST_BYTES:
            return
        with self._lock:
            replaced = self._kept.pop(question, None)
            self._bytes += size - (0 if replaced is None else len(replaced[1]))
            self._kept[question] = answer
            while self._bytes > MOST_BYTES or len(self._kept) > MOST_KEPT:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= len(oldest[1])
