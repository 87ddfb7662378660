"""What the endpoints work with; bootstrap makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chassis.clock import Clock
from stats.application.ports import FiguresReader, ProjectionStore, Reference
from stats.entrypoints.http.answers import Answers


class ReferenceSource(Protocol):
    def current(self) -> Reference: ...
    def refresh(self) -> None: ...


@dataclass(frozen=True)
class Parts:
    reader: FiguresReader
    store: ProjectionStore
    reference: ReferenceSource
    answers: Answers
    clock: Clock
