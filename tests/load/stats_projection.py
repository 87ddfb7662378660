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
from collections.abc import Callable, Sequence
from pathlib import Path

from pymongo import MongoClient

from stats.domain.snapshots import Snapshot
from tests.support.mongo_servers import EmbeddedMongo
from tests.support.stats_histories import submitted
from tests.support.stats_service import Stats

# As in the programme: 20 federations, 10 upper levels each, 4 grassroots unions each; two open campaigns.
PATHS = [
    ("TLD", f"LD-{f}", f"LD-{f}-{s}", f"LD-{f}-{s}-{g}")
    for f in range(20)
    for s in range(10)
    for g in range(4)
]
CAMPAIGNS = ("phase-1", "peak-40-days")
SINGLE_EVENTS = 50


def snapshots(count: int, seed: int) -> list[Snapshot]:
    pick = random.Random(seed)
    return [
        submitted(
            str(uuid.uuid4()), path=pick.choice(PATHS), campaigns=CAMPAIGNS, benefit=pick.choice((0, 7))
        )
        for _ in range(count)
    ]


def rate(stats: Stats, events: Sequence[Snapshot], batch: int) -> float:
    """Events per second."""
    began = time.perf_counter()
    for start in range(0, len(events), batch):
        stats.count(*events[start : start + batch])
    return len(events) / (time.perf_counter() - began)


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
            measure_batches(stats, options.initiatives, options.rounds)
            measure_reads(stats)
        finally:
            stats.close()
            client.close()


def measure_batches(stats: Stats, initiatives: int, rounds: int) -> None:
    rates: dict[int, list[float]] = {1: [], 50: [], 500: [], 2000: []}
    for number in range(rounds):
        for batch, seen in rates.items():
            count = SINGLE_EVENTS if batch == 1 else max(batch, min(initiatives, 4 * batch))
            seen.append(rate(stats, snapshots(count, 1000 * number + batch), batch))
    single = statistics.median(rates[1])
    for batch, seen in rates.items():
        median = statistics.median(seen)
        print(f"batch of {batch:>4}: {median:8.0f} events/s, {median / single:5.1f} x single events")


def measure_reads(stats: Stats) -> None:
    query = {"campaign": CAMPAIGNS[0]}
    for name, path, extra in (
        ("progress", "/v1/units/LD-3/progress", {}),
        ("progress as of a day", "/v1/units/LD-3/progress", {"as_of": "2022-05-31"}),
        ("children", "/v1/units/TLD/children", {}),
        ("timeline", "/v1/units/TLD/timeline", {}),
    ):
        taken = milliseconds(lambda path=path, extra=extra: stats.get(path, **query, **extra))  # type: ignore[misc]
        print(f"{name:<22} {taken:6.2f} ms p50 in process, uncached")


if __name__ == "__main__":
    main()
