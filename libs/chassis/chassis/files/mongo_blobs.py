"""Blobs in the service's own MongoDB: one document per part, found by an id made of key and number. Hence a
part that is sent again is stored once, and an upload goes on where it was interrupted. GridFS has no such
ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from bson.binary import Binary
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.files.blobs import BlobGone
from chassis.mongo.indexes import Index

COLLECTION: Final = "file_parts"
PART_BYTES: Final = 1024 * 1024

INDEXES: Final = (Index(COLLECTION, (("key", 1),)),)


class MongoBlobs:
    """part_bytes: less than 16 MB, the limit of a document."""

    def __init__(self, db: Database[dict[str, Any]], part_bytes: int = PART_BYTES) -> None:
        self._parts = db[COLLECTION]
        self._part_bytes = part_bytes

    @property
    def part_bytes(self) -> int:
        return self._part_bytes

    def begin(self, key: str) -> str:
        return ""

    def put(self, key: str, handle: str, number: int, data: bytes) -> str:
        # The first one stays: a part that could be replaced could be so after the content was checked.
        part = {"$setOnInsert": {"key": key, "data": Binary(data)}}
        with suppress(DuplicateKeyError):
            self._parts.update_one({"_id": _id(key, number)}, part, upsert=True)
        return ""

    def finish(self, key: str, handle: str, tags: Sequence[str]) -> None:
        """Parts are readable as they are."""

    def read(self, key: str, size: int, start: int = 0) -> Iterator[bytes]:
        skip = start % self._part_bytes
        for number in range(start // self._part_bytes, -(-size // self._part_bytes)):
            part = self._parts.find_one({"_id": _id(key, number)})
            if part is None:
                raise BlobGone(key)
            yield bytes(part["data"])[skip:]
            skip = 0

    def remove(self, key: str, handle: str) -> None:
        self._parts.delete_many({"key": key})

    def link(self, key: str, seconds: int, type: str) -> str | None:
        return None


def _id(key: str, number: int) -> str:
    return f"{key}/{number:06d}"
