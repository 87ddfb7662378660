"""All consumer groups of the broker: finds or creates them, runs their timers, and guards their offsets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

from embedded.broker.groups.group import Group, GroupLimits, GroupState
from embedded.broker.groups.member import JoinAttempt, Joined, Synced
from embedded.broker.groups.offsets import Offsets
from embedded.broker.protocol.errors import ErrorCode

log = logging.getLogger(__name__)

_TICK_SECONDS = 0.05
_STANDSTILL_SECONDS = 1.0


class GroupCoordinator:
    """clock: seconds that only go forward."""

    def __init__(self, offsets: Offsets, limits: GroupLimits, clock: Callable[[], float]) -> None:
        self.offsets = offsets
        self._limits = limits
        self._clock = clock
        self._groups: dict[str, Group] = {}

    def __iter__(self) -> Iterator[Group]:
        """Every group that has members or offsets."""
        for group_id in [*self.offsets.groups(), *self._groups]:
            self._groups.setdefault(group_id, Group(group_id, self._limits))
        return iter(list(self._groups.values()))

    def find(self, group_id: str) -> Group | None:
        if group_id not in self._groups and self.offsets.of(group_id):
            self._groups[group_id] = Group(group_id, self._limits)
        return self._groups.get(group_id)

    async def join(self, group_id: str, attempt: JoinAttempt) -> Joined:
        if not group_id:
            return Joined(ErrorCode.INVALID_GROUP_ID, attempt.member_id)
        group = self.find(group_id)
        if group is None:
            if attempt.member_id:
                return Joined(ErrorCode.UNKNOWN_MEMBER_ID, attempt.member_id)
            group = self._groups[group_id] = Group(group_id, self._limits)
        return await group.join(attempt, self._clock())

    async def sync(
        self,
        group_id: str,
        member_id: str,
        instance_id: str | None,
        generation: int,
        assignments: dict[str, bytes],
    ) -> Synced:
        group = self._groups.get(group_id)
        if group is None:
            return Synced(ErrorCode.UNKNOWN_MEMBER_ID)
        return await group.sync(member_id, instance_id, generation, assignments, self._clock())

    def heartbeat(self, group_id: str, member_id: str, instance_id: str | None, generation: int) -> ErrorCode:
        group = self._groups.get(group_id)
        if group is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        return group.heartbeat(member_id, instance_id, generation, self._clock())

    def leave(self, group_id: str, member_id: str, instance_id: str | None) -> ErrorCode:
        group = self._groups.get(group_id)
        if group is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        return group.leave(member_id, instance_id, self._clock())

    def may_commit(
        self, group_id: str, member_id: str, instance_id: str | None, generation: int
    ) -> ErrorCode:
        """Whether such a member may commit offsets now; a client without a group sends generation -1."""
        if not group_id:
            return ErrorCode.INVALID_GROUP_ID
        group = self._groups.get(group_id)
        if generation < 0 and not member_id:
            return ErrorCode.UNKNOWN_MEMBER_ID if group is not None and group.members else ErrorCode.NONE
        if group is None:
            return ErrorCode.ILLEGAL_GENERATION
        error = group.check(member_id, instance_id, generation, self._clock())
        if error is ErrorCode.NONE and group.state is GroupState.COMPLETING_REBALANCE:
            return ErrorCode.REBALANCE_IN_PROGRESS
        return error

    def delete(self, group_id: str) -> ErrorCode:
        group = self.find(group_id)
        if group is None:
            return ErrorCode.GROUP_ID_NOT_FOUND
        if group.members:
            return ErrorCode.NON_EMPTY_GROUP
        self.offsets.remove_group(group_id)
        del self._groups[group_id]
        return ErrorCode.NONE

    def forget_abandoned(self) -> None:
        """Drop groups that have neither members nor offsets."""
        for group in list(self._groups.values()):
            if group.is_idle and not self.offsets.of(group.id):
                del self._groups[group.id]

    # ---- time

    async def run(self) -> None:
        """Run the timers of all groups until cancelled."""
        expected = self._clock() + _TICK_SECONDS
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = self._clock()
            self.tick(now, late=now - expected)
            expected = now + _TICK_SECONDS

    def tick(self, now: float, late: float = 0.0) -> None:
        """late: by how many seconds this tick is later than planned."""
        for group in list(self._groups.values()):
            if late > _STANDSTILL_SECONDS:
                group.postpone(late)
            if not group.is_idle:
                group.tick(now)
