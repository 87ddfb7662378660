"""The state machine of one consumer group: members join, a leader assigns, silent members are removed.

The states and answers are those of Kafka's classic group protocol, which serves eager and cooperative
consumers. Time is an argument; pending answers are futures. It never touches offsets or the disk.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from embedded.broker.groups.member import JoinAttempt, Joined, Member, MemberSubscription, Synced
from embedded.broker.protocol.errors import ErrorCode

log = logging.getLogger(__name__)


class GroupState(StrEnum):
    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


@dataclass(frozen=True, slots=True)
class GroupLimits:
    """Seconds, and the number of members of one group."""

    min_session: float
    max_session: float
    initial_delay: float
    max_members: int


class Group:
    def __init__(self, group_id: str, limits: GroupLimits) -> None:
        self.id = group_id
        self.state = GroupState.EMPTY
        self.generation = 0
        self.protocol_type = ""
        self.protocol = ""
        self.leader: str | None = None
        self.members: dict[str, Member] = {}
        self._limits = limits
        self._instances: dict[str, str] = {}  # static members: instance id -> member id
        self._promised: dict[str, float] = {}  # issued member ids and the time by which they must join
        self._join_deadline = 0.0
        self._not_before = 0.0

    # ---- joining

    async def join(self, attempt: JoinAttempt, now: float) -> Joined:
        """Join the group; returns when the next generation is formed."""
        member_or_answer = self._admit(attempt, now)
        if isinstance(member_or_answer, Joined):
            return member_or_answer
        member = member_or_answer
        member.answer_join(
            Joined(ErrorCode.REBALANCE_IN_PROGRESS, member.id)
        )  # an earlier attempt of the same member
        waiting: asyncio.Future[Joined] = asyncio.get_running_loop().create_future()
        member.joining = waiting
        self._prepare_rebalance(now)
        self._complete_join_if_ready(now)
        return await waiting

    def _admit(self, attempt: JoinAttempt, now: float) -> Member | Joined:
        """The member that must now wait for the next generation, or an immediate answer."""
        error = self._refusal(attempt)
        if error is not ErrorCode.NONE:
            return Joined(error, attempt.member_id)
        if attempt.instance_id is not None:
            return self._admit_static(attempt, attempt.instance_id, now)
        if not attempt.member_id:
            member_id = f"{attempt.client_id}-{uuid.uuid4()}"
            if attempt.must_know_its_id:
                self._promised[member_id] = now + attempt.session_timeout
                return Joined(ErrorCode.MEMBER_ID_REQUIRED, member_id)
            return self._add(member_id, attempt, now)
        if attempt.member_id in self.members:
            return self._rejoin(self.members[attempt.member_id], attempt, now)
        if self._promised.pop(attempt.member_id, None) is None:
            return Joined(ErrorCode.UNKNOWN_MEMBER_ID, attempt.member_id)
        return self._add(attempt.member_id, attempt, now)

    def _refusal(self, attempt: JoinAttempt) -> ErrorCode:
        if not self._limits.min_session <= attempt.session_timeout <= self._limits.max_session:
            return ErrorCode.INVALID_SESSION_TIMEOUT
        others = [member for member in self.members.values() if member.id != attempt.member_id]
        if attempt.instance_id is not None:
            others = [member for member in others if member.instance_id != attempt.instance_id]
        if not attempt.protocols or not attempt.protocol_type:
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if others and attempt.protocol_type != self.protocol_type:
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        if others and not set(attempt.protocols).intersection(*(member.protocols for member in others)):
            return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
        is_new = attempt.member_id not in self.members and len(others) == len(self.members)
        if is_new and len(self.members) + len(self._promised) >= self._limits.max_members:
            return ErrorCode.GROUP_MAX_SIZE_REACHED
        return ErrorCode.NONE

    def _admit_static(self, attempt: JoinAttempt, instance_id: str, now: float) -> Member | Joined:
        known = self._instances.get(instance_id)
        if attempt.member_id:
            if known is None:
                return Joined(ErrorCode.UNKNOWN_MEMBER_ID, attempt.member_id)
            if known != attempt.member_id:
                return Joined(ErrorCode.FENCED_INSTANCE_ID, attempt.member_id)
            return self._rejoin(self.members[known], attempt, now)
        member_id = f"{instance_id}-{uuid.uuid4()}"
        if known is None:
            return self._add(member_id, attempt, now)
        return self._replace_static(self.members[known], member_id, attempt, now)

    def _replace_static(
        self, old: Member, member_id: str, attempt: JoinAttempt, now: float
    ) -> Member | Joined:
        """A static member rejoined as a new process: it takes over the membership, and the old one is
        fenced."""
        old_leader = self.leader or ""
        self._answer_both(old, ErrorCode.FENCED_INSTANCE_ID)
        del self.members[old.id]
        member = self._add(member_id, attempt, now)
        member.assignment = old.assignment
        if self.leader == old.id:
            self.leader = member_id
        if self.state is GroupState.STABLE and self._choose_protocol() == self.protocol:
            # No rebalance. The old leader's id makes the new process a follower, so it requests its old
            # assignment.
            return Joined(
                ErrorCode.NONE, member_id, self.generation, self.protocol_type, self.protocol, old_leader
            )
        return member

    def _add(self, member_id: str, attempt: JoinAttempt, now: float) -> Member:
        self.protocol_type = attempt.protocol_type
        member = Member(
            member_id,
            attempt.instance_id,
            attempt.client_id,
            attempt.client_host,
            attempt.session_timeout,
            attempt.rebalance_timeout,
            dict(attempt.protocols),
            now + attempt.session_timeout,
        )
        self.members[member_id] = member
        if attempt.instance_id is not None:
            self._instances[attempt.instance_id] = member_id
        return member

    def _rejoin(self, member: Member, attempt: JoinAttempt, now: float) -> Member | Joined:
        changed = member.protocols != attempt.protocols
        member.protocols = dict(attempt.protocols)
        member.session_timeout = attempt.session_timeout
        member.rebalance_timeout = attempt.rebalance_timeout
        member.heard(now)
        follows_quietly = self.state is GroupState.STABLE and member.id != self.leader and not changed
        lost_the_answer = self.state is GroupState.COMPLETING_REBALANCE and not changed
        return self._joined(member) if follows_quietly or lost_the_answer else member

    def _joined(self, member: Member) -> Joined:
        members: tuple[MemberSubscription, ...] = ()
        if member.id == self.leader:
            members = tuple(
                MemberSubscription(other.id, other.instance_id, other.protocols[self.protocol])
                for other in self.members.values()
            )
        return Joined(
            ErrorCode.NONE,
            member.id,
            self.generation,
            self.protocol_type,
            self.protocol,
            self.leader or "",
            members,
        )

    # ---- rebalancing

    def _prepare_rebalance(self, now: float) -> None:
        if self.state is GroupState.PREPARING_REBALANCE:
            return
        # The first member waits a little, so that members that start with it join the first generation.
        self._not_before = now + self._limits.initial_delay if self.state is GroupState.EMPTY else now
        self.state = GroupState.PREPARING_REBALANCE
        self._join_deadline = now + max(member.rebalance_timeout for member in self.members.values())
        for member in self.members.values():
            member.answer_sync(Synced(ErrorCode.REBALANCE_IN_PROGRESS))

    def _complete_join_if_ready(self, now: float) -> None:
        if self.state is not GroupState.PREPARING_REBALANCE or now < self._not_before:
            return
        missing = [member for member in self.members.values() if member.joining is None]
        if missing and now < self._join_deadline:
            return
        for member in missing:
            if member.instance_id is None:  # a static one stays a member until its session ends
                self._forget(member)
        if not self.members:
            self._become_empty()
        elif any(member.joining is not None for member in self.members.values()):
            self._form_generation(now)

    def _form_generation(self, now: float) -> None:
        self.generation += 1
        self.protocol = self._choose_protocol()
        leader = self.members.get(self.leader or "")
        if leader is None or leader.joining is None:
            self.leader = next(member.id for member in self.members.values() if member.joining is not None)
        self.state = GroupState.COMPLETING_REBALANCE
        for member in list(self.members.values()):
            if member.joining is not None:
                member.heard(now)
                member.answer_join(self._joined(member))
        fields = {"group": self.id, "generation": self.generation, "members": len(self.members)}
        log.info("group formed a generation", extra=fields)

    def _choose_protocol(self) -> str:
        """The protocol that most members prefer among those that all support."""
        common = set.intersection(*(set(member.protocols) for member in self.members.values()))
        votes = Counter(
            next(name for name in member.protocols if name in common) for member in self.members.values()
        )
        return votes.most_common(1)[0][0]

    def _become_empty(self) -> None:
        self.state = GroupState.EMPTY
        self.generation += 1
        self.leader = None

    # ---- requests of members

    def check(self, member_id: str, instance_id: str | None, generation: int, now: float) -> ErrorCode:
        """Validate member id and generation; if they are valid, the session is extended."""
        if instance_id is not None:
            current = self._instances.get(instance_id)
            if current is not None and current != member_id:
                return ErrorCode.FENCED_INSTANCE_ID
        member = self.members.get(member_id)
        if member is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        if generation != self.generation:
            return ErrorCode.ILLEGAL_GENERATION
        member.heard(now)
        return ErrorCode.NONE

    async def sync(
        self,
        member_id: str,
        instance_id: str | None,
        generation: int,
        assignments: dict[str, bytes],
        now: float,
    ) -> Synced:
        """The member's assignment; the leader sends all assignments. Returns when the leader has sent
        them."""
        error = self.check(member_id, instance_id, generation, now)
        if error is not ErrorCode.NONE:
            return Synced(error)
        member = self.members[member_id]
        if self.state is GroupState.PREPARING_REBALANCE:
            return Synced(ErrorCode.REBALANCE_IN_PROGRESS)
        if self.state is GroupState.COMPLETING_REBALANCE:
            if member_id != self.leader:
                member.answer_sync(Synced(ErrorCode.REBALANCE_IN_PROGRESS))
                waiting: asyncio.Future[Synced] = asyncio.get_running_loop().create_future()
                member.syncing = waiting
                return await waiting
            self._assign(assignments)
        return self._synced(member)

    def _assign(self, assignments: dict[str, bytes]) -> None:
        self.state = GroupState.STABLE
        for member in self.members.values():
            member.assignment = assignments.get(member.id, b"")
            member.answer_sync(self._synced(member))

    def _synced(self, member: Member) -> Synced:
        return Synced(ErrorCode.NONE, member.assignment, self.protocol_type, self.protocol)

    def heartbeat(self, member_id: str, instance_id: str | None, generation: int, now: float) -> ErrorCode:
        error = self.check(member_id, instance_id, generation, now)
        if error is ErrorCode.NONE and self.state is GroupState.PREPARING_REBALANCE:
            return ErrorCode.REBALANCE_IN_PROGRESS
        return error

    def leave(self, member_id: str, instance_id: str | None, now: float) -> ErrorCode:
        """A member leaves; an administrator can name a static one by its instance id alone."""
        if instance_id is not None:
            current = self._instances.get(instance_id)
            if current is None:
                return ErrorCode.UNKNOWN_MEMBER_ID
            if member_id and member_id != current:
                return ErrorCode.FENCED_INSTANCE_ID
            member_id = current
        if self._promised.pop(member_id, None) is not None:
            return ErrorCode.NONE
        member = self.members.get(member_id)
        if member is None:
            return ErrorCode.UNKNOWN_MEMBER_ID
        self._remove(member, now)
        return ErrorCode.NONE

    # ---- time

    @property
    def is_idle(self) -> bool:
        """Whether no timer is running."""
        return not self.members and not self._promised

    def tick(self, now: float) -> None:
        """Remove members whose session has expired, and form the generation that is due."""
        self._promised = {
            member_id: deadline for member_id, deadline in self._promised.items() if deadline > now
        }
        for member in list(self.members.values()):
            if member.joining is None and member.deadline <= now:
                log.info("member's session expired", extra={"group": self.id, "member": member.id})
                self._remove(member, now)
        self._complete_join_if_ready(now)

    def postpone(self, seconds: float) -> None:
        """Postpone all deadlines, because the broker itself was stopped and could not receive heartbeats."""
        self._join_deadline += seconds
        self._promised = {member_id: deadline + seconds for member_id, deadline in self._promised.items()}
        for member in self.members.values():
            member.deadline += seconds

    def _remove(self, member: Member, now: float) -> None:
        self._forget(member)
        if self.members:
            self._prepare_rebalance(now)
            self._complete_join_if_ready(now)
        else:
            self._become_empty()

    def _forget(self, member: Member) -> None:
        self.members.pop(member.id, None)
        if member.instance_id is not None and self._instances.get(member.instance_id) == member.id:
            del self._instances[member.instance_id]
        if self.leader == member.id:
            self.leader = None
        self._answer_both(member, ErrorCode.UNKNOWN_MEMBER_ID)

    def _answer_both(self, member: Member, error: ErrorCode) -> None:
        member.answer_join(Joined(error, member.id))
        member.answer_sync(Synced(error))
