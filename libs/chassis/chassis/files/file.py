"""What a file is: its kind with its limits, how it is announced, what is known of it, and why it may be
refused. Pure values; the content is never in one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
SHA256_PATTERN: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class FileState(StrEnum):
    RECEIVING = "receiving"  # parts may be put; nothing can be read
    READY = "ready"  # complete and checked; it never changes again
    REMOVING = "removing"  # about to be gone; nothing can be read


@dataclass(frozen=True)
class FileKind:
    """What files of one kind may be. name: appears in no path. types: media types that chassis.files.content
    recognises. largest: bytes."""

    name: str
    types: frozenset[str]
    largest: int


@dataclass(frozen=True)
class NewFile:
    """A file that is about to be sent. id: chosen by the service, unique. size: in bytes. sha256: of the
    whole content, in hexadecimal. owner: a member id. unit_path: root first."""

    id: str
    kind: FileKind
    size: int
    sha256: str
    owner: str | None = None
    unit_path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if ID_PATTERN.fullmatch(self.id) is None:
            raise ValueError(f"not a file id: {self.id!r}")
        if SHA256_PATTERN.fullmatch(self.sha256) is None:
            raise ValueError("not a SHA-256 in hexadecimal")


@dataclass(frozen=True)
class File:
    """A stored file. type: found in its content, None until it is ready. part_bytes: the size of each part
    but the last, which has the rest. received: the numbers of the parts that are stored, from 0 on."""

    id: str
    kind: str
    state: FileState
    size: int
    sha256: str
    type: str | None
    part_bytes: int
    received: frozenset[int]
    owner: str | None
    unit_path: tuple[str, ...]
    created_at: datetime

    @property
    def parts(self) -> int:
        """How many parts make the file."""
        return -(-self.size // self.part_bytes)

    @property
    def missing(self) -> list[int]:
        """The parts that have not been stored, for a sender who goes on after an interruption."""
        return [number for number in range(self.parts) if number not in self.received]

    def length_of(self, part: int) -> int:
        """The length of a part in bytes. IndexError for a part that the file does not have."""
        if not 0 <= part < self.parts:
            raise IndexError(part)
        return min(self.part_bytes, self.size - part * self.part_bytes)


class FileRefused(Exception):
    """The file cannot be taken as it is; `code` is stable."""

    code = "file-refused"


class FileTooLarge(FileRefused):
    code = "file-too-large"


class FileEmpty(FileRefused):
    code = "file-empty"


class FileDiffers(FileRefused):
    """The id is known, for another content."""

    code = "file-differs"


class PartMismatch(FileRefused):
    """The part has another length than it must have, or the file has no such part."""

    code = "part-mismatch"


class PartsMissing(FileRefused):
    """Not all parts are there yet."""

    code = "parts-missing"


class DigestMismatch(FileRefused):
    """The content is not what was announced."""

    code = "digest-mismatch"


class TypeRefused(FileRefused):
    """The content is of a type that this kind of file may not have, or of none that is recognised."""

    code = "type-refused"


class ScanRefused(FileRefused):
    """The scanner found something in it."""

    code = "scan-refused"
