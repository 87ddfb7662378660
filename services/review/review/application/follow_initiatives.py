"""The use cases of consumed events: a batch of what submission told becomes one read and one bulk write of
cases, and the copy of the union tree follows its owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from review.application.ports import Cases, UnitStore
from review.domain.case import Move
from review.domain.intake import Told, newest, receive
from review.domain.rulebook import Rulebook
from union.units import Unit


class ContendedError(Exception):
    """Others kept changing the same cases; the batch has to be tried again."""


ROUNDS = 5


def follow_initiatives(cases: Cases, rules: Rulebook, told: Iterable[Told], traces: Mapping[str, str]) -> int:
    """Open, resume and close cases; the number of cases changed. Events may be repeated and in any order.

    traces: the `traceparent` that goes on with each initiative, by its id.

    Raises NoPolicyError when no pack is in force for a new case, ContendedError.
    """
    by_id: defaultdict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_id[one.initiative.id].append(one)
    due = {case_id: newest(several) for case_id, several in by_id.items()}
    changed = 0
    for _ in range(ROUNDS):
        moves = _moves(cases, rules, due)
        if not moves:
            return changed
        contended = cases.store(moves, traces)
        changed += len(moves) - len(contended)
        if not contended:
            return changed
        # What another wrote meanwhile is read again; what this batch wrote is then known and left alone.
        due = {case_id: due[case_id] for case_id in contended}
    raise ContendedError


def _moves(cases: Cases, rules: Rulebook, due: dict[str, Told]) -> list[Move]:
    known = cases.find_many(due)
    moves = (receive(known.get(case_id), told, rules) for case_id, told in due.items())
    return [move for move in moves if move is not None]


def follow_units(store: UnitStore, units: Sequence[Unit], *, again: bool = False) -> None:
    """Keep the newest version of each unit. again: also where that version is kept already, of which an
    earlier release may have kept less."""
    latest: dict[str, Unit] = {}
    for unit in units:
        if unit.code not in latest or latest[unit.code].version < unit.version:
            latest[unit.code] = unit
    if latest:
        store.keep(list(latest.values()), again=again)
