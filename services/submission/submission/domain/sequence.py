"""The order of what happened to one initiative, comparable between the two services that write its events."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

_TEXT = re.compile(r"([0-9]{6})\.([0-9]{6})", re.ASCII)
_LIMIT = 999_999


@dataclass(frozen=True, order=True)
class Sequence:
    """`revision` is raised here, at each submission, resubmission and withdrawal; `step` by the review
    service within the revision that it works on. Its text orders like the pair."""

    revision: int
    step: int

    def __post_init__(self) -> None:
        if not (0 <= self.revision <= _LIMIT and 0 <= self.step <= _LIMIT):
            raise ValueError(f"a sequence has two parts of at most six digits: {self.revision}.{self.step}")

    def __str__(self) -> str:
        return f"{self.revision:06d}.{self.step:06d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """ValueError for anything but the padded text."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError(f"no sequence: {text!r}")
        return cls(int(match[1]), int(match[2]))

    def next_revision(self) -> Sequence:
        return Sequence(self.revision + 1, 0)


NEVER_SUBMITTED = Sequence(0, 0)
