"""Receives files in parts, checks them, and gives them out: the one way to files for a service. It never has
a whole file in memory, and gives out nothing that was not checked.

A file is announced with its size and digest, sent in parts in any order, each as often as needed, and
completed: then its content is read once, and digest, type and scan decide. What is refused is removed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.clock import Clock
from chassis.files.blobs import BlobGone, Blobs
from chassis.files.content import HEAD_BYTES, type_of
from chassis.files.file import (
    DigestMismatch,
    File,
    FileDiffers,
    FileEmpty,
    FileState,
    FileTooLarge,
    NewFile,
    PartMismatch,
    PartsMissing,
    ScanRefused,
    TypeRefused,
)
from chassis.mongo.indexes import Index

COLLECTION: Final = "files"
# What is not ready, by its age; the field is removed from a file that is.
INDEXES: Final = (Index(COLLECTION, (("unready_since", 1),), sparse=True),)

# Given the content in pieces; False refuses the file.
Scan = Callable[[Iterable[bytes]], bool]


class Files:
    """The files of one service. scan: looks for what must not be kept, such as a virus scanner."""

    def __init__(
        self,
        db: Database[dict[str, Any]],
        blobs: Blobs,
        clock: Clock,
        scan: Scan | None = None,
    ) -> None:
        self._files = db[COLLECTION]
        self._blobs = blobs
        self._clock = clock
        self._scan = scan

    def begin(self, new: NewFile) -> File:
        """Announce a file; again with the same content it is the same file, with the parts received so far.

        Raises FileTooLarge, FileEmpty, and FileDiffers when the id is known for another content.
        """
        if new.size > new.kind.largest:
            raise FileTooLarge(new.id)
        if new.size < 1:
            raise FileEmpty(new.id)
        found = self.find(new.id)
        if found is None:
            now = self._clock()
            document = {
                "_id": new.id,
                "kind": new.kind.name,
                "types": sorted(new.kind.types),
                "state": FileState.RECEIVING.value,
                "size": new.size,
                "sha256": new.sha256,
                "type": None,
                "part_bytes": self._blobs.part_bytes,
                "handle": self._blobs.begin(new.id),
                "tags": {},
                "owner": new.owner,
                "unit_path": list(new.unit_path),
                "created_at": now,
                "unready_since": now,
            }
            try:
                self._files.insert_one(document)
            except DuplicateKeyError:
                found = self.find(new.id)
            else:
                found = _file(document)
        if found is None or (found.size, found.sha256, found.kind) != (new.size, new.sha256, new.kind.name):
            raise FileDiffers(new.id)
        return found

    def find(self, id: str) -> File | None:
        document = self._files.find_one({"_id": id})
        return None if document is None else _file(document)

    def put_part(self, id: str, number: int, data: bytes) -> File:
        """Store one part, also once more; the file as it is then. A file that is ready stays as it is.

        Raises PartMismatch when the part does not have exactly the length it must have, BlobGone when there
        is no such file.
        """
        document = self._document(id)
        file = _file(document)
        if file.state is FileState.READY:
            return file
        if not 0 <= number < file.parts or len(data) != file.length_of(number):
            raise PartMismatch(id)
        tag = self._blobs.put(id, document["handle"], number, data)
        self._files.update_one(
            {"_id": id, "state": FileState.RECEIVING.value}, {"$set": {f"tags.{number}": tag}}
        )
        return _file(self._document(id))

    def complete(self, id: str) -> File:
        """Check the file and make it ready; again changes nothing.

        Raises PartsMissing; and DigestMismatch, TypeRefused or ScanRefused, after which the file is gone;
        BlobGone when there is no such file.
        """
        document = self._document(id)
        file = _file(document)
        if file.state is FileState.READY:
            return file
        if file.missing:
            raise PartsMissing(id)
        tags = [document["tags"][str(number)] for number in range(file.parts)]
        self._blobs.finish(id, document["handle"], tags)
        try:
            type = self._checked(file, document["types"])
        except (DigestMismatch, TypeRefused, ScanRefused):
            self.remove(id)
            raise
        ready = {"state": FileState.READY.value, "type": type, "ready_at": self._clock()}
        self._files.update_one(
            {"_id": id, "state": FileState.RECEIVING.value},
            {"$set": ready, "$unset": {"unready_since": ""}},
        )
        return _file(self._document(id))

    def _checked(self, file: File, types: Sequence[str]) -> str:
        """The type of a content that is as announced and may be kept."""
        digest, length, head = hashlib.sha256(), 0, b""
        for piece in self._blobs.read(file.id, file.size):
            digest.update(piece)
            length += len(piece)
            if len(head) < HEAD_BYTES:
                head += piece[: HEAD_BYTES - len(head)]
        if (length, digest.hexdigest()) != (file.size, file.sha256):
            raise DigestMismatch(file.id)
        type = type_of(head)
        if type is None or type not in types:
            raise TypeRefused(file.id)
        if self._scan is not None and not self._scan(self._blobs.read(file.id, file.size)):
            raise ScanRefused(file.id)
        return type

    def read(self, id: str, start: int = 0) -> Iterator[bytes]:
        """The content of a file that is ready, in pieces, from `start` on. Raises BlobGone."""
        file = self._ready(id)
        return self._blobs.read(id, file.size, start)

    def link(self, id: str, seconds: int) -> str | None:
        """An address for downloading it without signing in, for so long; None where the service has to stream
        it. Raises BlobGone when it is not ready."""
        file = self._ready(id)
        return self._blobs.link(id, seconds, file.type or "application/octet-stream")

    def remove(self, id: str) -> None:
        """Remove a file, whatever its state; nothing happens if it is gone."""
        document = self._files.find_one({"_id": id})
        if document is None:
            return
        # First unreadable, then empty, last unknown: whoever finds what a death in between left can go on.
        removing = {"state": FileState.REMOVING.value, "unready_since": document["created_at"]}
        self._files.update_one({"_id": id}, {"$set": removing})
        self._blobs.remove(id, document["handle"])
        self._files.delete_one({"_id": id})

    def abandoned(self, before: datetime, limit: int) -> list[str]:
        """The ids of files that were announced or removed before then and never became ready or gone."""
        rows = self._files.find({"unready_since": {"$lt": before}}, {"_id": 1}).sort("unready_since", 1)
        return [row["_id"] for row in rows.limit(limit)]

    def _document(self, id: str) -> Mapping[str, Any]:
        document = self._files.find_one({"_id": id})
        if document is None or document["state"] == FileState.REMOVING.value:
            raise BlobGone(id)
        return document

    def _ready(self, id: str) -> File:
        file = _file(self._document(id))
        if file.state is not FileState.READY:
            raise BlobGone(id)
        return file


def _file(document: Mapping[str, Any]) -> File:
    return File(
        id=document["_id"],
        kind=document["kind"],
        state=FileState(document["state"]),
        size=document["size"],
        sha256=document["sha256"],
        type=document["type"],
        part_bytes=document["part_bytes"],
        received=frozenset(int(number) for number in document["tags"]),
        owner=document["owner"],
        unit_path=tuple(document["unit_path"]),
        created_at=document["created_at"],
    )
