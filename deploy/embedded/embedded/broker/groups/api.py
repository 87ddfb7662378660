"""Requests about groups and offsets, translated between the protocol's messages and the coordinator."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from embedded.broker.groups.coordinator import GroupCoordinator
from embedded.broker.groups.group import Group, GroupState
from embedded.broker.groups.member import JoinAttempt, Member
from embedded.broker.groups.offsets import CommittedOffset, TopicPartition
from embedded.broker.log.flush import Flusher
from embedded.broker.metadata.topics import Topics
from embedded.broker.protocol.codec import Api, Client, Fields, Request
from embedded.broker.protocol.errors import BrokerError, ErrorCode

_NOTHING_COMMITTED = CommittedOffset(-1, "", -1)
_CONSUMER = "consumer"


class GroupApis:
    def __init__(self, groups: GroupCoordinator, topics: Topics, flusher: Flusher) -> None:
        self._groups = groups
        self._offsets = groups.offsets
        self._topics = topics
        self._flusher = flusher

    def apis(self) -> list[Api]:
        return [
            Api("JoinGroup", (0, 7), self.join),
            Api("SyncGroup", (0, 5), self.sync),
            Api("Heartbeat", (0, 4), self.heartbeat),
            Api("LeaveGroup", (0, 5), self.leave),
            Api("OffsetCommit", (2, 8), self.commit_offsets),
            Api("OffsetFetch", (1, 8), self.fetch_offsets),
            Api("OffsetDelete", (0, 0), self.delete_offsets),
            Api("DescribeGroups", (0, 5), self.describe),
            Api("ListGroups", (0, 4), self.list),
            Api("DeleteGroups", (0, 2), self.delete),
        ]

    # ---- membership

    async def join(self, request: Request, client: Client) -> Fields:
        session = request.session_timeout_ms / 1000
        attempt = JoinAttempt(
            member_id=request.member_id,
            instance_id=request.group_instance_id,
            client_id=client.client_id,
            client_host=client.host,
            session_timeout=session,
            rebalance_timeout=request.rebalance_timeout_ms / 1000 if request.version >= 1 else session,
            protocol_type=request.protocol_type,
            protocols={protocol.name: bytes(protocol.metadata) for protocol in request.protocols},
            must_know_its_id=request.version >= 4,
        )
        joined = await self._groups.join(request.group_id, attempt)
        return {
            "error_code": joined.error,
            "generation_id": joined.generation,
            "protocol_type": joined.protocol_type,
            "protocol_name": joined.protocol,
            "leader": joined.leader,
            "member_id": joined.member_id,
            "members": [
                {
                    "member_id": member.member_id,
                    "group_instance_id": member.instance_id,
                    "metadata": member.metadata,
                }
                for member in joined.members
            ],
        }

    async def sync(self, request: Request, client: Client) -> Fields:
        synced = await self._groups.sync(
            request.group_id,
            request.member_id,
            request.group_instance_id,
            request.generation_id,
            {given.member_id: bytes(given.assignment) for given in request.assignments},
        )
        return {
            "error_code": synced.error,
            "protocol_type": synced.protocol_type,
            "protocol_name": synced.protocol,
            "assignment": synced.assignment,
        }

    async def heartbeat(self, request: Request, client: Client) -> Fields:
        error = self._groups.heartbeat(
            request.group_id, request.member_id, request.group_instance_id, request.generation_id
        )
        return {"error_code": error}

    async def leave(self, request: Request, client: Client) -> Fields:
        if request.version < 3:
            return {"error_code": self._groups.leave(request.group_id, request.member_id, None)}
        members = [
            {
                "member_id": member.member_id,
                "group_instance_id": member.group_instance_id,
                "error_code": self._groups.leave(
                    request.group_id, member.member_id, member.group_instance_id
                ),
            }
            for member in request.members
        ]
        return {"error_code": ErrorCode.NONE, "members": members}

    # ---- offsets

    async def commit_offsets(self, request: Request, client: Client) -> Fields:
        refused = self._groups.may_commit(
            request.group_id,
            request.member_id,
            request.group_instance_id,
            request.generation_id_or_member_epoch,
        )
        topics = [
            {
                "name": topic.name,
                "partitions": [
                    {
                        "partition_index": partition.partition_index,
                        "error_code": refused or self._commit(request.group_id, topic.name, partition),
                    }
                    for partition in topic.partitions
                ],
            }
            for topic in request.topics
        ]
        await self._flusher.settle()
        return {"topics": topics}

    def _commit(self, group_id: str, topic: str, asked: Any) -> ErrorCode:
        if self._topics.partition(topic, asked.partition_index) is None:
            return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        committed = CommittedOffset(
            asked.committed_offset, asked.committed_metadata or "", asked.committed_leader_epoch
        )
        try:
            self._offsets.commit(group_id, (topic, asked.partition_index), committed)
        except BrokerError as error:
            return error.code
        return ErrorCode.NONE

    async def fetch_offsets(self, request: Request, client: Client) -> Fields:
        stable = request.version >= 7 and request.require_stable
        if request.version < 8:
            return {"topics": self._committed(request.group_id, request.topics, stable), "error_code": 0}
        groups = [
            {
                "group_id": group.group_id,
                "topics": self._committed(group.group_id, group.topics, stable),
                "error_code": ErrorCode.NONE,
            }
            for group in request.groups
        ]
        return {"groups": groups}

    def _committed(self, group_id: str, topics: Iterable[Any] | None, stable: bool) -> list[Fields]:
        """The offsets of the given topics, of all if None; if `stable`, without those of open
        transactions."""
        committed = self._offsets.of(group_id)
        asked: dict[str, list[int]] = {}
        if topics is None:
            for name, index in sorted(committed):
                asked.setdefault(name, []).append(index)
        else:
            asked = {topic.name: list(topic.partition_indexes) for topic in topics}
        return [
            {
                "name": name,
                "partitions": [self._committed_offset(group_id, (name, index), stable) for index in indexes],
            }
            for name, indexes in asked.items()
        ]

    def _committed_offset(self, group_id: str, partition: TopicPartition, stable: bool) -> Fields:
        committed = self._offsets.of(group_id).get(partition, _NOTHING_COMMITTED)
        error = ErrorCode.NONE
        if stable and self._offsets.is_unstable(group_id, partition):
            committed, error = _NOTHING_COMMITTED, ErrorCode.UNSTABLE_OFFSET_COMMIT
        return {
            "partition_index": partition[1],
            "committed_offset": committed.offset,
            "committed_leader_epoch": committed.leader_epoch,
            "metadata": committed.metadata,
            "error_code": error,
        }

    async def delete_offsets(self, request: Request, client: Client) -> Fields:
        group = self._groups.find(request.group_id)
        if group is None:
            return {"error_code": ErrorCode.GROUP_ID_NOT_FOUND, "topics": []}
        refused = ErrorCode.NONE
        if group.members:
            is_consumer = group.protocol_type == _CONSUMER
            refused = ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if is_consumer else ErrorCode.NON_EMPTY_GROUP
        topics = []
        for topic in request.topics:
            partitions = []
            for partition in topic.partitions:
                if not refused:
                    self._offsets.remove(group.id, (topic.name, partition.partition_index))
                partitions.append({"partition_index": partition.partition_index, "error_code": refused})
            topics.append({"name": topic.name, "partitions": partitions})
        await self._flusher.settle()
        return {"error_code": ErrorCode.NONE, "topics": topics}

    # ---- administration

    async def list(self, request: Request, client: Client) -> Fields:
        wanted = set(request.states_filter or ()) if request.version >= 4 else set()
        groups = [
            {"group_id": group.id, "protocol_type": group.protocol_type, "group_state": group.state}
            for group in self._groups
            if not wanted or group.state in wanted
        ]
        return {"error_code": ErrorCode.NONE, "groups": groups}

    async def describe(self, request: Request, client: Client) -> Fields:
        return {"groups": [_described(group_id, self._groups.find(group_id)) for group_id in request.groups]}

    async def delete(self, request: Request, client: Client) -> Fields:
        results = [
            {"group_id": group_id, "error_code": self._groups.delete(group_id)}
            for group_id in request.groups_names
        ]
        await self._flusher.settle()
        return {"results": results}


def _described(group_id: str, group: Group | None) -> Fields:
    if group is None:
        return {
            "group_id": group_id,
            "group_state": GroupState.DEAD,
            "error_code": ErrorCode.NONE,
            "members": [],
        }
    return {
        "error_code": ErrorCode.NONE,
        "group_id": group.id,
        "group_state": group.state,
        "protocol_type": group.protocol_type,
        "protocol_data": group.protocol if group.state is GroupState.STABLE else "",
        "members": [_described_member(group, member) for member in group.members.values()],
    }


def _described_member(group: Group, member: Member) -> Fields:
    return {
        "member_id": member.id,
        "group_instance_id": member.instance_id,
        "client_id": member.client_id,
        "client_host": f"/{member.client_host}",
        "member_metadata": member.protocols.get(group.protocol, b""),
        "member_assignment": member.assignment,
    }
