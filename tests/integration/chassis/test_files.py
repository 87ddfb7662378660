"""The contract of files, the same in MongoDB and in S3: received in parts, checked, given out."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import pymongo
import pytest
from pymongo.database import Database

from chassis.consumer.errors import Transient
from chassis.files import mongo_blobs, store
from chassis.files.blobs import BlobGone, Blobs
from chassis.files.content import PDF, PNG, TEXT
from chassis.files.file import (
    DigestMismatch,
    File,
    FileDiffers,
    FileEmpty,
    FileKind,
    FileRefused,
    FileState,
    FileTooLarge,
    NewFile,
    PartMismatch,
    PartsMissing,
    ScanRefused,
    TypeRefused,
)
from chassis.files.mongo_blobs import MongoBlobs
from chassis.files.retention import CHUNK, KEEP, RemoveAbandonedFiles
from chassis.files.s3_blobs import S3Blobs, S3Refused
from chassis.files.s3_signature import Credentials
from chassis.files.store import Files
from chassis.jobs.documents import INDEXES as JOB_INDEXES
from chassis.jobs.job import Result, State
from chassis.mongo.indexes import ensure
from tests.support.job_stage import JobStage
from tests.support.round_trips import RoundTrips
from tests.support.s3_server import ACCESS_KEY, S3Server, s3_server

# A real S3 takes no part below 5 MiB; the same suite has such parts then.
PART = int(os.environ.get("TEST_S3_PART_BYTES", "1000"))
EVIDENCE = FileKind("evidence", frozenset({PDF, PNG}), PART * 10)
CONTENT = b"%PDF-1.7\n" + random.Random(5).randbytes(PART * 3 + 321)


@dataclass
class Stage:
    db: Database[dict[str, Any]]
    blobs: Blobs
    jobs: JobStage
    server: S3Server | None = None
    scanned: list[bytes] = field(default_factory=list)
    harmless: bool = True

    @property
    def files(self) -> Files:
        return Files(self.db, self.blobs, self.jobs.clock, self._scan)

    def _scan(self, pieces: Iterable[bytes]) -> bool:
        self.scanned.append(b"".join(pieces))
        return self.harmless

    def begin(self, id: str = "f1", content: bytes = CONTENT, **changes: Any) -> File:
        digest = hashlib.sha256(content).hexdigest()
        wanted: dict[str, Any] = {"size": len(content), "sha256": digest} | changes
        return self.files.begin(NewFile(id, wanted.pop("kind", EVIDENCE), **wanted))

    def send(self, id: str = "f1", content: bytes = CONTENT) -> None:
        file = self.files.find(id)
        assert file is not None
        for number in file.missing:
            self.files.put_part(id, number, part(content, number))

    def stored(self, id: str = "f1", content: bytes = CONTENT) -> File:
        self.begin(id, content)
        self.send(id, content)
        return self.files.complete(id)

    def content(self, id: str = "f1", start: int = 0) -> bytes:
        return b"".join(self.files.read(id, start))

    def left(self) -> int:
        """Documents, parts, uploads and objects that are still somewhere."""
        kept = sum(self.db[name].count_documents({}) for name in ("files", "file_parts"))
        return kept + (len(self.server.objects) + len(self.server.uploads) if self.server else 0)


def part(content: bytes, number: int) -> bytes:
    return content[number * PART : (number + 1) * PART]


@pytest.fixture
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(params=["mongo", "s3"])
def stage(request: pytest.FixtureRequest, mongo_db: Database[dict[str, Any]]) -> Iterator[Stage]:
    ensure(mongo_db, [*store.INDEXES, *mongo_blobs.INDEXES, *JOB_INDEXES])
    jobs = JobStage(mongo_db)
    if request.param == "mongo":
        yield Stage(mongo_db, MongoBlobs(mongo_db, PART), jobs)
        return
    server: S3Server = request.getfixturevalue("s3")
    blobs = s3_blobs(server, jobs)
    yield Stage(mongo_db, blobs, jobs, server)
    blobs.close()


def s3_blobs(server: S3Server, jobs: JobStage) -> S3Blobs:
    credentials = Credentials(ACCESS_KEY, "test-secret")
    return S3Blobs(server.endpoint, "bucket", credentials, jobs.clock, prefix="notify/", part_bytes=PART)


# --- receiving


def test_a_file_is_received_in_parts_of_any_order_and_given_out_as_it_was(stage: Stage) -> None:
    announced = stage.begin(owner="m-1", unit_path=("TLD", "A"))
    assert (announced.state, announced.parts, announced.missing) == (FileState.RECEIVING, 4, [0, 1, 2, 3])

    for number in (3, 1, 0, 1, 2):
        stage.files.put_part("f1", number, part(CONTENT, number))
    file = stage.files.complete("f1")

    assert (file.state, file.type, file.owner, file.unit_path) == (FileState.READY, PDF, "m-1", ("TLD", "A"))
    assert stage.content() == CONTENT
    assert stage.scanned == [CONTENT]


def test_an_interrupted_sender_goes_on_with_what_is_missing(stage: Stage) -> None:
    stage.begin()
    for number in (0, 2):
        stage.files.put_part("f1", number, part(CONTENT, number))

    assert stage.begin().missing == [1, 3]
    stage.send()

    assert stage.files.complete("f1").state is FileState.READY


def test_completing_and_sending_again_changes_nothing(stage: Stage) -> None:
    first = stage.stored()

    assert stage.files.complete("f1") == first
    assert stage.files.put_part("f1", 0, b"another content") == first
    assert stage.content() == CONTENT
    assert len(stage.scanned) == 1


def test_a_death_before_the_file_was_recorded_as_complete_costs_one_more_check(stage: Stage) -> None:
    stage.begin()
    stage.send()
    document = stage.db["files"].find_one({"_id": "f1"}) or {}
    tags = [document["tags"][str(number)] for number in range(4)]
    stage.blobs.finish("f1", document["handle"], tags)

    assert stage.files.complete("f1").state is FileState.READY
    assert stage.content() == CONTENT


@pytest.mark.parametrize("size", [1, PART - 1, PART, PART + 1, PART * 2])
def test_a_file_of_any_size_has_the_parts_that_it_needs(stage: Stage, size: int) -> None:
    content = (b"%PDF-" + b"x" * PART * 2)[:size] if size >= 5 else b"a"
    kind = FileKind("any", frozenset({PDF, TEXT}), PART * 3)

    file = stage.begin("f1", content, kind=kind)
    stage.send("f1", content)
    stage.files.complete("f1")

    assert file.parts == -(-size // PART)
    assert stage.content() == content


# --- refusing


def test_what_cannot_be_taken_is_refused_before_anything_is_sent(stage: Stage) -> None:
    with pytest.raises(FileTooLarge):
        stage.begin(size=EVIDENCE.largest + 1)
    with pytest.raises(FileEmpty):
        stage.begin(size=0)
    stage.begin()
    with pytest.raises(FileDiffers):
        stage.begin(content=b"%PDF-another")
    with pytest.raises(FileDiffers):
        stage.begin(kind=FileKind("other", frozenset({PDF}), PART * 10))


@pytest.mark.parametrize(
    ("number", "data"),
    [
        (0, part(CONTENT, 0)[:-1]),
        (0, part(CONTENT, 0) + b"x"),
        (3, part(CONTENT, 0)),
        (4, b"x"),
        (-1, part(CONTENT, 0)),
        (0, b""),
    ],
    ids=["short", "long", "longer than the rest", "beyond the end", "negative", "empty"],
)
def test_a_part_has_exactly_the_length_that_it_must_have(stage: Stage, number: int, data: bytes) -> None:
    stage.begin()

    with pytest.raises(PartMismatch):
        stage.files.put_part("f1", number, data)


def test_a_file_is_not_complete_while_parts_are_missing(stage: Stage) -> None:
    stage.begin()
    stage.files.put_part("f1", 3, part(CONTENT, 3))

    with pytest.raises(PartsMissing):
        stage.files.complete("f1")
    with pytest.raises(BlobGone):
        stage.files.read("f1")
    stage.send()
    assert stage.files.complete("f1").state is FileState.READY


PAGE = b"<!DOCTYPE html><script>alert(1)</script>" + b" " * PART
REFUSED: list[tuple[type[FileRefused], bytes, dict[str, Any]]] = [
    (DigestMismatch, CONTENT, {"sha256": "0" * 64}),
    (TypeRefused, PAGE, {"kind": FileKind("text", frozenset({TEXT, PDF}), PART * 9)}),
    (TypeRefused, b"plain words", {}),
    (TypeRefused, b"\x7fELF" + b"\0" * PART, {}),
]


@pytest.mark.parametrize(("refusal", "content", "changes"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_not_as_announced_or_of_no_allowed_type_is_removed(
    stage: Stage, refusal: type[FileRefused], content: bytes, changes: dict[str, Any]
) -> None:
    stage.begin("f1", content, **changes)
    stage.send("f1", content)

    with pytest.raises(refusal):
        stage.files.complete("f1")

    assert stage.files.find("f1") is None
    assert stage.left() == 0


def test_what_the_scanner_refuses_is_removed(stage: Stage) -> None:
    stage.harmless = False

    with pytest.raises(ScanRefused):
        stage.stored()

    assert stage.left() == 0


def test_a_part_that_arrives_during_the_check_does_not_replace_what_is_checked(stage: Stage) -> None:
    stage.begin()
    stage.send()
    handle = (stage.db["files"].find_one({"_id": "f1"}) or {})["handle"]

    class Sly(list[bytes]):
        """Sends a part of its own as soon as the scanner has seen everything."""

        def append(self, content: bytes) -> None:
            super().append(content)
            with suppress(BlobGone):
                stage.blobs.put("f1", handle, 1, b"x" * PART)

    stage.scanned = Sly()
    stage.files.complete("f1")

    assert stage.scanned == [CONTENT]
    assert stage.content() == CONTENT


# --- reading and removing


@pytest.mark.parametrize("start", [0, 1, PART - 1, PART, PART * 2 + 7, len(CONTENT) - 1])
def test_reading_begins_anywhere(stage: Stage, start: int) -> None:
    stage.stored()

    assert stage.content(start=start) == CONTENT[start:]


def test_a_removed_file_leaves_nothing_and_its_id_may_be_used_again(stage: Stage) -> None:
    stage.stored()
    stage.files.remove("f1")
    stage.files.remove("f1")

    assert stage.left() == 0
    for ask in (stage.files.read, stage.files.complete):
        with pytest.raises(BlobGone):
            ask("f1")
    assert stage.stored().state is FileState.READY


def test_a_removal_that_died_half_way_is_never_readable_and_is_continued(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.stored()

    def dies(key: str, handle: str) -> None:
        raise RuntimeError("killed")

    monkeypatch.setattr(stage.blobs, "remove", dies)
    with pytest.raises(RuntimeError):
        stage.files.remove("f1")
    monkeypatch.undo()

    with pytest.raises(BlobGone):
        stage.files.read("f1")
    stage.jobs.later(seconds=1)
    assert stage.files.abandoned(stage.jobs.now, 10) == ["f1"]
    stage.files.remove("f1")
    assert stage.left() == 0


def test_files_that_were_never_completed_are_removed_by_a_job_and_others_stay(stage: Stage) -> None:
    for number in range(CHUNK + 2):
        stage.begin(f"abandoned-{number}")
        stage.files.put_part(f"abandoned-{number}", 0, part(CONTENT, 0))
    stage.stored("ready")
    stage.jobs.now += KEEP + timedelta(seconds=1)
    stage.begin("under-way")
    kind = RemoveAbandonedFiles(stage.files, stage.jobs.clock).kind()
    stage.jobs.enqueue("j1", kind.name)

    stage.jobs.runner(kind).turn()

    job = stage.jobs.job()
    assert (job.state, job.result) == (State.DONE, Result({"removed": CHUNK + 2}))
    assert {row["_id"] for row in stage.db["files"].find()} == {"ready", "under-way"}
    assert stage.content("ready") == CONTENT


@pytest.mark.parametrize("id", ["", "a/b", "../a", "ă", "x" * 129])
def test_an_id_that_cannot_name_an_object_is_refused(id: str) -> None:
    with pytest.raises(ValueError, match="not a file id"):
        NewFile(id, EVIDENCE, 1, "0" * 64)


# --- in MongoDB


def test_parts_are_found_by_an_index(mongo_server: Any, mongo_db: Database[dict[str, Any]]) -> None:
    ensure(mongo_db, [*store.INDEXES, *mongo_blobs.INDEXES])
    trips = RoundTrips()
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
        mongo_server.uri, tz_aware=True, event_listeners=[trips]
    )
    seen = Stage(client[mongo_db.name], MongoBlobs(client[mongo_db.name], PART), JobStage(mongo_db))
    for number in range(5):
        seen.stored(f"f{number}")
    trips.reset()

    seen.content("f3")
    seen.files.abandoned(seen.jobs.now, 5)
    seen.files.remove("f2")

    stages = trips.stages(seen.db)
    client.close()
    assert len(stages) >= 4
    assert [query for query, plan in stages.items() if "COLLSCAN" in plan] == []


def test_a_file_in_mongodb_has_no_link_of_its_own(mongo_db: Database[dict[str, Any]]) -> None:
    stage = Stage(mongo_db, MongoBlobs(mongo_db, PART), JobStage(mongo_db))
    stage.stored()

    assert stage.files.link("f1", 60) is None


# --- in S3


@pytest.fixture
def in_s3(mongo_db: Database[dict[str, Any]], s3: S3Server) -> Iterator[Stage]:
    jobs = JobStage(mongo_db)
    blobs = s3_blobs(s3, jobs)
    yield Stage(mongo_db, blobs, jobs, s3)
    blobs.close()


def test_a_link_downloads_an_attachment_without_signing_in(in_s3: Stage) -> None:
    in_s3.stored()

    link = in_s3.files.link("f1", 60)

    assert link is not None
    with httpx.Client(trust_env=False) as anybody:
        answer = anybody.get(link)
        assert answer.content == CONTENT
        assert answer.headers["Content-Disposition"] == "attachment"


def test_there_is_no_link_to_what_was_not_checked(in_s3: Stage) -> None:
    in_s3.begin()
    in_s3.send()

    with pytest.raises(BlobGone):
        in_s3.files.link("f1", 60)


@pytest.mark.parametrize(("status", "error"), [(503, Transient), (429, Transient), (403, S3Refused)])
def test_a_failure_says_whether_it_may_pass(
    in_s3: Stage, s3: S3Server, status: int, error: type[Exception]
) -> None:
    in_s3.begin()
    s3.failures = [status]

    with pytest.raises(error):
        in_s3.files.put_part("f1", 0, part(CONTENT, 0))

    in_s3.send()
    assert in_s3.files.complete("f1").state is FileState.READY


def test_a_connection_that_breaks_while_reading_is_never_taken_for_the_end(
    in_s3: Stage, s3: S3Server
) -> None:
    in_s3.stored()
    s3.break_after = 500

    with pytest.raises(Transient):
        in_s3.content()

    assert in_s3.content() == CONTENT


def test_a_server_that_is_down_is_a_failure_that_may_pass(in_s3: Stage) -> None:
    down = S3Blobs("http://127.0.0.1:1", "bucket", Credentials("a", "b"), in_s3.jobs.clock)

    with pytest.raises(Transient):
        down.begin("f1")
    down.close()
