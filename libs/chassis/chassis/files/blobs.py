"""Where the bytes of files are: the port that the adapters for MongoDB and S3 fill. A blob knows nothing of
kinds, owners or types.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol


class BlobGone(Exception):
    """There is no such blob, or a part of it is missing."""


class Blobs(Protocol):
    """Every method may be repeated after a failure, with the same outcome.

    Whatever a store raises when it is unavailable is an error of pymongo's or
    chassis.consumer.errors.Transient.
    """

    @property
    def part_bytes(self) -> int:
        """The size of each part of a blob but the last."""

    def begin(self, key: str) -> str:
        """Prepare a blob; the handle that the other methods need."""

    def put(self, key: str, handle: str, number: int, data: bytes) -> str:
        """Store a part; a tag that `finish` needs. Once all parts are stored and `finish` has been called,
        nothing may change the content any more, however late a repeated part arrives: it has been checked."""

    def finish(self, key: str, handle: str, tags: Sequence[str]) -> None:
        """All parts are stored, and these are their tags in order: make the blob readable."""

    def read(self, key: str, size: int, start: int = 0) -> Iterator[bytes]:
        """The bytes of a finished blob of that size from `start` on, in pieces. Raises BlobGone."""

    def remove(self, key: str, handle: str) -> None:
        """Remove the blob, finished or not; nothing happens if it is gone."""

    def link(self, key: str, seconds: int, type: str) -> str | None:
        """An address from which anybody may download the finished blob for so long, as an attachment of that
        media type; None where the service has to stream it itself."""
