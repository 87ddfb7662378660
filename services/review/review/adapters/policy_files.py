"""Reads policy packs from files: the packaged ones, or those of a folder that the operator names. A pack that
is not sound is refused at start, never at a decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from review.application.permissions import DECIDING_ROLES
from review.domain.policy import Ladder, LevelRule, PolicyPack, PolicyShelf, RejectReason

PACKAGED = Path(__file__).parent.parent / "policies"


class PolicyFileError(Exception):
    """A policy file is not usable; the message names the file and the fault."""


def load_policies(folder: Path = PACKAGED) -> PolicyShelf:
    """Every pack of the folder's *.json files. Raises PolicyFileError."""
    packs = [_load(path) for path in sorted(folder.glob("*.json"))]
    if not packs:
        raise PolicyFileError(f"{folder} holds no policy pack (*.json)")
    keys = [(pack.id, pack.version) for pack in packs]
    if len(set(keys)) != len(keys):
        raise PolicyFileError(f"{folder}: two packs have the same id and version")
    return PolicyShelf(packs)


def _load(path: Path) -> PolicyPack:
    try:
        pack = _pack(json.loads(path.read_bytes()))
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyFileError(f"{path.name}: {error!r}") from error
    faults = list(_faults(pack))
    if faults:
        raise PolicyFileError(f"{path.name}: {'; '.join(faults)}")
    return pack


def _pack(data: Mapping[str, Any]) -> PolicyPack:
    return PolicyPack(
        id=data["id"],
        version=data["version"],
        programme=data["programme"],
        unit=data["unit"],
        valid_from=date.fromisoformat(data["valid_from"]),
        valid_to=date.fromisoformat(data["valid_to"]) if data["valid_to"] else None,
        ladders=tuple(
            Ladder(ladder["path_at_least"], tuple(LevelRule(**level) for level in ladder["levels"]))
            for ladder in data["ladders"]
        ),
        after_revision_at_least=data["after_revision_at_least_working_days"],
        reject_reasons=tuple(RejectReason(**reason) for reason in data["reject_reasons"]),
        several_levels_by_one_person=_flag(data, "several_levels_by_one_person"),
    )


def _flag(data: Mapping[str, Any], name: str) -> bool:
    """False when the pack does not name it: packs of earlier releases do not."""
    value = data.get(name, False)
    if not isinstance(value, bool):
        raise TypeError(f"{name} is neither true nor false")
    return value


def _faults(pack: PolicyPack) -> Iterable[str]:
    if not any(ladder.path_at_least == 1 for ladder in pack.ladders):
        yield "needs a ladder with path_at_least 1, for units without a parent"
    if not pack.reject_reasons:
        yield "needs at least one of reject_reasons"
    for ladder in pack.ladders:
        if not ladder.levels:
            yield "has a ladder without levels"
        for level in ladder.levels:
            if level.role not in DECIDING_ROLES:
                yield f"asks for the role {level.role}, known are {', '.join(DECIDING_ROLES)}"
            if not 0 <= level.above < ladder.path_at_least:
                yield f"goes {level.above} units up in paths of {ladder.path_at_least}"
            if level.due_working_days < 1:
                yield "has a deadline of less than one working day"
