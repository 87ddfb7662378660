"""The journal: one append-only file of small facts, replayed at start and rewritten when too much of it is
out of date. Each package that stores facts is a section of it; the journal never interprets a fact.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol
from zlib import crc32

from embedded.broker.log.flush import Flusher, FsyncPolicy
from embedded.broker.protocol.errors import BrokerError, ErrorCode

log = logging.getLogger(__name__)

# Rewritten when it is both larger than this and this many times larger than after the last rewrite.
_REWRITE_BYTES = 4 * 1024 * 1024
_REWRITE_FACTOR = 4

Fact = list[Any]


class JournalCorruptError(Exception):
    """A fact in the middle of the journal cannot be read; starting would silently lose the facts after it."""


class Section(Protocol):
    """A package's part of the journal: it loads its facts at start and can list its current facts."""

    def restore(self, fact: Fact) -> None: ...

    def facts(self) -> Iterator[Fact]: ...


class Journal:
    def __init__(self, path: Path, flusher: Flusher) -> None:
        self._path = path
        self._flusher = flusher
        self._sections: dict[str, Section] = {}
        self._file: int | None = None
        self._size = 0
        self._size_when_rewritten = 0

    def open(self, sections: dict[str, Section]) -> None:
        """Load each section's facts, then open for recording. Raises JournalCorruptError."""
        self._sections = sections
        if self._path.exists():
            self._replay(self._path.read_bytes())
        self._rewrite()

    def record(self, section: str, fact: Fact) -> None:
        """Append a fact; once this returns, a kill cannot lose it. Raises BrokerError if writing fails."""
        line = _line(section, fact)
        assert self._file is not None, "the journal is not open"  # noqa: S101
        try:
            written = os.write(self._file, line)
            if written != len(line):
                raise OSError(f"{written} of {len(line)} bytes written")
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise BrokerError(
                ErrorCode.KAFKA_STORAGE_ERROR, f"the journal cannot be written: {error}"
            ) from error
        self._size += len(line)
        self._flusher.wrote(self)

    def tidy(self) -> None:
        """Rewrite the journal if most of it is out of date."""
        if self._size > max(_REWRITE_BYTES, _REWRITE_FACTOR * self._size_when_rewritten):
            self._rewrite()

    def flush(self) -> None:
        if self._file is not None:
            os.fdatasync(self._file)

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _replay(self, content: bytes) -> None:
        lines = content.split(b"\n")
        for number, line in enumerate(lines):
            entry = _read(line)
            if entry is not None:
                section, fact = entry
                self._sections[section].restore(fact)
            elif any(_read(later) is not None for later in lines[number + 1 :]):
                raise JournalCorruptError(
                    f"{self._path}, line {number + 1}, is damaged; restore it from a backup"
                )
            else:
                if line:
                    log.warning(
                        "truncated a partial write", extra={"journal": str(self._path), "bytes": len(line)}
                    )
                return

    def _rewrite(self) -> None:
        content = b"".join(
            _line(name, fact) for name, section in self._sections.items() for fact in section.facts()
        )
        incoming = self._path.with_suffix(".new")
        file = os.open(incoming, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o640)
        with os.fdopen(os.dup(file), "wb") as stream:
            stream.write(content)
        if self._flusher.policy is not FsyncPolicy.NEVER:
            os.fdatasync(file)
        incoming.replace(self._path)
        self.close()
        self._file = file
        self._size = self._size_when_rewritten = len(content)


def _line(section: str, fact: Fact) -> bytes:
    body = json.dumps([section, fact], separators=(",", ":")).encode()
    return b"%08x %b\n" % (crc32(body), body)


def _read(line: bytes) -> tuple[str, Fact] | None:
    checksum, _, body = line.partition(b" ")
    if not body or checksum != b"%08x" % crc32(body):
        return None
    section, fact = json.loads(body)
    return section, fact
