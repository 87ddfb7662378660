from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from kafka import OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.protocol.consumer import (
    HeartbeatRequest,
    JoinGroupRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)

from tests.support.kafka_clients import GroupMember, KafkaClients, drain, unique
from tests.support.processes import wait_until

ILLEGAL_GENERATION = 22
UNKNOWN_MEMBER_ID = 25
FENCED_INSTANCE_ID = 82
NONE = 0


def _share(*members: GroupMember, of: int) -> bool:
    """Whether the members have all partitions among them, each one some, none twice."""
    assigned = [partition for member in members for partition in member.assigned]
    return sorted(assigned) == list(range(of)) and all(member.assigned for member in members)


def test_a_group_goes_on_where_it_committed(clients: KafkaClients) -> None:
    topic, group = clients.topic("resume"), unique("group")
    clients.send(topic, *(b"%d" % number for number in range(10)))
    partition = TopicPartition(topic, 0)
    first = clients.consumer(topic, group_id=group, max_poll_records=4)
    assert len(drain(first, 4)) == 4
    first.commit({partition: OffsetAndMetadata(4, "where I was", -1)})
    first.close()

    second = clients.consumer(topic, group_id=group)

    assert [int(record.value) for record in drain(second, 6)] == [4, 5, 6, 7, 8, 9]
    assert second.committed(partition) == 4


def test_members_share_the_partitions_and_take_over_from_one_that_leaves(clients: KafkaClients) -> None:
    topic, group = clients.topic("shared", partitions=4), unique("group")
    first = clients.member(topic, group)
    wait_until(lambda: _share(first, of=4), "the first has all")

    second = clients.member(topic, group)
    wait_until(lambda: _share(first, second, of=4), "two share")
    clients.send(topic, *(b"%d" % number for number in range(50)))
    first.stop()
    wait_until(lambda: _share(second, of=4), "the second has all")
    clients.send(topic, *(b"%d" % number for number in range(50, 100)))

    expected = {b"%d" % number for number in range(100)}
    wait_until(lambda: set(first.values) | set(second.values) == expected, "every record was read")
    assert not first.errors
    assert not second.errors


def test_a_cooperative_rebalance_takes_only_what_moves(clients: KafkaClients) -> None:
    topic, group = clients.topic("cooperative", partitions=4), unique("group")
    cooperative = {"partition_assignment_strategy": [CooperativeStickyAssignor]}
    first = clients.member(topic, group, **cooperative)
    wait_until(lambda: _share(first, of=4), "the first has all")

    second = clients.member(topic, group, **cooperative)

    wait_until(lambda: _share(first, second, of=4), "two share")
    assert len(first.assigned) == 2
    assert sum(len(revoked) for revoked in first.revocations) == 2
    assert not second.revocations


def test_a_static_member_that_comes_back_keeps_its_partitions_without_a_rebalance(
    clients: KafkaClients,
) -> None:
    topic, group = clients.topic("static", partitions=4), unique("group")
    settings = {"session_timeout_ms": 15000}
    other = clients.member(topic, group, group_instance_id="one", **settings)
    first = clients.member(topic, group, group_instance_id="two", **settings)
    wait_until(lambda: _share(other, first, of=4), "two share")
    kept, others = set(first.assigned), set(other.assigned)
    revocations = len(other.revocations)
    first.stop()

    again = clients.member(topic, group, group_instance_id="two", **settings)

    wait_until(lambda: again.assigned == kept, "it has its partitions again")
    assert other.assigned == others
    assert len(other.revocations) == revocations


Started = Callable[[str, str], "subprocess.Popen[str]"]

_SILENT_CONSUMER = """
import logging, sys
from kafka import KafkaConsumer
bootstrap, topic, group = sys.argv[1:]
consumer = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id=group,
                         session_timeout_ms=2000, heartbeat_interval_ms=300)
while not consumer.assignment():
    consumer.poll(timeout_ms=1000)
print("assigned", flush=True)
while True:
    consumer.poll(timeout_ms=1000)
"""


@pytest.fixture
def start_consumer(clients: KafkaClients, tmp_path: Path) -> Iterator[Started]:
    """Starts a consumer as a process of its own, with a session of 2 s, and waits until it has partitions."""
    script = tmp_path / "consumer.py"
    script.write_text(_SILENT_CONSUMER)
    started: list[subprocess.Popen[str]] = []

    def start(topic: str, group: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "ignore", str(script), clients.bootstrap, topic, group]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "assigned\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("silenced_by", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_the_partitions_of_a_member_that_falls_silent_go_to_another(
    clients: KafkaClients, start_consumer: Started, silenced_by: signal.Signals
) -> None:
    topic, group = clients.topic("silent", partitions=2), unique("group")
    start_consumer(topic, group).send_signal(silenced_by)

    member = clients.member(topic, group)

    wait_until(lambda: _share(member, of=2), "its session ended and its partitions moved", seconds=15)


def _joined(
    clients: KafkaClients, group: str, member_id: str = "", instance: str | None = None
) -> tuple[str, int]:
    """Join a group alone, by single requests; returns the member's id and the generation."""
    wire = clients.wire()

    def join(member_id: str) -> JoinGroupRequest:
        protocol = JoinGroupRequest.JoinGroupRequestProtocol(name="range", metadata=b"", version=5)
        return wire.ask(
            JoinGroupRequest(
                group_id=group,
                session_timeout_ms=10000,
                rebalance_timeout_ms=10000,
                member_id=member_id,
                group_instance_id=instance,
                protocol_type="consumer",
                protocols=[protocol],
            ),
            5,
        )

    answer = join(member_id)
    if answer.member_id and answer.generation_id < 0:
        answer = join(answer.member_id)
    assert answer.error_code == NONE
    given = SyncGroupRequest.SyncGroupRequestAssignment(member_id=answer.member_id, assignment=b"", version=3)
    wire.ask(
        SyncGroupRequest(
            group_id=group,
            generation_id=answer.generation_id,
            member_id=answer.member_id,
            group_instance_id=instance,
            assignments=[given] if answer.leader == answer.member_id else [],
        ),
        3,
    )
    return answer.member_id, answer.generation_id


def _commit(
    clients: KafkaClients, topic: str, group: str, member_id: str, generation: int, offset: int
) -> int:
    partition = OffsetCommitRequest.OffsetCommitRequestTopic.OffsetCommitRequestPartition(
        partition_index=0,
        committed_offset=offset,
        committed_leader_epoch=-1,
        committed_metadata="",
        version=7,
    )
    committed = OffsetCommitRequest.OffsetCommitRequestTopic(name=topic, partitions=[partition], version=7)
    answer = clients.wire().ask(
        OffsetCommitRequest(
            group_id=group,
            generation_id_or_member_epoch=generation,
            member_id=member_id,
            group_instance_id=None,
            topics=[committed],
        ),
        7,
    )
    error: int = answer.topics[0].partitions[0].error_code
    return error


def test_a_commit_of_an_old_generation_or_a_stranger_is_refused(clients: KafkaClients) -> None:
    topic, group = clients.topic("fenced"), unique("group")
    member_id, generation = _joined(clients, group)

    assert _commit(clients, topic, group, member_id, generation, 5) == NONE
    assert _commit(clients, topic, group, member_id, generation - 1, 6) == ILLEGAL_GENERATION
    assert _commit(clients, topic, group, "a-stranger", generation, 7) == UNKNOWN_MEMBER_ID
    assert _commit(clients, topic, group, "", -1, 8) == UNKNOWN_MEMBER_ID

    offsets = clients.admin.list_group_offsets({group: None})[group]
    assert offsets[TopicPartition(topic, 0)].offset == 5


def test_the_old_process_of_a_static_member_is_fenced_when_a_new_one_takes_its_place(
    clients: KafkaClients,
) -> None:
    group = unique("group")
    old_id, generation = _joined(clients, group, instance="the-one")
    new_id, _ = _joined(clients, group, instance="the-one")

    answer = clients.wire().ask(
        HeartbeatRequest(
            group_id=group, generation_id=generation, member_id=old_id, group_instance_id="the-one"
        ),
        3,
    )

    assert new_id != old_id
    assert answer.error_code == FENCED_INSTANCE_ID


def test_a_client_outside_any_group_may_commit_while_the_group_is_empty(clients: KafkaClients) -> None:
    topic, group = clients.topic("outside"), unique("group")

    assert _commit(clients, topic, group, "", -1, 3) == NONE

    offsets = clients.admin.list_group_offsets({group: None})[group]
    assert offsets[TopicPartition(topic, 0)].offset == 3


def test_a_group_is_listed_described_reset_and_deleted(clients: KafkaClients) -> None:
    topic, group = clients.topic("described", partitions=2), unique("group")
    clients.send(topic, b"0", b"1", partition=0)
    member = clients.member(topic, group, client_id="worker-7")
    wait_until(lambda: _share(member, of=2) and len(member.values) == 2, "the member has read")

    described = clients.admin.describe_groups([group])[group]
    assert described["group_state"] == "Stable"
    assert [found["client_id"] for found in described["members"]] == ["worker-7"]
    assert any(listed["group_id"] == group for listed in clients.admin.list_groups())
    assert clients.admin.delete_groups([group]) == {group: "NonEmptyGroupError"}

    member.stop()
    wait_until(lambda: clients.admin.describe_groups([group])[group]["group_state"] == "Empty", "it is empty")
    partition = TopicPartition(topic, 0)
    clients.admin.alter_group_offsets(group, {partition: OffsetAndMetadata(1, "", -1)})
    assert clients.admin.list_group_offsets({group: None})[group][partition].offset == 1
    assert clients.admin.delete_groups([group]) == {group: "OK"}
    assert not any(listed["group_id"] == group for listed in clients.admin.list_groups())
    assert clients.admin.delete_groups([group]) == {group: "GroupIdNotFoundError"}
