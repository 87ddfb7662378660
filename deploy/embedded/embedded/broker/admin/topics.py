"""Creates, grows and deletes topics, and deletes records from their start."""

from __future__ import annotations

from typing import Any

from embedded.broker.groups.offsets import Offsets
from embedded.broker.log.flush import Flusher
from embedded.broker.metadata.configs import check_config
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import BrokerError, ErrorCode

_BROKER_DEFAULT = -1
_REPLICAS = 1


class TopicApis:
    def __init__(self, topics: Topics, offsets: Offsets, flusher: Flusher, default_partitions: int) -> None:
        self._topics = topics
        self._offsets = offsets
        self._flusher = flusher
        self._default_partitions = default_partitions

    def apis(self) -> list[Api]:
        return [
            Api("CreateTopics", (2, 6), self.create),
            Api("DeleteTopics", (1, 5), self.delete),
            Api("CreatePartitions", (0, 3), self.grow),
            Api("DeleteRecords", (0, 2), self.delete_records),
        ]

    async def create(self, request: Request, client: Client) -> Fields:
        results = [self._create(topic, request.validate_only) for topic in request.topics]
        await self._flusher.settle()
        return {"topics": results}

    def _create(self, asked: Any, validate_only: bool) -> Fields:
        try:
            count = self._partition_count(asked)
            self._topics.check_new(asked.name, count)
            configs = {config.name: check_config(config.name, config.value) for config in asked.configs}
            if not validate_only:
                self._topics.create(asked.name, count, configs)
        except BrokerError as error:
            return {
                "name": asked.name,
                "error_code": error.code,
                "error_message": error.message,
                "num_partitions": -1,
                "replication_factor": -1,
                "configs": [],
            }
        return {
            "name": asked.name,
            "error_code": ErrorCode.NONE,
            "error_message": None,
            "num_partitions": count,
            "replication_factor": _REPLICAS,
            "configs": [],
        }

    def _partition_count(self, asked: Any) -> int:
        if asked.assignments:
            if any(list(assignment.broker_ids) != [1] for assignment in asked.assignments):
                raise BrokerError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "the only broker is 1")
            return len(asked.assignments)
        if asked.replication_factor not in (_BROKER_DEFAULT, _REPLICAS):
            raise BrokerError(
                ErrorCode.INVALID_REPLICATION_FACTOR, "Replication factor must be 1: this is the only broker."
            )
        if asked.num_partitions == _BROKER_DEFAULT:
            return self._default_partitions
        return int(asked.num_partitions)

    async def delete(self, request: Request, client: Client) -> Fields:
        responses = [self._delete(name) for name in request.topic_names]
        await self._flusher.settle()
        return {"responses": responses}

    def _delete(self, name: str) -> Fields:
        topic = self._topics.get(name)
        if topic is None:
            message = f"there is no topic {name}"
            return {
                "name": name,
                "error_code": ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
                "error_message": message,
            }
        self._topics.delete(topic)
        self._offsets.remove_topic(name)
        return {"name": name, "error_code": ErrorCode.NONE, "error_message": None}

    async def grow(self, request: Request, client: Client) -> Fields:
        results = []
        for asked in request.topics:
            error, message = ErrorCode.NONE, None
            try:
                self._grow(asked, request.validate_only)
            except BrokerError as refused:
                error, message = refused.code, refused.message
            results.append({"name": asked.name, "error_code": error, "error_message": message})
        await self._flusher.settle()
        return {"results": results}

    def _grow(self, asked: Any, validate_only: bool) -> None:
        topic = self._topics.get(asked.name)
        if topic is None:
            raise BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no topic {asked.name}")
        self._topics.check_partition_count(topic, asked.count)
        if not validate_only:
            self._topics.add_partitions(topic, asked.count)

    async def delete_records(self, request: Request, client: Client) -> Fields:
        topics = [
            {
                "name": topic.name,
                "partitions": [
                    self._delete_records(topic.name, partition.partition_index, partition.offset)
                    for partition in topic.partitions
                ],
            }
            for topic in request.topics
        ]
        await self._flusher.settle()
        return {"topics": topics}

    def _delete_records(self, name: str, index: int, before: int) -> Fields:
        try:
            start = self._topics.delete_records(name, index, before)
        except BrokerError as error:
            return {"partition_index": index, "low_watermark": -1, "error_code": error.code}
        return {"partition_index": index, "low_watermark": start, "error_code": ErrorCode.NONE}
