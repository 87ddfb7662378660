"""One drill: rounds of load and disturbances on one platform, each followed by a check from outside."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sangkienctl.databases import EngineChoice
from sangkienctl.home import PlatformError
from sangkienctl.seed import seed_programme
from tests.resilience.drill import journal as j
from tests.resilience.drill.actions import Actions
from tests.resilience.drill.checker import NO_MAIL, Finding, Matter, check
from tests.resilience.drill.clients import Fleet, Role
from tests.resilience.drill.control import Control, controlled
from tests.resilience.drill.evidence import write_findings, write_stacks
from tests.resilience.drill.mails import MAIL_SECONDS
from tests.resilience.drill.observed import Observer
from tests.resilience.drill.plan import KAFKA, Disturbance, Profile, draw
from tests.resilience.drill.quiet import wait_quiet
from tests.support.platform import RunningPlatform, running_platform

QUIET_SECONDS = 180.0
# Data that are read may be some seconds old (copies within a process); a finding counts if it persists.
ATTEMPTS, BETWEEN_ATTEMPTS_SECONDS = 4, 4.0
# Every so many rounds everything is read again, not only what may have changed.
THOROUGH_EVERY = 5


@dataclass(frozen=True)
class Stage:
    """A platform with the sample programme, and the control of its processes."""

    platform: RunningPlatform
    control: Control
    folder: Path

    @property
    def journals(self) -> Path:
        return self.folder / "journals"


@contextmanager
def drill_stage(folder: Path, kafka: str, engine: str = EngineChoice.AUTO) -> Iterator[Stage]:
    """All files of a drill are in `folder`: the platform's home, journals, control files."""
    running = running_platform(folder / "home", kafka, engine)
    with controlled(folder / "control") as control, running as platform:
        stage = Stage(platform, control, folder)
        stage.journals.mkdir(exist_ok=True)
        seed_programme(platform.control)
        yield stage


@dataclass(frozen=True)
class Round:
    """The result of a round. done: each disturbance with its outcome; acts: journal lines by act."""

    number: int
    done: Sequence[tuple[Disturbance, str]]
    acts: Counter[str]
    seconds: float
    quiet_after: float
    findings: Sequence[Finding]


@dataclass
class Drill:
    """Rounds on one stage. seed: of all random choices; crew: the clients of each round."""

    stage: Stage
    seed: str
    profile: Profile
    crew: Sequence[Role]
    _actions: Actions = field(init=False)
    _inspector: Inspector = field(init=False)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        self._actions = Actions(self.stage.platform, self.stage.control, rng)
        self._inspector = Inspector(self.stage, self._actions)

    def round(self, number: int, *, thorough: bool = False) -> Round:
        """Disturb and check; findings are also written to the folder of the evidence."""
        began = time.monotonic()
        before = len(j.read(self.stage.journals))
        names = self.stage.platform.process_names
        brokers = [name for name in names if name.split("-")[0] == KAFKA]
        planned = draw(self.seed, number, self.profile, brokers)
        logs = self.stage.platform.control.home.logs
        home = self.stage.platform.control.home.path
        with Fleet(home, self.stage.journals, logs, f"{self.seed}:{number}", self.crew) as fleet:
            done = self._disturb(planned)
            time.sleep(max(0.0, began + self.profile.seconds - time.monotonic()))
            faults = fleet.finish()
        stopped = time.monotonic()
        findings = [Finding("client", "", fault) for fault in faults]
        findings += self._inspector.settle()
        quiet = time.monotonic()
        findings += self._inspector.inspect(
            thorough=thorough or number % THOROUGH_EVERY == 0, all_mail=thorough
        )
        acts = Counter(line.act for line in j.read(self.stage.journals)[before:])
        result = Round(number, done, acts, time.monotonic() - began, quiet - stopped, findings)
        if findings:
            notes = [f"{disturbance}: {outcome}" for disturbance, outcome in done]
            write_findings(self.stage.folder, number, findings, notes)
        return result

    def _disturb(self, planned: Sequence[Disturbance]) -> list[tuple[Disturbance, str]]:
        """Carry out all, each at its time and in its own thread; return when the last has finished."""
        began = time.monotonic()
        outcomes: dict[int, str] = {}

        def do(number: int, disturbance: Disturbance) -> None:
            time.sleep(max(0.0, began + disturbance.at - time.monotonic()))
            outcomes[number] = "broke off"
            outcomes[number] = self._actions.do(disturbance)

        threads = [threading.Thread(target=do, args=numbered) for numbered in enumerate(planned)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [(disturbance, outcomes[number]) for number, disturbance in enumerate(planned)]


@dataclass
class Inspector:
    """Waits until a stage is idle, and checks it."""

    stage: Stage
    actions: Actions
    _observer: Observer = field(init=False)

    def __post_init__(self) -> None:
        self._observer = Observer(self.stage.platform)

    def settle(self, seconds: float = QUIET_SECONDS) -> list[Finding]:
        """Restore the platform and wait until it is idle; remaining activity is a finding."""
        try:
            self.actions.recover()
            busy = wait_quiet(self.stage.platform, seconds)
        except PlatformError as error:
            busy = [str(error)]
        if busy:
            write_stacks(self.stage.folder / f"stacks-{time.strftime('%H%M%S')}", self.stage.platform)
        return [Finding("no rest", "", what) for what in busy]

    def inspect(
        self, *, thorough: bool = False, all_mail: bool = False, attempts: int = ATTEMPTS
    ) -> list[Finding]:
        """Compare the state seen from outside with all acknowledged requests; return findings that persist.

        all_mail: also wait until every mail is delivered.
        """
        lines = j.read(self.stage.journals)
        owners = {str(line.id): line.who for line in lines if line.act in j.AUTHOR_ACTS}
        targets = {str(line.id) for line in lines if line.act == j.TARGET}
        began, attempt = time.monotonic(), 0
        while True:
            # A finding only counts if a thorough observation confirms it.
            full = thorough if attempt == 0 else attempt == attempts - 1
            seen = self._observer.observe(owners, targets, thorough=full)
            findings = check(Matter(lines, seen, self.actions.poison, all_mail))
            attempt += 1
            waits_for_mail = {finding.rule for finding in findings} == {NO_MAIL}
            patient = waits_for_mail and time.monotonic() - began < MAIL_SECONDS
            if not findings or (attempt >= attempts and not patient):
                return findings
            time.sleep(BETWEEN_ATTEMPTS_SECONDS)
