"""How soon an embedded database is back: `python -m tests.load.engine_restart`.

Fills it with documents of an initiative's size and indexes, stops it with clients connected, starts it, kills
it under load, starts it. Prints the seconds of each, from the signal or the start of the process to its end
or the first answer to a find. Goal: back in 3 s after a kill with the data of a whole phase
(`--documents 696948`). It asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from chassis.mongo.client import connect
from sangkienctl import databases
from tests.support.mongo_servers import DatabaseSettings, EmbeddedMongo
from tests.support.processes import wait_until

NAME = "restart"
# The Python engine was seen to stall with larger ones at a small cache.
BATCH = 50
CONNECTIONS = 60
TEXT = "Cải tiến đồ gá hàn khung thép, giảm thời gian chuẩn bị. " * 12
FIELDS = ("code", "unit_key", "owner_key", "listed_key", "lane_key", "answer_key")

Initiatives = Collection[dict[str, Any]]


def document(number: int) -> dict[str, Any]:
    return {"_id": f"i{number:09d}", "text": TEXT, **{name: f"{name}-{number:09d}" for name in FIELDS}}


def fill(uri: str, documents: int) -> float:
    """Documents a second."""
    began = time.monotonic()
    with connect(DatabaseSettings(uri, NAME)) as client:
        initiatives = client[NAME]["initiatives"]
        for name in FIELDS:
            initiatives.create_index(name)
        for first in range(0, documents, BATCH):
            initiatives.insert_many(
                [document(n) for n in range(first, min(documents, first + BATCH))], ordered=False
            )
    return documents / (time.monotonic() - began)


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def back(server: EmbeddedMongo) -> None:
    """Start it, and return once it finds a document."""

    def found() -> bool:
        with connect(DatabaseSettings(server.uri, NAME)) as client:
            try:
                return client[NAME]["initiatives"].find_one({"code": "code-000000001"}) is not None
            except PyMongoError:
                return False

    server.start(120)
    wait_until(found, "a document is found", seconds=120)


def killed_under_load(server: EmbeddedMongo, first: int) -> None:
    """Kill it once writers have had a second of acknowledged writes."""
    acknowledged = 0

    def write(writer: int) -> None:
        nonlocal acknowledged
        with connect(DatabaseSettings(server.uri, NAME)) as client:
            number = first + writer * 1_000_000
            try:
                while True:
                    client[NAME]["initiatives"].insert_one(document(number))
                    number += 1
                    acknowledged += 1
            except PyMongoError:
                return

    threads = [threading.Thread(target=write, args=(writer,), daemon=True) for writer in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: acknowledged >= 1_000, "1,000 writes are acknowledged", seconds=300)
    server.kill()
    for thread in threads:
        thread.join()


def measure(folder: Path, documents: int, rounds: int) -> None:
    with EmbeddedMongo(folder, cache=databases.cache_size()) as server:
        rate = fill(server.uri, documents)
        stops, starts, after_kill = [], [], []
        for number in range(rounds):
            with ExitStack() as stack:
                for _ in range(CONNECTIONS):
                    client = stack.enter_context(connect(DatabaseSettings(server.uri, NAME)))
                    client[NAME]["initiatives"].find_one({"code": "code-000000001"})
                stops.append(seconds(lambda: server.stop(120)))
                # Inside: closing a client waits for a server that is down.
                starts.append(seconds(partial(back, server)))
            killed_under_load(server, documents + number * 10_000_000)
            after_kill.append(seconds(partial(back, server)))
        used = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        engine = server.engine
    print(
        f"{engine}: {documents} documents filled at {rate:.0f}/s, {used / 2**20:.0f} MiB on disk\n"
        f"  stop with {CONNECTIONS} clients: {statistics.median(stops):.2f} s\n"
        f"  start: {statistics.median(starts):.2f} s\n"
        f"  start after a kill under load: {statistics.median(after_kill):.2f}, at most {max(after_kill):.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"load average {os.getloadavg()[0]:.2f}, cache {databases.cache_size() // databases.MIB} MiB")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.documents, options.rounds)


if __name__ == "__main__":
    main()
