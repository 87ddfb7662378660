"""The clients of a round: separate processes that send requests through the gateway at a fixed rate. When
asked to stop, they finish the current act.

    python -m tests.resilience.drill.clients --home HOME --journal FOLDER --name NAME --role ROLE --seed S …
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.resilience.drill.acts import AUTHORS, OFFICIAL, REVIEWERS, Author, Desk, Official, Reviewer
from tests.resilience.drill.journal import Journal
from tests.resilience.drill.site import Site, SteadyPerson
from tests.support.journey import ROOT

# Longer than any outage of a round: if a client gives up, it has found a fault.
PATIENCE_SECONDS = 240.0


@dataclass(frozen=True)
class Role:
    """The work of one client process: acts a second, by these accounts in turn."""

    name: str
    kind: str
    accounts: tuple[str, ...]
    rate: float


def roles(authors: int, reviewers: int, rate: float) -> list[Role]:
    """Author and reviewer processes, and one for an official; rate: acts a second of each."""
    made = [Role(f"author-{name}", "author", (name,), rate) for name in list(AUTHORS)[:authors]]
    # Every reviewer process uses all accounts, so that two may decide on the same case at once.
    made += [Role(f"reviewer-{number}", "reviewer", REVIEWERS, rate) for number in range(1, reviewers + 1)]
    return [*made, Role("official", "official", (OFFICIAL,), rate / 4)]


@dataclass
class Fleet:
    """The client processes of one round; leaving the block stops them."""

    home: Path
    journals: Path
    logs: Path
    seed: str
    crew: Sequence[Role]
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        for role in self.crew:
            command = [sys.executable, "-m", __name__, "--home", str(self.home), "--name", role.name]
            command += ["--journal", str(self.journals), "--kind", role.kind, "--rate", str(role.rate)]
            command += ["--seed", f"{self.seed}:{role.name}", "--accounts", ",".join(role.accounts)]
            with (self.logs / f"client-{role.name}.log").open("ab") as output:
                self._running[role.name] = subprocess.Popen(
                    command, stdout=output, stderr=output, cwd=ROOT, start_new_session=True
                )
        return self

    def finish(self, seconds: float = PATIENCE_SECONDS + 60) -> list[str]:
        """Ask all to stop and wait; return a message for each that failed."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + seconds
        faults = []
        for name, process in self._running.items():
            try:
                code = process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
                faults.append(f"client {name} did not end within {seconds:.0f} s")
                continue
            if code != 0:
                faults.append(f"client {name} ended with {code}; see client-{name}.log")
        self._running.clear()
        return faults

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()


def main(argv: list[str] | None = None) -> int:
    options = _arguments(argv)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    rng = random.Random(options.seed)
    site = Site(options.home)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal(options.journal, options.name))
        desks: list[Desk] = []
        for account in options.accounts.split(","):
            person = stack.enter_context(SteadyPerson(site, account, patience=PATIENCE_SECONDS))
            desks.append(_desk(options.kind, person, account, journal, rng))
        due = time.monotonic()
        while not stop.wait(max(0.0, due - time.monotonic())):
            # A delayed client does not catch up in a burst.
            due = max(due, time.monotonic() - 1) + rng.expovariate(options.rate)
            rng.choice(desks).act()
    return 0


def _desk(kind: str, person: SteadyPerson, account: str, journal: Journal, rng: random.Random) -> Desk:
    if kind == "author":
        return Author(person, AUTHORS[account], journal, rng)
    if kind == "reviewer":
        return Reviewer(person, journal, rng)
    return Official(person, journal, rng)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="One client of a drill")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--kind", choices=("author", "reviewer", "official"), required=True)
    parser.add_argument("--accounts", required=True)
    parser.add_argument("--seed", required=True)
    parser.add_argument("--rate", type=float, required=True, help="acts a second, on average")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
