"""What the use cases need from outside, as protocols; the adapters fulfil them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from chassis.events.codec import PendingEvent
from chassis.web.idempotency import StoredAnswer
from submission.domain.campaigns import Campaign
from submission.domain.initiative import Initiative, Milestones, Progress
from submission.domain.sequence import Sequence as EventSequence
from submission.domain.states import State
from union.units import Unit, UnitFacts

# A whole number n with 0 <= n < the argument, not to be guessed.
Draw = Callable[[int], int]


class IdTaken(Exception):
    """There is an initiative with that id already."""


class CodeTaken(Exception):
    """There is an initiative with that human code already: draw again."""


@dataclass(frozen=True)
class Stored:
    """An initiative with the answers that its requests got."""

    initiative: Initiative
    requests: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Listed:
    """One row of a list; `position` orders the list. unit_path: as frozen, empty for a draft."""

    id: str
    position: str
    version: int
    state: str
    title: str | None
    unit: str
    unit_path: tuple[str, ...]
    campaign: str | None
    code: str | None
    level: int
    levels: int
    created_at: datetime
    submitted_at: datetime | None


@dataclass(frozen=True)
class Published:
    """What the public sees of an approved initiative whose authors agreed to it. Benefits in VND."""

    code: str
    title: str
    unit: str
    field: str
    solution_type: str
    campaign: str
    approved_at: datetime
    benefit_declared: int | None
    benefit_verified: int | None
    author_count: int


@dataclass(frozen=True)
class PublishedPage:
    """after: the position from which the next page goes on, None when there is none."""

    rows: Sequence[Published]
    after: str | None


@dataclass(frozen=True)
class ReviewChange:
    """What the review service says about an initiative, as of `sequence`. passed: what of it this code does
    not know and passes on."""

    initiative_id: str
    sequence: EventSequence
    state: State
    progress: Progress
    milestones: Milestones
    passed: Mapping[str, object] = field(default_factory=dict)


class Initiatives(Protocol):
    """Every write is one atomic operation and carries its events and the answer to its request."""

    def add(self, initiative: Initiative, answer: StoredAnswer, events: Sequence[PendingEvent] = ()) -> None:
        """Raises IdTaken or CodeTaken."""

    def submit_draft(
        self, submitted: Initiative, answer: StoredAnswer, events: Sequence[PendingEvent]
    ) -> bool:
        """Turn the stored draft into `submitted` without having read it: only if the draft has the version
        before, the same owner and the same `on_behalf_of`; else False. `created_at` stays. Raises
        CodeTaken."""

    def replace(
        self, changed: Initiative, answer: StoredAnswer | None, events: Sequence[PendingEvent] = ()
    ) -> bool:
        """Write `changed` over the version before it; False if that is not the stored one. Raises
        CodeTaken."""

    def delete_draft(self, id: str, version: int) -> bool:
        """False if there is no draft of that version."""

    def count_drafts(self, subject: str, most: int) -> int:
        """Open drafts that this person made, counted up to `most`."""

    def find(self, id: str) -> Stored | None: ...

    def find_by_code(self, code: str) -> Initiative | None: ...

    def of_owner(self, subject: str, state: State | None, before: str | None, limit: int) -> list[Listed]:
        """The newest first, from the position `before` on."""

    def of_unit(
        self,
        unit: str,
        state: State | None,
        before: str | None,
        limit: int,
        *,
        within: frozenset[str] | None = None,
    ) -> list[Listed]:
        """Those submitted in the subtree of a unit, the newest first; fewer than `limit` only at the end.

        within: only those whose frozen path has one of these units too.
        """

    def follow(self, changes: Iterable[ReviewChange]) -> int:
        """Apply each change that is newer than what is stored; how many were."""


class Showcase(Protocol):
    def publish(self, ids: Sequence[str]) -> int:
        """Enter those of these that are approved and may be published; how many. Repeatable."""

    def page(self, text: str, unit: str | None, before: str | None, limit: int) -> PublishedPage:
        """Those with all words of `text`, and with `unit` those of its subtree; the newest first."""


class Reference(Protocol):
    """Units and campaigns in memory; `chassis.problems.Problem` unavailable until they were loaded once."""

    def unit(self, code: str) -> Unit | None: ...
    def units(
        self, text: str = "", parent: str | None = None, after: tuple[str, ...] | None = None
    ) -> Iterator[Unit]:
        """Those that have a word for each of `text`, and with `parent` those right below it, in the order of
        `union.names.position` from `after` on."""

    def campaign(self, id: str) -> Campaign | None: ...
    def campaigns(self) -> Sequence[Campaign]: ...
    def keep_unit(self, unit: Unit) -> None:
        """Know this process's own change at once."""

    def keep_campaign(self, campaign: Campaign) -> None: ...


class UnitStore(Protocol):
    def find(self, code: str) -> Unit | None: ...
    def root(self) -> str | None: ...
    def children(self, code: str) -> Sequence[Unit]:
        """Those right below, ended ones included."""

    def look_alikes(self, code: str, facts: UnitFacts) -> Sequence[Unit]:
        """Other units, anywhere in the tree, that share a key of `known_as`."""

    def save(self, unit: Unit, event: PendingEvent) -> bool:
        """False if the stored version is not the one before, or the unit to create exists."""


class TreeLock(Protocol):
    def held(self) -> AbstractContextManager[Callable[[], None]]:
        """Within it no other process or thread changes the tree; Problem `unavailable` when it is not got in
        time. What it gives is called right before the write and raises the same when the lock was lost."""
        ...


class CampaignStore(Protocol):
    def find(self, id: str) -> Campaign | None: ...
    def save(self, campaign: Campaign, event: PendingEvent) -> bool:
        """False if the stored version is not the one before, or the campaign to create exists."""


class Announcements(Protocol):
    """Makes the events of the contract; chassis' ContractViolation when one would break it."""

    def submitted(self, initiative: Initiative, *, resubmission: bool, now: datetime) -> PendingEvent: ...
    def withdrawn(self, initiative: Initiative, *, now: datetime) -> PendingEvent: ...
    def unit_changed(self, unit: Unit, *, now: datetime) -> PendingEvent: ...
    def campaign_changed(self, campaign: Campaign, *, now: datetime) -> PendingEvent: ...
