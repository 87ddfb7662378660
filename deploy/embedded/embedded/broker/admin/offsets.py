"""The first and the last offset of a partition, and offsets by time."""

from __future__ import annotations

from embedded.broker.log.partition import PartitionLog, TimedOffset
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import ErrorCode

READ_COMMITTED = 1
_LATEST = -1
_EARLIEST = -2
_LARGEST_TIME = -3
_NONE = TimedOffset(-1, -1)


class OffsetApis:
    def __init__(self, topics: Topics) -> None:
        self._topics = topics

    def apis(self) -> list[Api]:
        return [Api("ListOffsets", (1, 7), self.list)]

    async def list(self, request: Request, client: Client) -> Fields:
        committed_only = request.version >= 2 and request.isolation_level == READ_COMMITTED
        topics = [
            {
                "name": topic.name,
                "partitions": [
                    self._answer(topic.name, partition.partition_index, partition.timestamp, committed_only)
                    for partition in topic.partitions
                ],
            }
            for topic in request.topics
        ]
        return {"topics": topics}

    def _answer(self, name: str, index: int, timestamp: int, committed_only: bool) -> Fields:
        partition = self._topics.partition(name, index)
        if partition is None:
            found, error = _NONE, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        else:
            found, error = _find(partition, timestamp, committed_only), ErrorCode.NONE
        return {
            "partition_index": index,
            "error_code": error,
            "timestamp": found.timestamp,
            "offset": found.offset,
            "leader_epoch": 0,
        }


def _find(partition: PartitionLog, timestamp: int, committed_only: bool) -> TimedOffset:
    if timestamp == _LATEST:
        end = partition.last_stable_offset if committed_only else partition.next_offset
        return TimedOffset(end, -1)
    if timestamp == _EARLIEST:
        return TimedOffset(partition.start_offset, -1)
    if timestamp == _LARGEST_TIME:
        return partition.latest_time() or _NONE
    return partition.offset_at_time(timestamp) or _NONE
