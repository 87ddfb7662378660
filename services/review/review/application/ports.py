"""What the use cases need of the outside, as protocols; the adapters fulfil them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from review.domain.case import Case, Move
from review.domain.workflow import State
from union.units import Unit

Answers = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class KeptCase:
    """A case with the answers that its last requests got."""

    case: Case
    answers: Answers


@dataclass(frozen=True)
class Page:
    """A page of cases and the key after which the next one starts, None on the last page."""

    cases: tuple[Case, ...]
    next_after: str | None


class Cases(Protocol):
    """The store of the aggregate. A move's case and its events are written together or not at all."""

    def find(self, case_id: str) -> KeptCase | None: ...

    def find_many(self, case_ids: Iterable[str]) -> Mapping[str, Case]: ...

    def replace(self, move: Move, answers: Answers) -> bool:
        """Write the outcome of a decision; False when the case is no longer the one that was decided on."""
        ...

    def store(self, moves: Sequence[Move], traces: Mapping[str, str]) -> frozenset[str]:
        """Write many at once; the ids of those whose case may have been changed by another meanwhile.

        traces: the `traceparent` of what caused a move, by the case's id.
        """
        ...

    def queue(self, keys: Sequence[str], after: str | None, limit: int) -> Page:
        """Cases that wait under one of the keys (see application.queues), the most urgent first."""
        ...

    def listed(
        self,
        unit: str,
        state: State,
        after: str | None,
        limit: int,
        *,
        within: frozenset[str] | None = None,
    ) -> Page:
        """Cases in this state of the unit's subtree as frozen at submission, the latest opened first; fewer
        than `limit` only on the last page.

        within: only those whose frozen path has one of these units too.
        """
        ...


class Units(Protocol):
    """The copy of the union tree."""

    def find(self, code: str) -> Unit | None: ...


class UnitStore(Protocol):
    """Where the copy of the union tree is kept."""

    def keep(self, units: Sequence[Unit], *, again: bool = False) -> None:
        """Keep each unit unless this or a newer version of it is kept already; again: unless a newer one
        is."""
        ...
