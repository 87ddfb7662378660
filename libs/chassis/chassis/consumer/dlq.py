"""Dead letters: a record that cannot be handled, kept byte for byte with where, why and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DlqLimit:
    """When to stop instead of draining a topic into the dead letters: `run` in a row, or more than `ratio` of
    the last `window` records."""

    run: int = 20
    ratio: float = 0.2
    window: int = 500


class DeadLetters:
    """Sends dead letters of one consumer group to `<group>.dlq`."""

    def __init__(self, producer: Any, group: str) -> None:
        raise NotImplementedError
