"""The life of a group with a clock of its own; what waits is a task."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from embedded.broker.groups.group import Group, GroupLimits, GroupState
from embedded.broker.groups.member import JoinAttempt, Joined, Synced
from embedded.broker.protocol.errors import ErrorCode

LIMITS = GroupLimits(min_session=1, max_session=60, initial_delay=0, max_members=4)
ATTEMPT = JoinAttempt(
    member_id="",
    instance_id=None,
    client_id="client",
    client_host="127.0.0.1",
    session_timeout=10,
    rebalance_timeout=30,
    protocol_type="consumer",
    protocols={"range": b"metadata"},
    must_know_its_id=False,
)
T = TypeVar("T")


async def _soon(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Start it and let it go as far as it gets by itself."""
    task = asyncio.create_task(work)
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def _alone(group: Group, now: float = 0, **changed: Any) -> Joined:
    joined = await group.join(replace(ATTEMPT, **changed), now)
    await group.sync(joined.member_id, None, joined.generation, {joined.member_id: b"all"}, now)
    return joined


async def _pair(group: Group, now: float = 0, **changed: Any) -> tuple[Joined, Joined]:
    """Two members in one stable generation; the first leads."""
    first = await group.join(replace(ATTEMPT, client_id="first", **changed), now)
    joining = await _soon(group.join(replace(ATTEMPT, client_id="second", **changed), now))
    again = await group.join(replace(ATTEMPT, member_id=first.member_id, **changed), now)
    second = await joining
    shares = {again.member_id: b"one", second.member_id: b"two"}
    await group.sync(again.member_id, None, again.generation, shares, now)
    await group.sync(second.member_id, None, second.generation, {}, now)
    return again, second


def _group(**changed: Any) -> Group:
    return Group("group", replace(LIMITS, **changed))


def test_the_first_member_leads_and_gives_itself_everything() -> None:
    async def scenario() -> None:
        group = _group()
        joined = await group.join(ATTEMPT, 0)

        synced = await group.sync(joined.member_id, None, joined.generation, {joined.member_id: b"all"}, 0)

        assert joined.leader == joined.member_id
        assert [member.metadata for member in joined.members] == [b"metadata"]
        assert synced == Synced(ErrorCode.NONE, b"all", "consumer", "range")
        assert group.state is GroupState.STABLE

    asyncio.run(scenario())


def test_a_member_that_must_know_its_id_is_given_one_first() -> None:
    async def scenario() -> None:
        group = _group()
        promised = await group.join(replace(ATTEMPT, must_know_its_id=True), 0)
        assert promised.error is ErrorCode.MEMBER_ID_REQUIRED

        joined = await group.join(replace(ATTEMPT, must_know_its_id=True, member_id=promised.member_id), 1)

        assert (joined.error, joined.member_id) == (ErrorCode.NONE, promised.member_id)
        assert (
            await group.join(replace(ATTEMPT, member_id="made up"), 1)
        ).error is ErrorCode.UNKNOWN_MEMBER_ID

    asyncio.run(scenario())


def test_a_new_group_waits_a_little_for_more_members() -> None:
    async def scenario() -> None:
        group = _group(initial_delay=1)
        first = await _soon(group.join(ATTEMPT, 0))
        second = await _soon(group.join(ATTEMPT, 0.5))
        assert not first.done()

        group.tick(1.0)

        assert (await first).generation == (await second).generation == 1
        assert len((await first).members) == 2

    asyncio.run(scenario())


def test_followers_wait_for_the_leaders_assignment() -> None:
    async def scenario() -> None:
        group = _group(initial_delay=1)
        joins = [await _soon(group.join(ATTEMPT, 0)) for _ in range(2)]
        group.tick(1)
        leader, follower = [await join for join in joins]
        waiting = await _soon(group.sync(follower.member_id, None, 1, {}, 1))
        assert not waiting.done()

        await group.sync(leader.member_id, None, 1, {follower.member_id: b"share"}, 1)

        assert (await waiting).assignment == b"share"

    asyncio.run(scenario())


def test_a_second_member_makes_the_first_join_again() -> None:
    async def scenario() -> None:
        group = _group()
        first = await _alone(group)
        joining = await _soon(group.join(ATTEMPT, 1))
        assert group.heartbeat(first.member_id, None, first.generation, 1) is ErrorCode.REBALANCE_IN_PROGRESS

        again = await group.join(replace(ATTEMPT, member_id=first.member_id), 2)

        assert again.generation == (await joining).generation == 2
        assert group.heartbeat(first.member_id, None, 1, 2) is ErrorCode.ILLEGAL_GENERATION

    asyncio.run(scenario())


def test_a_follower_that_rejoins_unchanged_disturbs_nobody_but_the_leader_does() -> None:
    async def scenario() -> None:
        group = _group()
        leader, follower = await _pair(group)

        quiet = await group.join(replace(ATTEMPT, member_id=follower.member_id), 1)
        assert (quiet.generation, group.state) == (follower.generation, GroupState.STABLE)

        loud = await _soon(group.join(replace(ATTEMPT, member_id=leader.member_id), 1))
        assert group.state is GroupState.PREPARING_REBALANCE
        await group.join(replace(ATTEMPT, member_id=follower.member_id), 1)
        assert (await loud).generation == follower.generation + 1

    asyncio.run(scenario())


def test_a_member_that_is_not_heard_of_is_put_out_and_the_rest_go_on() -> None:
    async def scenario() -> None:
        group = _group()
        first, second = await _pair(group)
        group.heartbeat(second.member_id, None, second.generation, 9)

        group.tick(10.5)

        assert list(group.members) == [second.member_id]
        assert group.heartbeat(first.member_id, None, first.generation, 11) is ErrorCode.UNKNOWN_MEMBER_ID
        again = await group.join(replace(ATTEMPT, member_id=second.member_id), 11)
        assert again.leader == second.member_id

    asyncio.run(scenario())


def test_a_member_that_does_not_rejoin_in_time_is_left_behind() -> None:
    async def scenario() -> None:
        group = _group()
        silent = await _alone(group, session_timeout=60)
        joining = await _soon(group.join(ATTEMPT, 1))

        group.tick(30)
        assert not joining.done()
        group.tick(31.5)

        joined = await joining
        assert joined.leader == joined.member_id
        assert silent.member_id not in group.members

    asyncio.run(scenario())


def test_deadlines_move_when_the_broker_itself_stood_still() -> None:
    async def scenario() -> None:
        group = _group()
        await _alone(group)

        group.postpone(100)
        group.tick(105)
        assert len(group.members) == 1

        group.tick(111)
        assert group.state is GroupState.EMPTY

    asyncio.run(scenario())


def test_a_static_member_that_returns_takes_its_place_without_a_rebalance() -> None:
    async def scenario() -> None:
        group = _group()
        old = await group.join(replace(ATTEMPT, instance_id="one"), 0)
        await group.sync(old.member_id, "one", 1, {old.member_id: b"mine"}, 0)

        new = await group.join(replace(ATTEMPT, instance_id="one"), 1)
        synced = await group.sync(new.member_id, "one", new.generation, {}, 1)

        assert (new.generation, new.leader, new.members) == (1, old.member_id, ())
        assert synced.assignment == b"mine"
        assert group.heartbeat(old.member_id, "one", 1, 1) is ErrorCode.FENCED_INSTANCE_ID
        rejoined = await group.join(replace(ATTEMPT, instance_id="one", member_id=old.member_id), 1)
        assert rejoined.error is ErrorCode.FENCED_INSTANCE_ID

    asyncio.run(scenario())


def test_a_static_member_keeps_its_place_in_a_rebalance_until_its_session_ends() -> None:
    async def scenario() -> None:
        group = _group()
        static = await group.join(replace(ATTEMPT, instance_id="one", session_timeout=50), 0)
        await group.sync(static.member_id, "one", 1, {}, 0)
        joining = await _soon(group.join(ATTEMPT, 1))

        group.tick(32)

        assert {member.member_id for member in (await joining).members} == set(group.members)
        assert len(group.members) == 2

    asyncio.run(scenario())


def test_a_member_that_leaves_frees_its_share_and_an_empty_group_remembers_nothing_of_it() -> None:
    async def scenario() -> None:
        group = _group()
        joined = await _alone(group)

        assert group.leave(joined.member_id, None, 1) is ErrorCode.NONE

        assert group.state is GroupState.EMPTY
        assert group.leave(joined.member_id, None, 1) is ErrorCode.UNKNOWN_MEMBER_ID

    asyncio.run(scenario())


def test_the_protocol_that_most_members_like_best_is_chosen() -> None:
    async def scenario() -> None:
        group = _group(initial_delay=1)
        likes = [("a", "b"), ("b", "a"), ("b", "a", "c")]
        joins = [
            await _soon(group.join(replace(ATTEMPT, protocols={name: b"" for name in names}), 0))
            for names in likes
        ]

        group.tick(1)

        assert {(await join).protocol for join in joins} == {"b"}

    asyncio.run(scenario())


def test_who_shares_no_protocol_or_asks_too_much_is_refused() -> None:
    async def refusal(group: Group, **changed: Any) -> ErrorCode:
        return (await group.join(replace(ATTEMPT, **changed), 0)).error

    async def scenario() -> None:
        group = _group(max_members=1)
        await _alone(group)

        assert await refusal(group, protocols={"other": b""}) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        assert await refusal(group, protocol_type="connect") is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        assert await refusal(group, protocols={}) is ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        assert await refusal(group, session_timeout=0.5) is ErrorCode.INVALID_SESSION_TIMEOUT
        assert await refusal(group, session_timeout=61) is ErrorCode.INVALID_SESSION_TIMEOUT
        assert await refusal(group) is ErrorCode.GROUP_MAX_SIZE_REACHED

    asyncio.run(scenario())


def test_who_waits_for_an_assignment_is_told_when_the_group_starts_over() -> None:
    async def scenario() -> None:
        group = _group(initial_delay=1)
        joins = [await _soon(group.join(ATTEMPT, 0)) for _ in range(2)]
        group.tick(1)
        leader, follower = [await join for join in joins]
        waiting = await _soon(group.sync(follower.member_id, None, 1, {}, 1))

        group.leave(leader.member_id, None, 2)

        assert (await waiting).error is ErrorCode.REBALANCE_IN_PROGRESS

    asyncio.run(scenario())
