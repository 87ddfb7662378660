"""Histories of initiatives as the statistics may receive them: valid snapshots from both producers, for unit,
integration and load tests.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from stats.domain.snapshots import Basis, Snapshot

FIRST_DAY = date(2022, 5, 25)
TOLD_AT = datetime(2022, 5, 25, 3, tzinfo=UTC)
TYPES = ("ky_thuat", "quan_ly", "tac_nghiep")
BLOCKS = ("enterprise", "school", None)

# A small tree: two federations with two units each, one of them with one more level.
PATHS = (
    ("TLD", "LD-A", "A-1"),
    ("TLD", "LD-A", "A-2"),
    ("TLD", "LD-B", "B-1"),
    ("TLD", "LD-B", "B-1", "B-11"),
)
CAMPAIGNS = (("phase-1",), ("phase-1", "peak"), ("peak",))


def sequence(revision: int, step: int) -> str:
    return f"{revision:06d}.{step:06d}"


def submitted(
    initiative: str = "i-1",
    *,
    path: Sequence[str] = PATHS[0],
    campaigns: Sequence[str] = ("phase-1",),
    day: date = FIRST_DAY,
    benefit: int = 0,
    authors: int = 1,
    solution_type: str = "ky_thuat",
    block: str | None = "enterprise",
) -> Snapshot:
    """The first snapshot of an initiative."""
    return Snapshot(
        initiative=initiative,
        sequence=sequence(1, 0),
        unit_path=tuple(path),
        campaigns=tuple(campaigns),
        solution_type=solution_type,
        block=block,
        submitted_on=day,
        ending=None,
        ended_on=None,
        benefit=benefit,
        authors=authors,
        at=TOLD_AT,
    )


def ended(snapshot: Snapshot, ending: Basis, day: date, revision: int = 1, step: int = 2) -> Snapshot:
    return replace(snapshot, sequence=sequence(revision, step), ending=ending, ended_on=day)


def approved(snapshot: Snapshot, day: date = FIRST_DAY) -> Snapshot:
    return ended(snapshot, Basis.APPROVED, day)


def rejected(snapshot: Snapshot, day: date = FIRST_DAY) -> Snapshot:
    return ended(snapshot, Basis.REJECTED, day)


def withdrawn(snapshot: Snapshot, day: date = FIRST_DAY, revision: int = 2) -> Snapshot:
    return ended(snapshot, Basis.WITHDRAWN, day, revision, 0)


@dataclass
class _History:
    """Grows the snapshots of one initiative as submission and review would publish them."""

    pick: random.Random
    snapshots: list[Snapshot]
    day: date
    revision: int = 1
    step: int = 0

    def later(self) -> date:
        self.day += timedelta(days=self.pick.choice((0, 0, 1, 3, 10)))
        return self.day

    def review(self, ending: Basis | None = None) -> None:
        self.step += self.pick.choice((1, 2))
        last = replace(self.snapshots[-1], sequence=sequence(self.revision, self.step))
        if ending is not None:
            last = replace(last, ending=ending, ended_on=self.later())
        self.snapshots.append(last)

    def resubmit(self) -> None:
        self.revision, self.step = self.revision + 1, 0
        changed = replace(
            self.snapshots[-1],
            sequence=sequence(self.revision, 0),
            benefit=self.pick.choice((0, 5_000_000, 14_000_000)),
            authors=self.pick.randint(1, 4),
        )
        self.snapshots.append(changed)

    def withdraw(self, overtakes: bool) -> None:
        """Withdraw at submission, which may not know review's decision in the previous revision."""
        base = self.snapshots[0] if overtakes else self.snapshots[-1]
        self.snapshots.append(withdrawn(base, self.later(), self.revision + 1))


def history(pick: random.Random, initiative: str) -> list[Snapshot]:
    """All snapshots of one initiative in the order of their sequence; the last one counts."""
    first = submitted(
        initiative,
        path=pick.choice(PATHS),
        campaigns=pick.choice(CAMPAIGNS),
        day=FIRST_DAY + timedelta(days=pick.randint(0, 12)),
        benefit=pick.choice((0, 0, 1_000_000, 970_000)),
        authors=pick.randint(1, 3),
        solution_type=pick.choice(TYPES),
        block=pick.choice(BLOCKS),
    )
    story = _History(pick, [first], first.submitted_on)
    for _ in range(pick.randint(0, 2)):
        story.review()
        if pick.random() < 0.4:
            story.resubmit()
    if pick.random() < 0.6:
        story.review(pick.choice((Basis.APPROVED, Basis.REJECTED)))
        if pick.random() < 0.3:
            story.withdraw(overtakes=True)
    elif pick.random() < 0.4:
        story.withdraw(overtakes=False)
    return story.snapshots


def histories(pick: random.Random, initiatives: int) -> list[list[Snapshot]]:
    return [history(pick, f"i-{number}") for number in range(initiatives)]


def newest(stories: Sequence[Sequence[Snapshot]]) -> list[Snapshot]:
    return [story[-1] for story in stories]


def delivered(pick: random.Random, stories: Sequence[Sequence[Snapshot]]) -> list[list[Snapshot]]:
    """All events of the histories at least once, some more often, in any order, split into batches."""
    events = [snapshot for story in stories for snapshot in story]
    events += pick.choices(events, k=len(events) // 3)
    pick.shuffle(events)
    batches: list[list[Snapshot]] = []
    while events:
        size = pick.randint(1, len(events))
        batches.append(events[:size])
        events = events[size:]
    return batches


# A whole run of random choices that hypothesis can shrink and repeat.
choices = st.randoms(use_true_random=False)
