"""Lives through one whole phase of the programme: its submissions along the published growth, as fast as the
machine takes them, with reviews behind them, on a whole platform. Not a test, but nothing may be lost.

    python -m tests.load.phase [--fraction 0.05] [--chart docs/reference/phase.svg] [--kafka apache]

The clients send the next initiative as soon as the one before is acknowledged; the dates of registration
follow the curve. It ends with 1 if anything that was acknowledged is missing from the lists or the figures.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sangkienctl.home import REPOSITORY
from sangkienctl.ports import SERVICES
from sangkienctl.seed import seed_programme
from sangkienctl.seed.growth import CURVE, PHASE_1
from tests.load.bench import chart, crowd
from tests.load.bench.fleet import Fleet
from tests.load.bench.report import state, table
from tests.load.bench.servers import end_cleanly
from tests.load.bench.watch import Starting, Watch, disk, memory
from tests.resilience.drill.quiet import wait_quiet
from tests.support.journey import INITIATIVES
from tests.support.kafka_servers import ApacheKafka
from tests.support.light_load import counts
from tests.support.platform import RunningPlatform, running_platform

FIGURES = REPOSITORY / "deploy" / "sample" / "published_counts.csv"
MIB = 2**20
LOOK_SECONDS, TELL_SECONDS = 2.0, 10.0
# Until all is at rest after the last submission.
PATIENCE_SECONDS = 3600.0
# What has to be empty before every case is open, so often in a row.
BEFORE_REVIEW = ("outbox of submission", "review behind")
LOOKS = 3


@dataclass(frozen=True)
class Lived:
    """One phase as it went. initiatives: those acknowledged; decided: how many ended up in which state."""

    initiatives: frozenset[str]
    decided: Counter[str]
    accepted_seconds: float
    quiet_seconds: float
    samples: Sequence[dict[str, float]]


def published() -> int:
    """What the first phase brought in, over the whole country."""
    wanted = {"unit_code": "TLD", "metric": "submitted", "programme": "1m-phase1"}
    with FIGURES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if wanted.items() <= row.items()]
    return max(int(row["value"]) for row in rows)


def live(platform: RunningPlatform, folder: Path, total: int, clients: int, connections: int) -> Lived:
    home = platform.control.home.path
    official = crowd.Client(platform.control, "tld.official")

    def counted() -> float:
        return float(figures(official, "submitted"))

    arguments = ("--of", str(total), "--connections", str(connections))
    with ExitStack() as stack:
        reviewers = stack.enter_context(Fleet("review", home, folder / "journals"))
        authors = stack.enter_context(Fleet("submit", home, folder / "journals", clients, arguments))
        more = {
            "acknowledged": lambda: float(authors.acknowledged),
            "counted": counted,
            "decisions": lambda: float(reviewers.acknowledged),
        }
        watch = stack.enter_context(Watch(platform, more, LOOK_SECONDS))
        while authors.running:
            time.sleep(TELL_SECONDS)
            if not reviewers.running:
                reviewers.finish(1)
            if watch.samples:
                seen = watch.samples[-1].items()
                print("  " + ", ".join(f"{name} {value:,.0f}" for name, value in seen), flush=True)
        authors.finish(60)
        # The last cases open; then the reviewers go home, and what they caused comes to rest.
        wait_opened(watch)
        reviewers.finish(PATIENCE_SECONDS, ask=True)
        unrest = wait_quiet(platform, PATIENCE_SECONDS)
        if unrest:
            sys.exit(f"never came to rest: {unrest}")
        rested = time.time()
    sent = {initiative: at for at, initiative, _ in crowd.acknowledged(folder / "journals", "submit")}
    began, accepted = min(sent.values()), max(sent.values())
    told = crowd.acknowledged(folder / "journals", "review")
    decided = {id: state for _, id, state in told if state in ("approved", "rejected")}
    states = Counter(decided.values())
    return Lived(frozenset(sent), states, accepted - began, rested - began, watch.samples)


def wait_opened(watch: Watch) -> None:
    """Wait until every submission has its case."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    calm = 0
    while calm < LOOKS:
        if time.monotonic() > deadline:
            sys.exit(f"the cases were not opened: {watch.samples[-1]}")
        time.sleep(LOOK_SECONDS)
        calm = 0 if any(watch.samples[-1][name] for name in BEFORE_REVIEW) else calm + 1


def figures(client: crowd.Client, basis: str) -> int:
    path = f"/api/stats/v1/units/TLD/progress?campaign={PHASE_1}&basis={basis}"
    status, answer = client.ask("GET", path)
    if status != 200:
        raise RuntimeError(f"{path}: {status} {answer}")
    return int(answer["count"])


def listed(platform: RunningPlatform) -> Iterator[str]:
    """The id of every submitted initiative, by the public list."""
    official = crowd.Client(platform.control, "tld.official")
    cursor = ""
    while True:
        status, page = official.ask("GET", f"{INITIATIVES}?unit=TLD&limit=100{cursor}")
        if status != 200:
            raise RuntimeError(f"the list: {status} {page}")
        yield from (row["id"] for row in page["items"])
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fraction", type=float, default=0.05, help="of the published count")
    parser.add_argument("--clients", type=int, default=3, help="processes that submit")
    parser.add_argument("--connections", type=int, default=4, help="of each of them")
    parser.add_argument("--kafka", choices=("embedded", "apache"), default="embedded")
    parser.add_argument("--chart", type=Path, help="write an SVG of the run to this file")
    options = parser.parse_args()
    end_cleanly()
    missing = ApacheKafka.unavailable() if options.kafka == "apache" else None
    if missing is not None:
        sys.exit(missing)
    total = max(1, round(published() * options.fraction))
    days = (CURVE[-1][0] - CURVE[0][0]).days
    starting = Starting()
    with tempfile.TemporaryDirectory(prefix="phase-") as name, ExitStack() as stack:
        folder = Path(name)
        platform = stack.enter_context(running_platform(folder / "home", options.kafka, progress=starting))
        seed_programme(platform.control)
        print(f"{total:,} initiatives of {published():,}", flush=True)
        memory_before, disk_before = memory(platform), disk(platform)
        lived = live(platform, folder, total, options.clients, options.connections)
        memory_after, disk_after = memory(platform), disk(platform)
        seen = Counter(listed(platform))
        stated = counts(platform, "TLD", PHASE_1)
    print(f"\n{state()}, {options.kafka} broker, {options.clients} × {options.connections} connections")
    accepted, quiet = lived.accepted_seconds, lived.quiet_seconds
    rate = total / accepted
    print(f"{total:,} submissions in {accepted:.0f} s: {rate:.0f}/s; all at rest after {quiet:.0f} s")
    print(f"{sum(lived.decided.values()):,} reviewed; {days} days in {quiet / 60:.1f} minutes")
    faults = report_loss(total, lived, seen, stated)
    report_backlog(lived.samples)
    report_disk(total, disk_before, disk_after)
    report_processes(starting.seconds, memory_before, memory_after)
    if options.chart:
        options.chart.write_text(drawn(total, lived), encoding="utf-8")
    return 1 if faults else 0


def report_loss(total: int, lived: Lived, seen: Counter[str], stated: Counter[str]) -> int:
    rows = [
        ("submitted", total, len(lived.initiatives), len(seen), stated["submitted"]),
        *((one, None, lived.decided[one], None, stated[one]) for one in ("approved", "rejected")),
    ]
    print("\n" + table(["", "sent", "acknowledged", "in the list", "in the figures"], rows))
    differing = len(lived.initiatives ^ seen.keys()) + sum(seen.values()) - len(seen)
    differing += sum(len(set(row[1:]) - {None}) > 1 for row in rows)
    print(f"loss: {differing}")
    return differing


def report_backlog(samples: Sequence[dict[str, float]]) -> None:
    names = [name for name in samples[0] if name.startswith("outbox") or name.endswith("behind")]
    rows: list[list[str | float]] = [
        [name, max(s[name] for s in samples), samples[len(samples) // 2][name]] for name in names
    ]
    print("\n" + table(["backlog, events", "most", "halfway"], rows))


def report_disk(total: int, before: dict[str, float], after: dict[str, float]) -> None:
    grown = {name: after[name] - before.get(name, 0.0) for name in after}
    rows: list[list[str | float]] = [
        [name, more / MIB, f"{more / total:,.0f}"] for name, more in grown.items() if more > 0
    ]
    print("\n" + table(["disk", "MiB more", "bytes per initiative"], rows))


def report_processes(starting: dict[str, float], before: dict[str, float], after: dict[str, float]) -> None:
    rows: list[list[str | float | None]] = [
        [name, starting.get(name), before[name], after.get(name)] for name in before
    ]
    print("\n" + table(["process", "ready after s", "MiB at rest", "MiB after"], rows))
    print(f"goal: ≤ 60 MiB per worker process; an API is two processes ({', '.join(SERVICES)})")


def drawn(total: int, lived: Lived) -> str:
    def line(name: str) -> chart.Line:
        return [(sample["at"], sample[name]) for sample in lived.samples]

    names = [name for name in lived.samples[0] if name.startswith("outbox") or name.endswith("behind")]
    return chart.svg(
        f"A phase of {total:,} initiatives in {lived.quiet_seconds / 60:.1f} minutes",
        [
            chart.Panel("So far", {name: line(name) for name in ("acknowledged", "counted", "decisions")}),
            chart.Panel("Backlog, events", {name: line(name) for name in names}),
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
