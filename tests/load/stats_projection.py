"""Measures the projection of statistics on the embedded database: batches against single events, and what a
read costs. Prints ratios of one run; it is a benchmark, not a test.

    python -m tests.load.stats_projection [--initiatives 2000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil
from pymongo import MongoClient

from stats.domain.snapshots import Snapshot
from tests.load.bench.programme import CAMPAIGNS, PATHS
from tests.support.mongo_servers import EmbeddedMongo
from tests.support.stats_histories import submitted
from tests.support.stats_service import Stats

SINGLE_EVENTS = 50


def snapshots(count: int, seed: int) -> list[Snapshot]:
    pick = random.Random(seed)
    return [
        submitted(
            str(uuid.uuid4()), path=pick.choice(PATHS), campaigns=CAMPAIGNS, benefit=pick.choice((0, 7))
        )
        for _ in range(count)
    ]


@dataclass(frozen=True)
class Cost:
    """events per second, and CPU per event in the service and in the database: milliseconds."""

    rate: float
    service: float
    database: float


def cost(stats: Stats, server: EmbeddedMongo, events: Sequence[Snapshot], batch: int) -> Cost:
    database = psutil.Process(server.pid)
    began, own, theirs = time.perf_counter(), time.process_time(), sum(database.cpu_times()[:2])
    for start in range(0, len(events), batch):
        stats.count(*events[start : start + batch])
    return Cost(
        rate=len(events) / (time.perf_counter() - began),
        service=1000 * (time.process_time() - own) / len(events),
        database=1000 * (sum(database.cpu_times()[:2]) - theirs) / len(events),
    )


def answered(stats: Stats, path: str, query: Mapping[str, str]) -> None:
    if stats.get(path, **query).status_code != 200:
        raise SystemExit(f"{path} did not answer")


def milliseconds(work: Callable[[], object], times: int = 40) -> float:
    work()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--initiatives", type=int, default=2000, help="events per batch measurement")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds")
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.2f}")
    with (
        tempfile.TemporaryDirectory(prefix="stats-load-") as folder,
        EmbeddedMongo(Path(folder)) as server,
    ):
        client: MongoClient[dict[str, object]] = MongoClient(server.uri, tz_aware=True)
        stats = Stats(client["load"], server.uri)
        try:
            stats.tell_tree(PATHS, CAMPAIGNS)
            measure_batches(stats, server, options.initiatives, options.rounds)
            measure_reads(stats)
        finally:
            stats.close()
            client.close()


def measure_batches(stats: Stats, server: EmbeddedMongo, initiatives: int, rounds: int) -> None:
    seen: dict[int, list[Cost]] = {1: [], 50: [], 500: [], 2000: []}
    for number in range(rounds):
        for batch, costs in seen.items():
            count = SINGLE_EVENTS if batch == 1 else max(batch, min(initiatives, 4 * batch))
            costs.append(cost(stats, server, snapshots(count, 1000 * number + batch), batch))
    single = statistics.median(one.rate for one in seen[1])
    for batch, costs in seen.items():
        rate, service, database = (
            statistics.median(getattr(one, name) for one in costs) for name in ("rate", "service", "database")
        )
        print(
            f"batch of {batch:>4}: {rate:7.0f} events/s, {rate / single:4.1f} x single events; "
            f"CPU per event {service:5.2f} ms in the service, {database:5.2f} ms in the database"
        )


def measure_reads(stats: Stats) -> None:
    stats.copy.start()
    stats.copy.refresh()
    query = {"campaign": CAMPAIGNS[0]}
    for name, path, extra in (
        ("progress", "/v1/units/LD-3/progress", {}),
        ("progress as of a day", "/v1/units/LD-3/progress", {"as_of": "2022-05-31"}),
        ("children", "/v1/units/TLD/children", {}),
        ("timeline", "/v1/units/TLD/timeline", {}),
    ):
        taken = milliseconds(partial(answered, stats, path, query | extra))
        print(f"{name:<22} {taken:6.2f} ms p50 in process, uncached")


if __name__ == "__main__":
    main()
