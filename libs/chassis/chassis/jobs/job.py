"""What a job is: the values that enqueuers, workers, the HTTP API and operators share. It reads and writes
nothing; neither Kafka nor a web framework is imported from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

# Ids stand in paths of URLs, in logs and in ids of effects; they must name no person.
ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
CODE_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)


class State(StrEnum):
    WAITING = "waiting"  # not begun, or waiting to be tried again
    RUNNING = "running"  # begun; a worker holds it, or it waits for its next turn
    DONE = "done"
    FAILED = "failed"  # `error` says why
    CANCELLED = "cancelled"


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})


@dataclass(frozen=True)
class NewJob:
    """A job to enqueue. Enqueuing the same `id` twice makes one job.

    id: chosen by the enqueuer, unique within the service, see ID_PATTERN. kind: the handler's name. args:
    what the handler needs, plain BSON values without personal data. due: not before then; None means now.
    owner: the member who may follow and cancel it; None leaves it to operators. unit_path: the unit that it
    concerns, root first.
    """

    id: str
    kind: str
    args: Mapping[str, Any] = field(default_factory=dict)
    due: datetime | None = None
    owner: str | None = None
    unit_path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if ID_PATTERN.fullmatch(self.id) is None:
            raise ValueError(f"not a job id: {self.id!r}")
        if not self.kind:
            raise ValueError("a job needs a kind")


@dataclass(frozen=True)
class Progress:
    """done never decreases; total: None while it is unknown; note: a stable code for the current phase."""

    done: int = 0
    total: int | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if self.note is not None and CODE_PATTERN.fullmatch(self.note) is None:
            raise ValueError(f"not a code: {self.note!r}")


@dataclass(frozen=True)
class Result:
    """What a finished job leaves. counts: figures by name; href: where its product is, within this
    service."""

    counts: Mapping[str, int] = field(default_factory=dict)
    href: str | None = None


@dataclass(frozen=True)
class Job:
    """A stored job.

    step: number of steps completed; checkpoint: what the last one left for the next, None before the first.
    attempts: how often the current step was begun. fence: grows whenever the job changes hands. due: when a
    worker may take it next, None once it has ended.
    """

    id: str
    kind: str
    state: State
    args: Mapping[str, Any]
    due: datetime | None
    fence: int
    attempts: int
    step: int
    checkpoint: Mapping[str, Any] | None
    progress: Progress
    owner: str | None
    unit_path: tuple[str, ...]
    cancel_requested: bool
    result: Result | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None
    sort_key: str

    @property
    def step_id(self) -> str:
        """Unique to the step that runs now and the same each time it is repeated: the idempotency key of an
        effect outside of the service's database."""
        return f"{self.id}/{self.step}"

    @property
    def ended(self) -> bool:
        return self.state in ENDED
