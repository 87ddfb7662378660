"""Measures each process of the services alone: the time from its start until it is healthy, and its memory at
rest, against a bare Flask application under the same server. It is a benchmark, not a test.

    python -m tests.load.processes [--rounds 2] [--service stats]

`alone` starts it with Kafka and the database down: a process must be alive without them, though not ready.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import contracts
from chassis.topics import apply_topics
from tests.load.bench.report import state, table
from tests.load.bench.servers import (
    NOWHERE,
    answering,
    bare,
    end_cleanly,
    issuer,
    service,
    settings,
    uss_mib,
    worker_uss_mib,
)
from tests.support.kafka_servers import EmbeddedBroker
from tests.support.messaging import MessagingSettings
from tests.support.mongo_servers import EmbeddedMongo
from tests.support.processes import ServerProcess, wait_until

SERVICES = ("submission", "review", "stats", "notify")
ROLES = ("api", "worker")
MIGRATE_SECONDS = 60
# Long enough for the threads of a process to have done their first work.
REST_SECONDS = 2.0

Make = Callable[[], ServerProcess]


def healthy(process: ServerProcess, path: str) -> tuple[float, float, float]:
    """Seconds until it answers `path`; then, at rest, MiB of all its processes and of the largest."""
    began = time.perf_counter()
    # ServerProcess.start() waits for the port only, and looks more often than it costs.
    process.start()
    try:
        wait_until(answering(process.port, path), f"{process.name} answers {path}", seconds=60, every=0.005)
        seconds = time.perf_counter() - began
        time.sleep(REST_SECONDS)
        return seconds, uss_mib(process.pid), worker_uss_mib(process.pid)
    finally:
        process.stop()


def migrate(folder: Path, name: str, mongo: str) -> None:
    command = [sys.executable, "-m", name, "migrate"]
    environment = {**os.environ, **settings(name, 1, mongo=mongo)}
    subprocess.run(
        command, env=environment, cwd=folder, check=True, capture_output=True, timeout=MIGRATE_SECONDS
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2, help="interleaved, after one to warm up")
    parser.add_argument("--service", action="append", choices=SERVICES, help="only this one")
    options = parser.parse_args()
    end_cleanly()
    with tempfile.TemporaryDirectory(prefix="processes-") as name, ExitStack() as stack:
        folder = Path(name)
        keys = stack.enter_context(issuer())
        mongo = stack.enter_context(EmbeddedMongo(folder)).uri
        kafka = stack.enter_context(EmbeddedBroker(folder)).bootstrap
        apply_topics(MessagingSettings(kafka), contracts.topics().values())
        makes: dict[str, Make] = {"bare Flask": lambda: bare(folder, mongo)}
        for one in options.service or SERVICES:
            migrate(folder, one, mongo)
            for role in ROLES:
                makes[f"{one} {role}"] = lambda one=one, role=role: service(  # type: ignore[misc]
                    folder, one, role, mongo=mongo, kafka=kafka, keys=keys
                )
                makes[f"{one} {role}, alone"] = lambda one=one, role=role: service(  # type: ignore[misc]
                    folder, one, role, mongo=f"mongodb://{NOWHERE}/"
                )
        report(measured(makes, options.rounds), options.rounds)


def measured(makes: dict[str, Make], rounds: int) -> dict[str, list[tuple[float, float, float]]]:
    seen: dict[str, list[tuple[float, float, float]]] = {name: [] for name in makes}
    for number in range(rounds + 1):
        for name, make in makes.items():
            ready = "/livez" if name == "bare Flask" or name.endswith("alone") else "/readyz"
            found = healthy(make(), ready)
            if number:
                seen[name].append(found)
        print(f"round {number} of {rounds}", flush=True)
    return seen


def report(seen: dict[str, list[tuple[float, float, float]]], rounds: int) -> None:
    def figure(name: str, column: int) -> float | None:
        return median(one[column] for one in seen[name]) if name in seen else None

    bare_seconds = figure("bare Flask", 0) or 1.0
    rows: list[list[str | float | None]] = []
    for name in seen:
        if not name.endswith("alone"):
            seconds = figure(name, 0) or 0.0
            alone = figure(f"{name}, alone", 0)
            rows.append([name, seconds, seconds / bare_seconds, alone, figure(name, 1), figure(name, 2)])
    print(f"\n{state()}, median of {rounds} rounds")
    heads = ["", "healthy after s", "÷ bare", "alone, alive after s", "MiB", "largest process MiB"]
    print(table(heads, rows))
    print("goals: ≤ 0.5 s of its own (above bare Flask); ≤ 60 MiB per worker process")


if __name__ == "__main__":
    main()
