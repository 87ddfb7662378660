"""The service as it is deployed: its roles as processes, on a real broker, database and mail server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

import contracts
from chassis.clock import utc_now
from chassis.producer import make_producer
from chassis.topics import apply_topics
from notify.adapters.contacts import MongoContacts
from notify.domain.contacts import Contact
from tests.support.messaging import MessagingSettings
from tests.support.mongo_servers import MongoServer
from tests.support.notify_news import CODEC, example
from tests.support.notify_stage import ENVIRONMENT
from tests.support.processes import ServerProcess, free_port, wait_until
from tests.support.smtp_servers import Postbox

EVERY_ROLE_NEEDS = {**ENVIRONMENT, "MAIL_POLL_SECONDS": "0.1", "CONSUMER_BATCH": "20"}


class NotifyProcesses:
    """api and worker as processes."""

    def __init__(self, mongo: MongoServer, database: str, kafka: Any, postbox: Postbox, folder: Path) -> None:
        self.kafka = MessagingSettings(kafka.bootstrap)
        self.ports = {"api": free_port(), "worker": free_port()}
        self.environment = {
            **EVERY_ROLE_NEEDS,
            "MONGO_URI": mongo.uri,
            "MONGO_DATABASE": database,
            "KAFKA_BOOTSTRAP": kafka.bootstrap,
            "SMTP_PORT": str(postbox.port),
            "HTTP_BIND": f"127.0.0.1:{self.ports['api']}",
            "WORKER_BIND": f"127.0.0.1:{self.ports['worker']}",
        }
        self.api, self.worker = (
            ServerProcess(
                f"notify {role}",
                [sys.executable, "-m", "notify", role],
                port,
                folder / f"{role}.log",
                self.environment,
            )
            for role, port in self.ports.items()
        )

    def run(self, role: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "notify", role, *arguments],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def ready(self, role: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[role]}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def publish(self, *events: tuple[str, dict[str, Any]], times: int = 1) -> None:
        """Each event `times` times under the same id, as a relay does whose acknowledgement was lost."""
        producer = make_producer(self.kafka)
        try:
            for topic, data in events:
                pending = CODEC.pending(
                    topic, subject=data["initiative_id"], data=data, sequence=None, now=utc_now()
                )
                for _ in range(times):
                    producer.send(
                        topic, key=pending.key.encode(), value=pending.value, headers=list(pending.headers)
                    )
            producer.flush(timeout=20)
        finally:
            producer.close()


@pytest.fixture
def processes(
    mongo_server: MongoServer,
    mongo_db: Database[dict[str, Any]],
    own_kafka_server: Any,
    postbox: Postbox,
    tmp_path: Path,
) -> Iterator[NotifyProcesses]:
    notify = NotifyProcesses(mongo_server, mongo_db.name, own_kafka_server, postbox, tmp_path)
    apply_topics(notify.kafka, contracts.topics().values())
    assert notify.run("migrate").returncode == 0
    yield notify
    notify.worker.stop()
    notify.api.stop()


def story(number: int) -> tuple[str, dict[str, Any]]:
    """The approval of another initiative by another member."""
    member = f"m-{number:010d}"
    changes = {"initiative_id": str(uuid.UUID(int=number)), "submitted_by": member, "author_ids": [member]}
    return "initiative.approved", example("initiative.approved") | changes


def know(db: Database[dict[str, Any]], count: int) -> None:
    contacts = MongoContacts(db)
    for number in range(count):
        contacts.save(Contact(f"m-{number:010d}", 1, "A", f"a{number}@example.org"), replacing=0)


@pytest.mark.tiers("embedded")  # nothing in it depends on the broker
def test_both_roles_start_become_ready_and_stop_cleanly(processes: NotifyProcesses) -> None:
    for role in ("api", "worker"):
        process: ServerProcess = getattr(processes, role)
        process.start()
        wait_until(lambda role=role: processes.ready(role), f"{role} is ready")  # type: ignore[misc]

        assert process.stop() == 0, process.output()


@pytest.mark.tiers("embedded")  # nothing in it depends on the broker
def test_migrating_again_is_fine_and_settings_are_checked(processes: NotifyProcesses) -> None:
    assert processes.run("migrate").returncode == 0
    assert processes.run("check-config").returncode == 0
    del processes.environment["SMTP_HOST"]
    processes.environment["MAIL_FROM"] = "nobody"

    refused = processes.run("check-config")

    assert refused.returncode == 78
    assert "SMTP_HOST" in refused.stderr
    assert "MAIL_FROM" in refused.stderr


@dataclass
class AtTurn:
    """Strikes once, in the conversation about a mail: at `step` (see Postbox), the `turn`th time from now."""

    step: str
    turn: int
    strike: Callable[[], None]
    struck: threading.Event = field(default_factory=threading.Event)

    def __call__(self, step: str) -> None:
        if step == self.step and not self.struck.is_set():
            self.turn -= 1
            if self.turn == 0:
                self.strike()
                self.struck.set()


def counted_in_doubt(processes: NotifyProcesses) -> float:
    """What the worker that runs has counted; a killed one takes its count along."""
    page = urllib.request.urlopen(f"http://127.0.0.1:{processes.ports['worker']}/metrics", timeout=10)
    with page as answer:
        lines = answer.read().decode().splitlines()
    values = [line.split()[1] for line in lines if line.startswith("notify_mail_in_doubt_total ")]
    return float(values[0]) if values else 0.0


DOUBTFUL = {"state": "in_doubt"}
PART = 12
# The server has the text and has not kept it; has kept it and not answered; has answered, the next begins.
MOMENTS = ("text", "kept", "sender", "kept")


def test_killed_again_and_again_the_worker_mails_nobody_twice_and_owns_up_to_what_is_in_doubt(
    processes: NotifyProcesses, mongo_db: Database[dict[str, Any]], postbox: Postbox
) -> None:
    count = PART * len(MOMENTS)
    know(mongo_db, count)
    rows = mongo_db["messages"]
    told = {"channel": "email", "state": {"$in": ["sent", "in_doubt"]}}
    processes.worker.start()

    counted = 0.0
    for part, moment in enumerate(MOMENTS):
        postbox.at_step = death = AtTurn(moment, 3 + part, processes.worker.kill)
        processes.publish(*(story(part * PART + number) for number in range(PART)), times=2)
        wait_until(death.struck.is_set, f"a kill in the middle of the mails, at {moment}", 90)
        # Rows that the killed worker had leased: without this the test would wait for the lease to end.
        rows.update_many({"waits_in": "leased"}, {"$set": {"waits_until": utc_now()}})
        processes.worker.start()
        settled = PART * (part + 1)
        wait_until(lambda settled=settled: rows.count_documents(told) == settled, "all is settled", 90)  # type: ignore[misc]
        # A row is written before it is counted.
        wait_until(
            lambda before=counted: before + counted_in_doubt(processes) == rows.count_documents(DOUBTFUL),  # type: ignore[misc]
            "what is in doubt is counted",
            90,
        )
        counted += counted_in_doubt(processes)

    everybody = {f"a{number}@example.org" for number in range(count)}
    assert Counter(postbox.recipients).most_common(1)[0][1] == 1
    assert len({str(mail["Message-ID"]) for mail in postbox.mails}) == len(postbox.mails)
    doubtful = {f"a{int(row['member'][2:])}@example.org" for row in rows.find(DOUBTFUL)}
    assert everybody - set(postbox.recipients) <= doubtful
    # One mail is under way at a time, and a part ends when all of it is settled.
    assert len(doubtful) <= len(MOMENTS)
    assert counted == len(doubtful)
    inbox = Counter(row["member"] for row in rows.find({"channel": "inbox"}))
    assert inbox == Counter(f"m-{number:010d}" for number in range(count))


@pytest.mark.tiers("embedded")  # nothing in it depends on the broker
def test_a_worker_that_is_stopped_in_the_middle_leaves_nothing_in_doubt(
    processes: NotifyProcesses, mongo_db: Database[dict[str, Any]], postbox: Postbox
) -> None:
    know(mongo_db, PART)
    rows = mongo_db["messages"]
    processes.worker.start()
    wait_until(lambda: processes.ready("worker"), "the worker is ready")

    def stop() -> None:
        os.kill(processes.worker.pid, signal.SIGTERM)
        # It looks for signals five times a second; without this wait all mails could be sent by then.
        wait_until(lambda: not processes.ready("worker"), "the worker has noticed the signal")

    postbox.at_step = end = AtTurn("text", 5, stop)
    processes.publish(*(story(number) for number in range(PART)))
    wait_until(end.struck.is_set, "the worker is told to stop", 90)
    assert processes.worker.stop(60) == 0, processes.worker.output()

    states = Counter(row["state"] for row in rows.find({"channel": "email"}))
    assert states == {"sent": len(postbox.mails), "due": PART - len(postbox.mails)}
    assert len(postbox.mails) >= 5
    assert mongo_db["mail_journal"].count_documents({}) == 0
    processes.worker.start()
    wait_until(lambda: rows.count_documents({"state": "sent"}) == PART, "the rest goes out", 90)
    assert Counter(postbox.recipients) == Counter(f"a{number}@example.org" for number in range(PART))


@pytest.mark.tiers("embedded")  # nothing in it depends on the broker
def test_a_retention_that_was_due_while_the_worker_was_down_runs_once_it_is_up(
    processes: NotifyProcesses, mongo_db: Database[dict[str, Any]]
) -> None:
    processes.worker.start()
    wait_until(lambda: mongo_db["schedules"].count_documents({}) == 2, "the schedules are planned")
    processes.worker.kill()
    long_ago = utc_now() - timedelta(days=1000)
    mongo_db["messages"].insert_many([{"_id": f"old-{n}", "member": "m-1", "at": long_ago} for n in range(5)])
    mongo_db["messages"].insert_one({"_id": "young", "member": "m-1", "at": utc_now()})
    missed = utc_now() - timedelta(days=3)
    mongo_db["schedules"].update_one({"_id": "retention.daily"}, {"$set": {"next_at": missed}})

    processes.worker.start()
    jobs = mongo_db["jobs"]
    wait_until(lambda: jobs.count_documents({"state": "done"}) == 1, "the retention is done", 60)

    (job,) = jobs.find()
    assert (job["kind"], job["args"]["occurrence"]) == ("messages.retention", missed)
    assert job["result"]["counts"] == {"removed": 5}
    assert [row["_id"] for row in mongo_db["messages"].find()] == ["young"]
    shown = processes.run("jobs", "list")
    assert (shown.returncode, shown.stdout.split()[1:3]) == (0, ["done", "5/5"])


def test_what_happened_while_the_mail_server_was_away_is_mailed_when_it_is_back(
    processes: NotifyProcesses, mongo_db: Database[dict[str, Any]], postbox: Postbox
) -> None:
    know(mongo_db, 3)
    postbox.sender_refused = "451 4.3.0 not now"
    processes.worker.start()
    processes.publish(*(story(number) for number in range(3)))
    wait_until(lambda: "mail server away" in processes.worker.output(), "the outage is noticed", 60)

    postbox.sender_refused = None

    wait_until(lambda: len(postbox.recipients) == 3, "all mail arrives", 60)
    assert "example.org" not in processes.worker.output()
