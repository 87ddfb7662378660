"""The place of an event in the life of one initiative, comparable across the two services that emit them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Sequence:
    """`revision` is raised by submission, `step` by review within the revision (decision 0002)."""

    revision: int
    step: int

    def __str__(self) -> str:
        return f"{self.revision:06d}.{self.step:06d}"
