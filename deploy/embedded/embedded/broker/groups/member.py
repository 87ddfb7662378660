"""One member of a consumer group, and the answers to its join and sync requests."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from embedded.broker.protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class JoinAttempt:
    """A client's join request; times in seconds, protocols by name in the client's order of preference."""

    member_id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout: float
    rebalance_timeout: float
    protocol_type: str
    protocols: dict[str, bytes]
    must_know_its_id: bool


@dataclass(frozen=True, slots=True)
class MemberSubscription:
    member_id: str
    instance_id: str | None
    metadata: bytes


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to a join; `members` is only filled for the leader, which computes the assignment."""

    error: ErrorCode
    member_id: str
    generation: int = -1
    protocol_type: str | None = None
    protocol: str = ""
    leader: str = ""
    members: tuple[MemberSubscription, ...] = ()


@dataclass(frozen=True, slots=True)
class Synced:
    error: ErrorCode
    assignment: bytes = b""
    protocol_type: str | None = None
    protocol: str | None = None


@dataclass(slots=True)
class Member:
    """deadline: when its session expires without a heartbeat, by the group's clock, in seconds."""

    id: str
    instance_id: str | None
    client_id: str
    client_host: str
    session_timeout: float
    rebalance_timeout: float
    protocols: dict[str, bytes]
    deadline: float
    assignment: bytes = b""
    joining: asyncio.Future[Joined] | None = field(default=None, repr=False)
    syncing: asyncio.Future[Synced] | None = field(default=None, repr=False)

    def heard(self, now: float) -> None:
        self.deadline = now + self.session_timeout

    def answer_join(self, joined: Joined) -> None:
        waiting, self.joining = self.joining, None
        if waiting is not None and not waiting.done():
            waiting.set_result(joined)

    def answer_sync(self, synced: Synced) -> None:
        waiting, self.syncing = self.syncing, None
        if waiting is not None and not waiting.done():
            waiting.set_result(synced)
