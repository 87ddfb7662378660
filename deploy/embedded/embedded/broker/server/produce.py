"""Produce: validates and appends batches, and answers when they may be acknowledged."""

from __future__ import annotations

import logging

from embedded.broker.log.batch import BatchHeader, split
from embedded.broker.log.flush import Flusher
from embedded.broker.log.partition import PartitionLog
from embedded.broker.log.records import UnreadableBatchError, records
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from embedded.broker.server.quotas import Quotas, throttle_ms
from embedded.broker.transactions.coordinator import ProducerIdentity, TransactionCoordinator

log = logging.getLogger(__name__)

_NO_ANSWER, _LEADER, _ALL = 0, 1, -1


class ProduceApi:
    def __init__(
        self, topics: Topics, transactions: TransactionCoordinator, flusher: Flusher, quotas: Quotas
    ) -> None:
        self._topics = topics
        self._transactions = transactions
        self._flusher = flusher
        self._quotas = quotas

    def apis(self) -> list[Api]:
        return [Api("Produce", (3, 9), self.produce)]

    async def produce(self, request: Request, client: Client) -> Fields | None:
        size = 0
        responses = []
        for topic in request.topic_data:
            answers = []
            for partition in topic.partition_data:
                given = partition.records or b""
                size += len(given)
                answers.append(self._answer(request, topic.name, partition.index, given))
            responses.append({"name": topic.name, "partition_responses": answers})
        pause = self._quotas.produced(client, size)
        await self._flusher.settle()
        if request.acks == _NO_ANSWER:
            return None
        return {"responses": responses, "throttle_time_ms": throttle_ms(pause)}

    def _answer(self, request: Request, topic: str, index: int, given: bytes) -> Fields:
        answer: Fields = {
            "index": index,
            "error_code": ErrorCode.NONE,
            "base_offset": -1,
            "log_append_time_ms": -1,
            "log_start_offset": -1,
            "record_errors": [],
            "error_message": None,
        }
        try:
            if request.acks not in (_NO_ANSWER, _LEADER, _ALL):
                raise BrokerError(ErrorCode.INVALID_REQUIRED_ACKS, "acks must be 0, 1 or -1")
            partition = self._topics.partition(topic, index)
            if partition is None:
                raise BrokerError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, f"there is no {topic}-{index}")
            answer["base_offset"] = self._append(partition, (topic, index), given, request.transactional_id)
            answer["log_start_offset"] = partition.start_offset
            if partition.settings.append_time:
                answer["log_append_time_ms"] = partition.active.largest_time
        except BrokerError as error:
            answer["error_code"], answer["error_message"] = error.code, error.message
        return answer

    def _append(
        self, partition: PartitionLog, place: tuple[str, int], given: bytes, transactional_id: str | None
    ) -> int:
        batches = list(split(given, partition.settings.max_message_bytes))
        if not batches:
            raise BrokerError(ErrorCode.INVALID_RECORD, "the request holds no batch")
        for header, data in batches:
            if header.is_transactional:
                identity = ProducerIdentity(header.producer_id, header.producer_epoch)
                self._transactions.check_write(transactional_id, identity, place)
            if partition.settings.compact:
                _require_keys(header, data)
        offsets = [partition.append(header, data) for header, data in batches]
        return offsets[0]


def _require_keys(header: BatchHeader, data: memoryview) -> None:
    """A compacted topic keeps the last record of each key, so every record needs one."""
    try:
        keyless = any(record.key is None for record in records(header, data))
    except UnreadableBatchError:
        return  # compressed with a codec that this machine lacks; compaction keeps such a batch unchanged
    if keyless:
        raise BrokerError(
            ErrorCode.INVALID_RECORD, "a compacted topic does not accept a record without a key"
        )
