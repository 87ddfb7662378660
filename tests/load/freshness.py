"""Measures how soon a submission shows in the public statistics, on a whole platform under load, against a
bare round trip through the same broker; whether the lag grows; and how fast a backlog goes. Not a test.

    python -m tests.load.freshness [--seconds 20] [--shares 10,50,80] [--backlog 10000] [--kafka apache]

A probe submits to a unit of its own, and asks for that unit's figures until they have it. Both go through the
gateway. The statistics answer without their cache of a second here: with it, add up to a second.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import orjson
import pymongo

from chassis.events.outbox import LANE
from sangkienctl.seed import Sample, seed_programme
from sangkienctl.seed.growth import PHASE_1, grow
from tests.load.bench.crowd import Client
from tests.load.bench.fleet import Fleet
from tests.load.bench.hops import hops
from tests.load.bench.report import percentile, state, table
from tests.load.bench.servers import end_cleanly
from tests.resilience.drill.quiet import wait_quiet
from tests.support.journey import INITIATIVES
from tests.support.kafka_clients import KafkaClients
from tests.support.kafka_servers import ApacheKafka
from tests.support.platform import RunningPlatform, running_platform
from tests.support.processes import wait_until

HOPS = 100
WRITES = 50
# A probe asks again after a part of what it has waited: often enough to tell, never so often that asking is
# the load.
POLL_SECONDS = 0.002
POLL_PART = 0.05
LOOK_SECONDS = 0.02
ENDLESS = 10**7
DRAIN_SECONDS = 900


@dataclass
class Level:
    """What was seen at one rate: milliseconds until visible, and how many waited at its begin and end."""

    share: int
    rate: float
    reached: float = 0.0
    taken: list[float] = field(default_factory=list)
    growth: float = 0.0


class Bench:
    """One platform with the sample programme, and what is measured on it."""

    def __init__(self, platform: RunningPlatform, folder: Path, seconds: float) -> None:
        self._platform, self._folder, self._seconds = platform, folder, seconds
        self._client = Client(platform.control)
        sample = Sample()
        # The one with the fewest beside it: what is ranked with it is read with it.
        units = [unit for unit in sample.units.values() if unit.level == "grassroots"]
        parents = [unit.path[-2] for unit in units]
        self._unit = min(units, key=lambda unit: (parents.count(unit.path[-2]), unit.code))
        self._initiatives = sample.initiatives
        self._batch, self._probes = 0, 0
        self._sent = 0

    def hop(self) -> float:
        with KafkaClients(self._platform.kafka_bootstrap) as clients:
            return percentile(hops(clients, clients.topic("hops"), HOPS), 50)

    def write(self) -> float:
        """Milliseconds of a bare insert into the database of the statistics, p50."""
        with pymongo.MongoClient[dict[str, object]](self._platform.mongo_uri("stats")) as client:
            taken = []
            for _ in range(WRITES):
                began = time.perf_counter()
                client["bare"]["writes"].insert_one({})
                taken.append((time.perf_counter() - began) * 1000)
        return percentile(taken, 50)

    def count(self, unit: str = "TLD") -> int:
        path = f"/api/stats/v1/units/{unit}/progress?campaign={PHASE_1}&basis=submitted"
        status, answer = self._client.ask("GET", path)
        if status != 200:
            raise RuntimeError(f"{path}: {status} {answer}")
        return int(answer["count"])

    def fleet(self, of: int = ENDLESS, rate: float = 0.0) -> Fleet:
        """New initiatives from two processes, none for the unit of the probe."""
        self._batch += 1
        arguments = ["--of", str(of), "--batch", str(self._batch), "--without", self._unit.code]
        arguments += ["--rate", str(rate / 2)]
        journals = self._folder / f"batch-{self._batch}"
        return Fleet("submit", self._platform.control.home.path, journals, 2, tuple(arguments))

    def capacity(self) -> tuple[float, float, float]:
        """Submissions a second when all clients send as fast as they can: those that are acknowledged; those
        that come through to the figures, the time to count the last one included; and those that the platform
        is done with, the time until all services are at rest included."""
        with self.fleet() as fleet:
            wait_until(lambda: fleet.acknowledged > 0, "the first submission", seconds=120)
            before, began = fleet.acknowledged, time.monotonic()
            wait_until(lambda: time.monotonic() - began > self._seconds, "it is over", 2 * self._seconds + 60)
            intake = (fleet.acknowledged - before) / (time.monotonic() - began)
            self._end(fleet)
        self.settle()
        counted = (self._sent - before) / (time.monotonic() - began)
        self.rest()
        return intake, counted, (self._sent - before) / (time.monotonic() - began)

    def level(self, share: int, rate: float) -> Level:
        seen = Level(share, rate)
        with self.fleet(rate=rate) as fleet:
            wait_until(lambda: fleet.acknowledged > rate, "the load has begun", seconds=120)
            before, began = fleet.acknowledged, time.monotonic()
            waiting = self._waiting(fleet)
            while time.monotonic() - began < self._seconds:
                seen.taken.append(self._probe())
                time.sleep(random.uniform(0.05, 0.15))
            seconds = time.monotonic() - began
            seen.reached = (fleet.acknowledged - before) / seconds
            seen.growth = (self._waiting(fleet) - waiting) / seconds
            self._end(fleet)
        self.settle()
        self.rest()
        return seen

    def _waiting(self, fleet: Fleet) -> int:
        return self._sent + fleet.acknowledged - self.count()

    def _probe(self) -> float:
        """Milliseconds from the acknowledgement of a submission until the figures have it."""
        self._probes += 1
        # Far from the numbers and batches of the load.
        body = grow(self._probes, ENDLESS, -1, [self._unit], self._initiatives, frozenset()).body
        before = self.count(self._unit.code)
        key = f"probe-{self._probes}"
        status, answer = self._client.ask("POST", INITIATIVES, orjson.dumps(body), Idempotency_Key=key)
        acknowledged = time.perf_counter()
        if status != 201:
            raise RuntimeError(f"a probe: {status} {answer}")
        self._sent += 1
        while self.count(self._unit.code) == before:
            waited = time.perf_counter() - acknowledged
            if waited > DRAIN_SECONDS:
                raise RuntimeError("a probe did not become visible")
            time.sleep(max(POLL_SECONDS, waited * POLL_PART))
        return (time.perf_counter() - acknowledged) * 1000

    def _end(self, fleet: Fleet) -> None:
        fleet.finish(120, ask=True)
        self._sent += fleet.acknowledged

    def settle(self) -> None:
        """Wait until all that was acknowledged is counted."""
        wait_until(lambda: self.count() >= self._sent, "all is counted", DRAIN_SECONDS, LOOK_SECONDS)
        if self.count() != self._sent:
            raise RuntimeError(f"{self._sent} acknowledged, {self.count()} counted")

    def rest(self) -> None:
        """Wait until no service has anything left to do: what is measured next begins like the first."""
        busy = wait_quiet(self._platform, DRAIN_SECONDS)
        if busy:
            raise RuntimeError(f"never became idle: {busy}")

    def drained(self, size: int, process: str) -> tuple[float, float]:
        """Submissions a second while `process` is stopped, and those counted a second once it runs again."""
        self._platform.control.halt(process)
        before, began = self.count(), time.monotonic()
        with self.fleet(of=size) as fleet:
            wait_until(lambda: fleet.acknowledged > 0, "the first submission", seconds=120)
            began = time.monotonic()
            fleet.finish(DRAIN_SECONDS)
            intake = size / (time.monotonic() - began)
            self._sent += fleet.acknowledged
        if process != "submission-worker":
            wait_until(self._published, "the outbox is empty", DRAIN_SECONDS, every=0.5)
        # Its own start does not count: the time begins with the last look that saw nothing done.
        self._platform.control.launch(process, wait=False)
        began = time.monotonic()
        while self.count() == before:
            began = time.monotonic()
            time.sleep(LOOK_SECONDS)
        self.settle()
        drain = size / (time.monotonic() - began)
        self.rest()
        return intake, drain

    def _published(self) -> bool:
        with pymongo.MongoClient[dict[str, object]](self._platform.mongo_uri("submission")) as client:
            return client["submission"]["initiatives"].find_one({LANE: {"$gte": 0}}, {"_id": 1}) is None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of each level, and of the capacity")
    parser.add_argument("--shares", default="10,50,80", help="levels in per cent of the capacity")
    parser.add_argument("--rate", type=float, help="one more level: submissions a second")
    parser.add_argument("--backlog", type=int, default=10_000, help="0: none")
    parser.add_argument("--kafka", choices=("embedded", "apache"), default="embedded")
    options = parser.parse_args()
    end_cleanly()
    missing = ApacheKafka.unavailable() if options.kafka == "apache" else None
    if missing is not None:
        sys.exit(missing)
    os.environ["ANSWER_SECONDS"] = "0"
    with tempfile.TemporaryDirectory(prefix="freshness-") as name, ExitStack() as stack:
        folder = Path(name)
        platform = stack.enter_context(running_platform(folder / "home", options.kafka))
        seed_programme(platform.control)
        bench = Bench(platform, folder, options.seconds)
        intake, counted, capacity = bench.capacity()
        print(f"{intake:.0f} submissions/s acknowledged, {counted:.0f}/s counted", end="", flush=True)
        print(f", {capacity:.0f}/s until all is at rest: the capacity", flush=True)
        wanted = [(int(share), capacity * int(share) / 100) for share in options.shares.split(",")]
        if options.rate:
            wanted.append((round(100 * options.rate / capacity), options.rate))
        baselines: list[tuple[float, float]] = []
        levels = []
        for share, rate in wanted:
            baselines.append((bench.hop(), bench.write()))
            levels.append(bench.level(share, rate))
            print(f"{share} %: {len(levels[-1].taken)} probes", flush=True)
        report(levels, baselines, options)
        if options.backlog:
            report_backlog(bench.drained, options.backlog)


def report(levels: list[Level], baselines: list[tuple[float, float]], options: argparse.Namespace) -> None:
    hop, write = (median(values) for values in zip(*baselines, strict=True))
    rows: list[list[str | float]] = []
    for seen in levels:
        p50, p99 = percentile(seen.taken, 50), percentile(seen.taken, 99)
        ratios = [p50 / hop, p50 / (hop + 2 * write), p99 / hop]
        rows.append([f"{seen.share} %", seen.reached, p50, p99, *ratios, seen.growth])
    print(f"\n{state()}, {options.kafka} broker, {options.seconds:g} s each")
    print(f"bare hop p50 {hop:.2f} ms, bare insert p50 {write:.2f} ms")
    heads = ["of capacity", "rate/s", "p50 ms", "p99 ms", "p50 ÷ hop", "÷ hop + 2 writes", "p99 ÷ hop"]
    print(table([*heads, "lag grows/s"], rows))
    print(
        "goals at 50/s: p50 ≤ 25 ms and ≤ 2.5 × (hop + 2 writes), p99 ≤ 150 ms; at 70 %: p99 ≤ 1 s, growth 0"
    )


def report_backlog(drained: Callable[[int, str], tuple[float, float]], size: int) -> None:
    rows: list[list[str | float]] = []
    for process, where in (("stats-worker", "in Kafka"), ("submission-worker", "in the outbox")):
        intake, drain = drained(size, process)
        rows.append([f"{size:,} {where}", intake, drain, drain / intake, "≥ 5"])
    print(f"\n{state()}")
    print(table(["backlog", "intake/s", "drained/s", "ratio", "goal"], rows))


if __name__ == "__main__":
    main()
