"""Finds and stops processes that an earlier start of the same home left behind, for example after kill -9
of the supervisor. It must never stop a process that it cannot prove to be ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psutil

from sangkienctl.home import HOME_VARIABLE, Home

PROCESS_VARIABLE = "SANGKIEN_PROCESS"
PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Orphan:
    """A process of this home without a supervisor."""

    process: psutil.Process
    name: str


def find_orphans(home: Home) -> list[Orphan]:
    """Processes whose environment shows that they were started for this home.

    A recorded pid alone proves nothing, because the system reuses pids, and the record misses processes that
    the supervisor restarted later. The two variables in the environment of the process itself survive exec
    (Apache Kafka becomes java) and are inherited by workers of a dead parent.
    """
    return list(_marked(home))


def _marked(home: Home) -> Iterator[Orphan]:
    for process in psutil.process_iter():
        try:
            environment = process.environ()
        except (psutil.Error, OSError):
            continue  # it has ended, or is a kernel thread or another user's: not ours
        name = environment.get(PROCESS_VARIABLE)
        if name is not None and environment.get(HOME_VARIABLE) == str(home.path):
            yield Orphan(process, name)


def end_orphans(orphans: list[Orphan]) -> None:
    """SIGTERM to all, SIGKILL to those still alive after PATIENCE_SECONDS. psutil checks the start time, so a
    reused pid is safe."""
    for orphan in orphans:
        try:
            orphan.process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs([orphan.process for orphan in orphans], timeout=PATIENCE_SECONDS)
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(alive, timeout=PATIENCE_SECONDS)
