"""The command behind `make drill`: starts its own platform, drills it round by round, prints the results, and
keeps the evidence if there are findings.

    python -m tests.resilience.drill --rounds 5 --seed tet --kafka embedded
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sangkienctl.databases import EngineChoice, chosen_engine
from sangkienctl.processes import KafkaEngine
from tests.resilience.drill import plan
from tests.resilience.drill.checker import Finding
from tests.resilience.drill.clients import roles
from tests.resilience.drill.faults import SCENARIOS, FaultStage
from tests.resilience.drill.runner import Drill, Round, drill_stage
from tests.support.journey import ROOT

PROFILES = {"short": plan.SHORT, "usual": plan.ROUND, "long": plan.LONG}
SHOWN_FINDINGS = 30
console = Console(width=None if sys.stdout.isatty() else 150, highlight=False)


def main(argv: list[str] | None = None) -> int:
    options = _arguments(argv)
    # On SIGTERM it still stops its platform.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = options.folder or ROOT / ".run" / "drill" / f"{time.strftime('%Y%m%d-%H%M%S')}-{options.kafka}"
    folder.mkdir(parents=True, exist_ok=True)
    engine = chosen_engine(EngineChoice(options.engine))
    console.print(f"seed {options.seed} · Kafka: {options.kafka} · databases: {engine} · data in {folder}")
    found = _plant(options, folder) if options.fault else _drill(options, folder)
    if found or options.keep:
        console.print(f"the evidence is kept in {folder}")
    else:
        shutil.rmtree(folder)
    return 1 if found else 0


def _drill(options: argparse.Namespace, folder: Path) -> bool:
    """Whether any round has findings."""
    rounds: list[Round] = []
    crew = roles(options.authors, options.reviewers, options.rate)
    with drill_stage(folder, options.kafka, options.engine) as stage:
        drill = Drill(stage, options.seed, PROFILES[options.profile], crew)
        for number in range(options.first, options.first + options.rounds):
            last = number == options.first + options.rounds - 1
            rounds.append(drill.round(number, thorough=last))
            _print_round(rounds[-1])
            if rounds[-1].findings and not options.go_on:
                break
    console.print(_table(rounds))
    return any(done.findings for done in rounds)


def _plant(options: argparse.Namespace, folder: Path) -> bool:
    with drill_stage(folder, options.kafka, options.engine) as stage:
        findings = SCENARIOS[options.fault](FaultStage(stage))
    _print_findings(findings)
    console.print(f"the injected fault {options.fault} was {'found' if findings else 'NOT FOUND'}")
    return bool(findings)


def _print_round(done: Round) -> None:
    verdict = f"{len(done.findings)} findings" if done.findings else "clean"
    console.print(f"round {done.number}: {verdict} after {done.seconds:.0f} s")
    for disturbance, outcome in done.done:
        console.print(f"  {disturbance}: {outcome}", markup=False)
    _print_findings(done.findings)


def _print_findings(findings: Sequence[Finding]) -> None:
    for finding in findings[:SHOWN_FINDINGS]:
        console.print(f"  FOUND {finding.rule} | {finding.about} | {finding.says}", markup=False)
    if len(findings) > SHOWN_FINDINGS:
        console.print(f"  … and {len(findings) - SHOWN_FINDINGS} more")


def _table(rounds: Sequence[Round]) -> Table:
    table = Table(title="Drill")
    columns = ("round", "s", "at rest after", "submits", "decisions", "withdrawn", "other acts", "too late")
    for column in (*columns, "disturbances", "findings"):
        table.add_column(column, justify="right")
    for done in rounds:
        acts = done.acts
        table.add_row(
            str(done.number),
            f"{done.seconds:.0f}",
            f"{done.quiet_after:.0f} s",
            str(acts["submit"] + acts["revise"]),
            str(acts["decide"]),
            str(acts["withdraw"]),
            str(acts["draft"] + acts["save"] + acts["target"]),
            str(acts["refused"]),
            str(sum(not outcome.startswith("not done") for _, outcome in done.done)),
            str(len(done.findings)),
        )
    return table


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bin/drill", description="Disturb a platform under load, then check it."
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="number of the first round, to repeat one")
    parser.add_argument("--seed", default=secrets.token_hex(3), help="seed of all random choices")
    parser.add_argument("--kafka", choices=list(KafkaEngine), default="embedded")
    parser.add_argument("--engine", choices=list(EngineChoice), default="auto", help="database engine")
    parser.add_argument("--profile", choices=sorted(PROFILES), default="usual", help="how severe a round is")
    parser.add_argument("--fault", choices=sorted(SCENARIOS), help="inject a fault; the checker must find it")
    parser.add_argument("--authors", type=int, default=4, help="client processes of authors, at most 6")
    parser.add_argument("--reviewers", type=int, default=2, help="client processes of reviewers")
    parser.add_argument("--rate", type=float, default=1.5, help="acts a second of each client process")
    parser.add_argument("--go-on", action="store_true", help="continue after a round with findings")
    parser.add_argument("--keep", action="store_true", help="keep everything even without findings")
    parser.add_argument("--folder", type=Path, help="folder for everything of this drill")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
