"""Transaction requests of producers, translated between the protocol's messages and the coordinator."""

from __future__ import annotations

from typing import Any

from embedded.broker.groups.coordinator import GroupCoordinator
from embedded.broker.groups.offsets import CommittedOffset
from embedded.broker.log.flush import Flusher
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import BrokerError, ErrorCode
from embedded.broker.transactions.coordinator import ProducerIdentity, TransactionCoordinator


class TransactionApis:
    def __init__(
        self, transactions: TransactionCoordinator, groups: GroupCoordinator, topics: Topics, flusher: Flusher
    ) -> None:
        self._transactions = transactions
        self._groups = groups
        self._topics = topics
        self._flusher = flusher

    def apis(self) -> list[Api]:
        return [
            Api("InitProducerId", (0, 4), self.identify),
            Api("AddPartitionsToTxn", (0, 3), self.add_partitions),
            Api("AddOffsetsToTxn", (0, 3), self.add_group),
            Api("TxnOffsetCommit", (0, 3), self.add_offsets),
            Api("EndTxn", (0, 3), self.end),
        ]

    async def identify(self, request: Request, client: Client) -> Fields:
        present = None
        if request.version >= 3 and request.producer_id >= 0:
            present = ProducerIdentity(request.producer_id, request.producer_epoch)
        try:
            identity = self._transactions.identify(
                request.transactional_id, request.transaction_timeout_ms, present
            )
        except BrokerError as error:
            code = _told(error.code, request.version, fenced_from=4)
            return {"error_code": code, "producer_id": -1, "producer_epoch": -1}
        await self._flusher.settle()
        return {
            "error_code": ErrorCode.NONE,
            "producer_id": identity.producer_id,
            "producer_epoch": identity.epoch,
        }

    async def add_partitions(self, request: Request, client: Client) -> Fields:
        asked = {(topic.name, index) for topic in request.v3_and_below_topics for index in topic.partitions}
        unknown = {partition for partition in asked if self._topics.partition(*partition) is None}
        error = ErrorCode.OPERATION_NOT_ATTEMPTED if unknown else ErrorCode.NONE
        if not unknown:
            try:
                self._transactions.add_partitions(
                    request.v3_and_below_transactional_id,
                    ProducerIdentity(request.v3_and_below_producer_id, request.v3_and_below_producer_epoch),
                    asked,
                )
            except BrokerError as refused:
                error = _told(refused.code, request.version, fenced_from=2)
        await self._flusher.settle()
        results = [
            {
                "name": topic.name,
                "results_by_partition": [
                    {
                        "partition_index": index,
                        "partition_error_code": (
                            ErrorCode.UNKNOWN_TOPIC_OR_PARTITION if (topic.name, index) in unknown else error
                        ),
                    }
                    for index in topic.partitions
                ],
            }
            for topic in request.v3_and_below_topics
        ]
        return {"results_by_topic_v3_and_below": results}

    async def add_group(self, request: Request, client: Client) -> Fields:
        try:
            self._transactions.add_group(request.transactional_id, _identity(request), request.group_id)
        except BrokerError as error:
            return {"error_code": _told(error.code, request.version, fenced_from=2)}
        await self._flusher.settle()
        return {"error_code": ErrorCode.NONE}

    async def add_offsets(self, request: Request, client: Client) -> Fields:
        offsets = {
            (topic.name, partition.partition_index): CommittedOffset(
                partition.committed_offset,
                partition.committed_metadata or "",
                partition.committed_leader_epoch,
            )
            for topic in request.topics
            for partition in topic.partitions
        }
        error = ErrorCode.NONE
        if request.version >= 3 and (request.generation_id >= 0 or request.member_id):
            error = self._groups.may_commit(
                request.group_id, request.member_id, request.group_instance_id, request.generation_id
            )
        if not error:
            try:
                self._transactions.add_offsets(
                    request.transactional_id, _identity(request), request.group_id, offsets
                )
            except BrokerError as refused:
                error = _told(refused.code, request.version, fenced_from=4)
        await self._flusher.settle()
        topics = [
            {
                "name": topic.name,
                "partitions": [
                    {"partition_index": partition.partition_index, "error_code": error}
                    for partition in topic.partitions
                ],
            }
            for topic in request.topics
        ]
        return {"topics": topics}

    async def end(self, request: Request, client: Client) -> Fields:
        try:
            self._transactions.end(request.transactional_id, _identity(request), request.committed)
        except BrokerError as error:
            return {"error_code": _told(error.code, request.version, fenced_from=2)}
        await self._flusher.settle()
        return {"error_code": ErrorCode.NONE}


def _identity(request: Any) -> ProducerIdentity:
    return ProducerIdentity(request.producer_id, request.producer_epoch)


def _told(code: ErrorCode, version: int, fenced_from: int) -> ErrorCode:
    """Older versions of a request know no PRODUCER_FENCED."""
    if code is ErrorCode.PRODUCER_FENCED and version < fenced_from:
        return ErrorCode.INVALID_PRODUCER_EPOCH
    return code
