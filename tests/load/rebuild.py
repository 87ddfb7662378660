"""Measures a rebuild of the statistics from the log against a bare loop over the same records: consume,
parse, fold, and nothing stored. It is a benchmark, not a test.

    python -m tests.load.rebuild [--initiatives 10000] [--partitions 1,2,4] [--rounds 3] [--kafka apache]

Each initiative is in the log twice: submitted, and approved or rejected or withdrawn. The events are those of
the contract, the database is the embedded one, and all numbers of partitions are rebuilt in turns.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import orjson
import psutil
from kafka import TopicPartition
from pymongo import MongoClient

import contracts
from chassis.clock import utc_now
from chassis.events.codec import Event
from chassis.topics import apply_topics
from stats.adapters.event_log import KafkaEventLog
from stats.adapters.payloads import CONSUMED_TOPICS, snapshot_from
from stats.application.rebuild import RebuildParts, rebuild
from stats.domain.counting import fold
from stats.domain.snapshots import Snapshot
from tests.load.bench.programme import CAMPAIGNS, PATHS
from tests.load.bench.report import state, table
from tests.load.bench.servers import end_cleanly
from tests.support.kafka_clients import KafkaClients
from tests.support.kafka_servers import ApacheKafka, EmbeddedBroker
from tests.support.messaging import MessagingSettings, publisher, record_of
from tests.support.mongo_servers import EmbeddedMongo
from tests.support.stats_histories import FIRST_DAY, approved, rejected, submitted, withdrawn
from tests.support.stats_service import CODEC, Stats, pending

KAFKA = {"embedded": EmbeddedBroker, "apache": ApacheKafka}
PER_PUBLISH = 2000


@dataclass(frozen=True)
class Run:
    """events/s, and milliseconds of CPU per event in this process and in the database."""

    rate: float
    own: float
    database: float


@dataclass
class Side:
    """One broker with the topics at a number of partitions, and a database to rebuild into."""

    partitions: int
    bootstrap: str
    stats: Stats
    database: psutil.Process
    events: int

    def rebuilt(self) -> Run:
        log = KafkaEventLog(MessagingSettings(self.bootstrap), CODEC)
        owner = f"bench-{uuid.uuid4().hex[:8]}"
        stats = self.stats
        parts = RebuildParts(log, stats.rebuild(owner), stats.reference, stats.store, utc_now)

        def work() -> None:
            told = rebuild(parts, lambda _: None)
            if told.records != self.events:
                sys.exit(f"{told.records} of {self.events} records were rebuilt")

        return self._timed(work)

    def bare(self) -> Run:
        return self._timed(self._read_and_fold)

    def _read_and_fold(self) -> None:
        seen = 0
        with KafkaClients(self.bootstrap) as clients:
            consumer = clients.consumer(max_poll_records=5000)
            consumer.assign([TopicPartition(t, n) for t in CONSUMED_TOPICS for n in range(self.partitions)])
            consumer.seek_to_beginning()
            newest: dict[str, Snapshot] = {}
            while seen < self.events:
                for batch in consumer.poll(timeout_ms=1000).values():
                    seen += len(batch)
                    newest.update(fold(newest, map(parsed, batch)).newest)

    def _timed(self, work: Callable[[], None]) -> Run:
        before, began, own = sum(self.database.cpu_times()[:2]), time.perf_counter(), time.process_time()
        work()
        seconds, own = time.perf_counter() - began, time.process_time() - own
        database = sum(self.database.cpu_times()[:2]) - before
        return Run(self.events / seconds, 1000 * own / self.events, 1000 * database / self.events)


def parsed(record: Any) -> Snapshot:
    """The snapshot of a record, with neither its envelope nor its data checked."""
    headers = {name: value.decode() for name, value in record.headers}
    data = orjson.loads(record.value)
    return snapshot_from(
        Event(
            id=headers["ce_id"],
            type=headers["ce_type"],
            topic=record.topic,
            source=headers["ce_source"],
            subject=data["initiative_id"],
            time=utc_now(),
            dataschema=headers["ce_dataschema"],
            sequence=headers["ce_sequence"],
            data=data,
            traceparent=None,
        )
    )


def stories(count: int, seed: int = 1) -> Iterator[Snapshot]:
    """Two snapshots of each initiative."""
    pick = random.Random(seed)
    for number in range(count):
        day = FIRST_DAY - timedelta(days=pick.randint(0, 120))
        first = submitted(
            str(number), path=pick.choice(PATHS), campaigns=CAMPAIGNS, day=day, benefit=pick.choice((0, 7))
        )
        yield first
        ending = pick.choices((approved, rejected, withdrawn), weights=(8, 1, 1))[0]
        yield ending(first, day + timedelta(days=pick.randint(1, 60)))


@contextmanager
def side(folder: Path, kafka: str, partitions: int, initiatives: int, mongo: EmbeddedMongo) -> Iterator[Side]:
    with ExitStack() as stack:
        folder.mkdir()
        broker = stack.enter_context(KAFKA[kafka](folder))
        settings = MessagingSettings(broker.bootstrap)
        topics = [replace(topic, partitions=partitions) for topic in contracts.topics().values()]
        apply_topics(settings, topics)
        events = 0
        with publisher(settings) as target:
            waiting = []
            for snapshot in stories(initiatives):
                waiting.append(record_of(pending(snapshot)))
                events += 1
                if len(waiting) == PER_PUBLISH:
                    failed = [error for error in target.publish(waiting) if error is not None]
                    if failed:
                        sys.exit(f"not published: {failed[0]}")
                    waiting.clear()
            target.publish(waiting)
        client: MongoClient[dict[str, object]] = MongoClient(mongo.uri, tz_aware=True)
        stack.callback(client.close)
        stats = Stats(client[f"rebuild_{partitions}"], mongo.uri)
        stack.callback(stats.close)
        yield Side(partitions, broker.bootstrap, stats, psutil.Process(mongo.pid), events)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--initiatives", type=int, default=10_000)
    parser.add_argument("--partitions", default="1,2,4", help="numbers of partitions, the baseline first")
    parser.add_argument("--rounds", type=int, default=3, help="interleaved rounds, after one to warm up")
    parser.add_argument("--kafka", choices=sorted(KAFKA), default="embedded")
    options = parser.parse_args()
    end_cleanly()
    missing = ApacheKafka.unavailable() if options.kafka == "apache" else None
    if missing is not None:
        sys.exit(missing)
    with tempfile.TemporaryDirectory(prefix="rebuild-") as name, ExitStack() as stack:
        folder = Path(name)
        mongo = stack.enter_context(EmbeddedMongo(folder))
        sides = []
        for partitions in map(int, options.partitions.split(",")):
            made = side(folder / str(partitions), options.kafka, partitions, options.initiatives, mongo)
            sides.append(stack.enter_context(made))
            print(f"{sides[-1].events:,} events in {partitions} partitions per topic", flush=True)
        report(measured(sides, options.rounds), options)


def measured(sides: list[Side], rounds: int) -> dict[int, dict[str, list[Run]]]:
    runs: dict[int, dict[str, list[Run]]] = {one.partitions: {"bare": [], "rebuild": []} for one in sides}
    for number in range(rounds + 1):
        for one in sides:
            bare, ours = one.bare(), one.rebuilt()
            if number:
                runs[one.partitions]["bare"].append(bare)
                runs[one.partitions]["rebuild"].append(ours)
        print(f"round {number} of {rounds}", flush=True)
    return runs


def report(runs: dict[int, dict[str, list[Run]]], options: argparse.Namespace) -> None:
    def figure(partitions: int, side: str, name: str) -> float:
        return float(median(getattr(run, name) for run in runs[partitions][side]))

    first = next(iter(runs))
    rows: list[list[str | float]] = []
    for partitions in runs:
        bare, ours = (figure(partitions, side, "rate") for side in ("bare", "rebuild"))
        cpu = [figure(partitions, "rebuild", name) for name in ("own", "database")]
        rows.append([str(partitions), bare, ours, ours / bare, ours / figure(first, "rebuild", "rate"), *cpu])
    print(f"\n{state()}, {options.kafka} broker, median of {options.rounds} rounds")
    heads = ["partitions", "bare loop/s", "rebuild/s", "ratio", f"÷ {first} partition", "CPU ms", "database"]
    print(table(heads, rows))
    print("goals: ratio ≥ 0.4; two partitions ≥ 1.8 × one")


if __name__ == "__main__":
    main()
