"""Fetch: reads records, and lets a client wait until there are enough of them (long polling)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from embedded.broker.admin.offsets import READ_COMMITTED
from embedded.broker.log.batch import read_header
from embedded.broker.log.partition import PartitionLog
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import ErrorCode
from embedded.broker.server.quotas import Quotas, throttle_ms


@dataclass(slots=True)
class _Round:
    """One attempt to fill a response. room: record bytes that may still be added."""

    room: int
    size: int = 0
    has_error: bool = False
    responses: list[Fields] = field(default_factory=list)
    partitions: list[PartitionLog] = field(default_factory=list)


class FetchApi:
    """max_bytes: record bytes of one response, whatever the client asks. clock: seconds."""

    def __init__(self, topics: Topics, quotas: Quotas, max_bytes: int, clock: Callable[[], float]) -> None:
        self._topics = topics
        self._quotas = quotas
        self._max_bytes = max_bytes
        self._clock = clock

    def apis(self) -> list[Api]:
        return [Api("Fetch", (4, 11), self.fetch)]

    async def fetch(self, request: Request, client: Client) -> Fields:
        deadline = self._clock() + request.max_wait_ms / 1000
        while True:
            tried = self._try(request)
            left = deadline - self._clock()
            if tried.has_error or tried.size >= request.min_bytes or left <= 0:
                break
            await _wait_for_more(tried.partitions, left)
        pause = self._quotas.fetched(client, tried.size)
        return {
            "throttle_time_ms": throttle_ms(pause),
            "error_code": ErrorCode.NONE,
            "session_id": 0,  # no fetch sessions: each request names its partitions
            "responses": tried.responses,
        }

    def _try(self, request: Request) -> _Round:
        tried = _Round(room=min(request.max_bytes, self._max_bytes))
        committed_only = request.isolation_level == READ_COMMITTED
        for topic in request.topics:
            partitions = [
                self._partition(tried, topic.topic, asked.partition, asked, committed_only)
                for asked in topic.partitions
            ]
            tried.responses.append({"topic": topic.topic, "partitions": partitions})
        return tried

    def _partition(
        self, tried: _Round, topic: str, index: int, asked: Request, committed_only: bool
    ) -> Fields:
        partition = self._topics.partition(topic, index)
        if partition is None:
            tried.has_error = True
            return _nothing(index, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        tried.partitions.append(partition)
        offset = asked.fetch_offset
        answer = {
            **_nothing(index, ErrorCode.NONE),
            "high_watermark": partition.next_offset,
            "last_stable_offset": partition.last_stable_offset,
            "log_start_offset": partition.start_offset,
        }
        if not partition.start_offset <= offset <= partition.next_offset:
            tried.has_error = True
            return {**answer, "error_code": ErrorCode.OFFSET_OUT_OF_RANGE}
        upper = partition.last_stable_offset if committed_only else partition.next_offset
        if offset < upper and tried.room > 0:
            data = partition.read(offset, min(asked.partition_max_bytes, tried.room), upper)
            tried.room -= len(data)
            tried.size += len(data)
            answer["records"] = data
        if committed_only:
            answer["aborted_transactions"] = _aborted(partition, offset, answer["records"])
        return answer


async def _wait_for_more(partitions: list[PartitionLog], seconds: float) -> None:
    """Return when one of the partitions changes, or at the timeout."""
    changed = asyncio.Event()
    for partition in partitions:
        partition.watch(changed)
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return
    finally:
        for partition in partitions:
            partition.unwatch(changed)


def _nothing(index: int, error: ErrorCode) -> Fields:
    return {
        "partition_index": index,
        "error_code": error,
        "high_watermark": -1,
        "last_stable_offset": -1,
        "log_start_offset": -1,
        "aborted_transactions": None,
        "preferred_read_replica": -1,
        "records": b"",
    }


def _aborted(partition: PartitionLog, offset: int, data: bytes) -> list[Fields]:
    """The aborted transactions that a reader of committed records must skip in these batches."""
    end, position = offset, 0
    while position < len(data):
        header = read_header(data, position)
        end = header.last_offset + 1
        position += header.size
    return [
        {"producer_id": aborted.producer_id, "first_offset": aborted.first_offset}
        for aborted in partition.producers.aborted_in(offset, end)
    ]
