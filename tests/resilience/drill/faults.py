"""Tests of the checker: each scenario injects one fault into one process of the platform, provokes its
effect, and returns the checker's findings. `healed` repairs the effect, if an operator could, so that the
next scenario starts with a clean platform.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from tests.resilience.drill.actions import Actions
from tests.resilience.drill.acts import AUTHORS, CAMPAIGN, Author
from tests.resilience.drill.checker import Finding
from tests.resilience.drill.injected.planted import DIE
from tests.resilience.drill.journal import Journal
from tests.resilience.drill.log import write_again
from tests.resilience.drill.plan import Disturbance
from tests.resilience.drill.runner import Inspector, Stage
from tests.resilience.drill.site import Site, SteadyPerson
from tests.support.processes import wait_until

AUTHOR = "canon.member"
GRACE_SECONDS = 90
ALL = 10**6


@dataclass
class FaultStage:
    """A stage on which scenarios run one after the other."""

    stage: Stage
    actions: Actions = field(init=False)
    inspector: Inspector = field(init=False)

    def __post_init__(self) -> None:
        self.actions = Actions(self.stage.platform, self.stage.control, random.Random(0))
        self.inspector = Inspector(self.stage, self.actions)

    def checked(self) -> list[Finding]:
        """The checker's findings once the platform is idle."""
        return [*self.inspector.settle(), *self.inspector.inspect(attempts=2)]

    def restart(self, process: str) -> None:
        self.stage.platform.control.halt(process)
        self.stage.platform.control.launch(process)

    @contextmanager
    def planted(self, process: str, fault: str) -> Iterator[None]:
        """Run the process with the fault within the block, and without it afterwards."""
        self.stage.control.plant(process, fault)
        self.restart(process)
        try:
            yield
        finally:
            self.stage.control.unplant(process)
            self.restart(process)

    @contextmanager
    def author(self) -> Iterator[Author]:
        site = Site(self.stage.platform.control.home.path)
        with (
            Journal(self.stage.journals, "author") as journal,
            SteadyPerson(site, AUTHOR, patience=GRACE_SECONDS) as person,
        ):
            yield Author(person, AUTHORS[AUTHOR], journal, random.Random())

    def submit(self, count: int) -> None:
        with self.author() as author:
            for _ in range(count):
                author.submit()

    def counted(self) -> int:
        """Initiatives that the statistics have counted."""
        with self.author() as author:
            path = f"/api/stats/v1/units/{AUTHORS[AUTHOR]}/progress"
            count: int = author.person.get(path, campaign=CAMPAIGN)["bases"]["submitted"]["count"]
        return count

    def rebuild(self) -> None:
        outcome = self.actions.do(Disturbance(0, "rebuild", "stats"))
        if outcome != "ended with 0":
            raise AssertionError(f"the rebuild {outcome}")


def version_gate_off(stage: FaultStage) -> list[Finding]:
    """Old records are delivered again, and the statistics accept them."""
    stage.submit(3)
    with stage.author() as author:
        wait_until(author.withdraw, "something can be withdrawn", GRACE_SECONDS, every=0.5)
    stage.inspector.settle()
    with stage.planted("stats-worker", "version-gate-off"):
        write_again(stage.stage.platform.kafka_bootstrap, "initiative.submitted", ALL, random.sample)
        findings = stage.checked()
    stage.rebuild()
    return findings


def offset_committed_early(stage: FaultStage) -> list[Finding]:
    """The review's worker is killed between its commit and its effect."""
    with stage.planted("review-worker", "offset-committed-early"):
        stage.inspector.settle()
        die = stage.stage.control.folder / DIE
        die.touch()
        stage.submit(2)
        wait_until(lambda: not die.exists(), "the worker was killed", GRACE_SECONDS)
        findings = stage.checked()
    stage.actions.do(Disturbance(0, "redeliver", "review", amount=ALL))
    return findings


def held_up_rebuild(stage: FaultStage, fault: str) -> tuple[int, list[Finding]]:
    """A rebuild is frozen right before its switch, until its lease has expired by the worker's clock;
    counting continues; then the rebuild wakes up. Returns its exit code and the checker's findings."""
    stage.submit(1)
    stage.inspector.settle()
    control, process = stage.stage.control, "stats-rebuild"
    control.plant(process, fault)
    rebuild = stage.actions.begin_rebuild()
    try:
        wait_until(lambda: _is_stopped(rebuild), "the rebuild is about to switch", GRACE_SECONDS)
        before = stage.counted()
        control.move_clock("stats-worker", 60)
        stage.submit(2)
        wait_until(lambda: stage.counted() == before + 2, "counting went on", GRACE_SECONDS, every=0.3)
        os.kill(rebuild.pid, signal.SIGCONT)
        code = rebuild.wait(GRACE_SECONDS)
    finally:
        control.unplant(process)
        if rebuild.poll() is None:
            rebuild.kill()
            rebuild.wait()
    return code, stage.checked()


def lease_without_fencing(stage: FaultStage) -> list[Finding]:
    """A rebuild whose lease has expired switches to figures that lack what was counted meanwhile."""
    _, findings = held_up_rebuild(stage, "lease-without-fencing")
    stage.rebuild()
    return findings


def outbox_row_dropped(stage: FaultStage) -> list[Finding]:
    """Submissions are acknowledged and never published. Nothing can repair this."""
    with stage.planted("submission-worker", "outbox-row-dropped"):
        stage.submit(2)
        return stage.checked()


def _is_stopped(process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"the rebuild ended with {process.returncode} before its switch")
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


# In an order in which each scenario leaves the platform clean for the next.
SCENARIOS: Mapping[str, Callable[[FaultStage], list[Finding]]] = {
    "version-gate-off": version_gate_off,
    "offset-committed-early": offset_committed_early,
    "lease-without-fencing": lease_without_fencing,
    "outbox-row-dropped": outbox_row_dropped,
}
