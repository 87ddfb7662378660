"""The whole service as processes on a real broker and database: counted, told, put aside, rebuilt."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import contracts
from chassis.events.codec import PendingEvent
from chassis.producer import Record
from chassis.topics import apply_topics
from stats.domain.snapshots import Basis, Snapshot
from tests.support.messaging import Channel, MessagingSettings, publisher, record_of
from tests.support.processes import ServerProcess, free_port, wait_until
from tests.support.stats_histories import PATHS, approved, delivered, histories, newest, submitted
from tests.support.stats_service import Stats, initiative_id, pending, pending_campaign, pending_unit


class Deployed:
    """The service's processes, beside `stats`, which looks into the same database."""

    def __init__(self, folder: Path, kafka: str, mongo: str, stats: Stats) -> None:
        self.stats = stats
        self.kafka = MessagingSettings(kafka)
        self.channel = Channel(self.kafka, "stats", ())
        self._folder = folder
        self.port = free_port()
        self.environment = {
            **os.environ,
            "MONGO_URI": mongo,
            "MONGO_DATABASE": stats.db.name,
            "KAFKA_BOOTSTRAP": kafka,
            "OIDC_ISSUER": "http://127.0.0.1:1",
            "OIDC_JWKS_URL": "http://127.0.0.1:1/jwks",
            "WORKER_BIND": f"127.0.0.1:{self.port}",
        }
        apply_topics(self.kafka, contracts.topics().values())

    def worker(self) -> ServerProcess:
        command = [sys.executable, "-m", "stats", "worker"]
        return ServerProcess(
            "stats worker", command, self.port, self._folder / "worker.log", self.environment
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stats", *arguments]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120)

    def publish(self, *events: PendingEvent) -> None:
        self.write([record_of(event) for event in events])

    def write(self, records: Sequence[Record]) -> None:
        with publisher(self.kafka) as target:
            assert target.publish(records) == [None] * len(records)

    def counted(self) -> dict[str, Snapshot]:
        with self.stats.audit.reading(hold=False) as reading:
            return {snapshot.initiative: snapshot for snapshot in reading.snapshots()}

    def wait_until_counted(self, snapshots: Sequence[Snapshot]) -> None:
        wanted = {initiative_id(snapshot.initiative): snapshot.sequence for snapshot in snapshots}

        def all_counted() -> bool:
            return {id: snapshot.sequence for id, snapshot in self.counted().items()} == wanted

        wait_until(all_counted, "every initiative is counted at its newest snapshot", seconds=60, every=0.2)


@pytest.fixture
def deployed(own_kafka_server: Any, mongo_server: Any, stats: Stats, tmp_path: Path) -> Deployed:
    return Deployed(tmp_path, own_kafka_server.bootstrap, mongo_server.uri, stats)


def reference() -> list[PendingEvent]:
    prefixes = dict.fromkeys(tuple(path[: depth + 1]) for path in PATHS for depth in range(len(path)))
    return [*(pending_unit(*path) for path in prefixes), *map(pending_campaign, ("phase-1", "peak"))]


def test_events_are_counted_through_kills_and_a_rebuild_finds_the_same(deployed: Deployed) -> None:
    stories = histories(random.Random(11), 30)
    events = [pending(snapshot) for batch in delivered(random.Random(12), stories) for snapshot in batch]
    third = len(events) // 3
    deployed.publish(*reference())

    worker = deployed.worker().start()
    deployed.publish(*events[:third])
    wait_until(lambda: bool(deployed.counted()), "something is counted", seconds=60)
    worker.kill()
    deployed.publish(*events[third : 2 * third])
    with deployed.worker():
        deployed.publish(*events[2 * third :])
        deployed.wait_until_counted(newest(stories))
        before = deployed.stats.counters()

        # While the worker lives: it is paused and goes on.
        rebuilt = deployed.run("rebuild")
        late = submitted("i-900")
        deployed.publish(pending(late))
        deployed.wait_until_counted([*newest(stories), late])

    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "rebuild: done, 30 initiatives" in rebuilt.stderr
    assert deployed.stats.generations.head()["generation"] == 2
    assert len(deployed.stats.counters()[0]) >= len(before[0])
    reconciled = deployed.run("reconcile")
    assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
    assert "31 initiatives, 0 counter differences" in reconciled.stdout


def test_poison_goes_to_the_dead_letters_and_a_reached_target_is_published(deployed: Deployed) -> None:
    stats = deployed.stats
    stats.tell_tree(PATHS)
    stats.people.add("admin", ("admin", "TLD"))
    assert stats.put_target("LD-A", 1, "admin").status_code == 200
    good = approved(submitted("i-1"))
    event = pending(good)
    no_sequence = tuple(header for header in event.headers if header[0] != "ce_sequence")
    poison = Record(event.topic, b"poison", b"not JSON", event.headers)
    uncountable = Record(event.topic, b"uncountable", event.value, no_sequence)

    with deployed.worker():
        deployed.write([poison, uncountable])
        deployed.publish(event)
        deployed.wait_until_counted([good])
        letters = deployed.channel.read("stats.dlq", 2)
        told = deployed.channel.read("target.reached", 1)

    assert {letter.key for letter in letters} == {b"poison", b"uncountable"}
    codes = {dict(letter.headers)["dlq_error_code"] for letter in letters}
    assert b"sequence-missing" in codes
    assert [record.key for record in told] == [b"phase-1:LD-A"]


def test_counters_that_64_bits_cannot_hold_count_on_with_no_dead_letter_and_survive_a_rebuild(
    deployed: Deployed,
) -> None:
    most = 10**15
    deployed.publish(*reference())
    first = submitted("i-0", benefit=most)
    deployed.stats.count(replace(first, initiative=initiative_id("i-0")))
    fill(deployed.stats, 9_223 * most)
    absurd = [submitted(f"i-{number}", benefit=most) for number in range(1, 31)]
    honest = approved(submitted("i-99", path=PATHS[2], benefit=14_000_000))

    with deployed.worker():
        deployed.publish(*map(pending, absurd), pending(honest))
        deployed.wait_until_counted([first, *absurd, honest])
        totals = deployed.stats.counters()[1]
        deployed.publish(pending(first))
        rebuilt = deployed.run("rebuild")

    nation = next(one for one in totals if one[:4] == ("TLD", "phase-1", "all", Basis.SUBMITTED))
    assert totals[nation].initiatives == 32
    assert totals[nation].benefit == (9_223 + 30) * most + 14_000_000
    assert deployed.channel.read("stats.dlq", 0) == []
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert deployed.run("reconcile").returncode == 0


def fill(stats: Stats, benefit: int) -> None:
    """Set every sum of declared benefit, as many submissions before would have left it."""

    def filled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: benefit if name == "b" else filled(inner) for name, inner in value.items()}

    counters = stats.generations.counters(stats.generations.head()["generation"])
    for document in list(counters.find()):
        counters.replace_one({"_id": document["_id"]}, filled(document))


def test_a_rebuild_without_kafka_ends_with_one_plain_line(deployed: Deployed, own_kafka_server: Any) -> None:
    deployed.stats.count(submitted("i-1"))
    own_kafka_server.stop()

    ended = deployed.run("rebuild")

    assert ended.returncode == 75, ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert "run it again when both are back" in ended.stderr.splitlines()[-1]
    assert deployed.stats.generations.head()["generation"] == 1
    assert deployed.stats.count(submitted("i-2")) == 1


def test_a_role_without_its_settings_says_which(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "stats", "reconcile"]
    bare = {
        name: text for name, text in os.environ.items() if not name.startswith(("MONGO", "KAFKA", "OIDC"))
    }

    ended = subprocess.run(command, env=bare, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 78
    assert "MONGO_URI" in ended.stderr
