"""The service as it is deployed: its roles as processes, on a real broker, database and mail server."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

import contracts
from chassis.clock import utc_now
from chassis.producer import make_producer
from chassis.topics import apply_topics
from notify.adapters.contacts import MongoContacts
from notify.application.marking import GROUP
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

    def run(self, role: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "notify", role],
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


def test_killed_again_and_again_the_worker_tells_everybody_once(
    processes: NotifyProcesses, mongo_db: Database[dict[str, Any]], postbox: Postbox
) -> None:
    count = 60
    know(mongo_db, count)
    processes.worker.start()

    kills = 3
    for part in range(kills):
        processes.publish(*(story(number) for number in range(part * 20, part * 20 + 20)), times=2)
        wait_until(lambda part=part: len(postbox.recipients) > part * 20, "mail goes out", 60)  # type: ignore[misc]
        processes.worker.kill()
        # Rows that the killed worker had leased: without this the test would wait for the lease to end.
        mongo_db["messages"].update_many({"waits_in": "leased"}, {"$set": {"waits_until": utc_now()}})
        processes.worker.start()

    wait_until(lambda: len(set(postbox.recipients)) == count, "everybody has the mail", 60)
    wait_until(lambda: mongo_db["messages"].count_documents({"state": "sent"}) == count, "all are marked", 60)
    inbox = Counter(row["member"] for row in mongo_db["messages"].find({"channel": "inbox"}))
    assert inbox == Counter(f"m-{number:010d}" for number in range(count))
    # Mails that were accepted and not yet marked when the worker was killed come again, as the same mails: at
    # most the group being marked, the group that gathers and the mail on its way.
    ids = {str(mail["Message-ID"]) for mail in postbox.mails}
    assert len(ids) == count
    assert len(postbox.mails) <= count + kills * (2 * GROUP + 1)


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
