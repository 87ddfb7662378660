"""The journal of one client: every answer of the platform that a person would rely on, on disk before the
next request is sent. Append-only.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# Acknowledged acts that changed something.
DRAFT, SAVE, SUBMIT, REVISE, WITHDRAW = "draft", "save", "submit", "revise", "withdraw"
DECIDE, TARGET = "decide", "target"
AUTHOR_ACTS = frozenset({DRAFT, SAVE, SUBMIT, REVISE, WITHDRAW})
# Other lines: a late act that was refused, an unexpected answer, no answer at all.
REFUSED, UNEXPECTED, UNANSWERED = "refused", "unexpected", "unanswered"


@dataclass(frozen=True)
class Line:
    """One line. id: of the initiative, or campaign|unit of a target; answer: the relevant part of the
    answer."""

    at: str
    client: str
    who: str
    act: str
    id: str | None
    answer: Mapping[str, Any]


class Journal:
    """The journal of `client` in `folder`."""

    def __init__(self, folder: Path, client: str) -> None:
        self._client = client
        path = folder / f"{client}.jsonl"
        self._file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)

    def write(self, who: str, act: str, id: str | None, answer: Mapping[str, Any]) -> None:
        """Returns when the line is on disk."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "client": self._client, "who": who, "act": act, "id": id, "answer": dict(answer)}
        os.write(self._file, json.dumps(line, ensure_ascii=False).encode() + b"\n")
        os.fsync(self._file)

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read(folder: Path) -> list[Line]:
    """All lines of all clients, ordered by time. A partial last line is skipped."""
    lines = []
    for path in sorted(folder.glob("*.jsonl")):
        for text in path.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(Line(**json.loads(text)))
            except ValueError:
                continue
    return sorted(lines, key=lambda line: line.at)
