"""The service as it is deployed: its roles as processes, on a real broker and a real database."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer
from pymongo.database import Database

import contracts
from chassis.kafka_client import client_options, construct
from chassis.producer import make_producer
from chassis.topics import apply_topics
from submission.config import Settings
from tests.support import submission_service
from tests.support.mongo_servers import MongoServer
from tests.support.processes import ServerProcess, free_port, wait_until
from tests.support.submission_service import REVIEW_CODEC, UNIT, SubmissionService


class Processes:
    """api and worker as processes beside an application in the test, on the same database."""

    def __init__(self, mongo: MongoServer, database: str, bootstrap: str, folder: Path) -> None:
        self.settings: Settings = submission_service.settings(
            mongo_uri=mongo.uri, mongo_database=database, kafka_bootstrap=bootstrap
        )
        self.api_port, self.worker_port = free_port(), free_port()
        self.environment = {
            "MONGO_URI": mongo.uri,
            "MONGO_DATABASE": database,
            "KAFKA_BOOTSTRAP": bootstrap,
            "OIDC_ISSUER": "http://127.0.0.1:1",
            "OIDC_JWKS_URL": "http://127.0.0.1:1/jwks",
            "HTTP_BIND": f"127.0.0.1:{self.api_port}",
            "WORKER_BIND": f"127.0.0.1:{self.worker_port}",
            "REFERENCE_REFRESH_SECONDS": "0.1",
        }
        self.api, self.worker = (
            ServerProcess(
                f"submission {role}",
                [sys.executable, "-m", "submission", role],
                port,
                folder / f"{role}.log",
                self.environment,
            )
            for role, port in (("api", self.api_port), ("worker", self.worker_port))
        )

    def run(self, role: str) -> int:
        command = [sys.executable, "-m", "submission", role]
        return subprocess.run(command, env={**os.environ, **self.environment}, timeout=60).returncode

    def answer(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api_port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def processes(
    mongo_server: MongoServer, mongo_db: Database[dict[str, Any]], own_kafka_server: Any, tmp_path: Path
) -> Iterator[Processes]:
    made = Processes(mongo_server, mongo_db.name, own_kafka_server.bootstrap, tmp_path)
    apply_topics(made.settings, contracts.topics().values())
    yield made
    made.worker.stop()
    made.api.stop()


def published(settings: Settings, topic: str, count: int) -> dict[str, set[str]]:
    """Key -> the distinct ce_id on a topic, once there are `count` keys."""
    consumer = construct(
        KafkaConsumer,
        **client_options(settings),
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    found: dict[str, set[str]] = {}
    try:
        consumer.subscribe([topic])

        def enough() -> bool:
            for records in consumer.poll(timeout_ms=200).values():
                for record in records:
                    found.setdefault(record.key.decode(), set()).add(dict(record.headers)["ce_id"].decode())
            return len(found) >= count

        wait_until(enough, f"{count} keys on {topic}", seconds=60)
    finally:
        consumer.close()
    return found


def test_submissions_reach_the_topic_and_decisions_come_back(
    processes: Processes, mongo_db: Database[dict[str, Any]]
) -> None:
    assert processes.run("migrate") == 0
    assert processes.run("migrate") == 0
    service = SubmissionService(mongo_db)
    # While no worker and so no broker is in reach, intake goes on.
    ids = {service.submitted()["id"] for _ in range(20)}
    decided = sorted(ids)[0]
    event = REVIEW_CODEC.pending(
        "initiative.approved",
        subject=decided,
        data=service.review_event("initiative.approved", decided, "000001.000004", "approved").data,
        sequence="000001.000004",
        now=service.now,
    )

    processes.worker.start()
    producer = make_producer(processes.settings)
    try:
        producer.send(
            event.topic, key=event.key.encode(), value=event.value, headers=list(event.headers)
        ).get(timeout=20)
    finally:
        producer.close()

    assert set(published(processes.settings, "initiative.submitted", 20)) == ids
    wait_until(lambda: service.seen(decided)["state"] == "approved", "the approval is followed", seconds=60)
    wait_until(
        lambda: mongo_db["initiatives"].count_documents({"outbox_lane": {"$exists": True}}) == 0,
        "every outbox is empty",
    )
    assert processes.worker.stop() == 0


def test_a_relay_that_is_killed_loses_nothing_and_repeats_only_the_same_event(
    processes: Processes, mongo_db: Database[dict[str, Any]]
) -> None:
    service = SubmissionService(mongo_db)
    processes.worker.start()
    ids = {service.submitted()["id"] for _ in range(40)}

    processes.worker.kill()
    ids |= {service.submitted()["id"] for _ in range(10)}
    processes.worker.start()

    found = published(processes.settings, "initiative.submitted", 50)
    assert set(found) == ids
    assert {len(event_ids) for event_ids in found.values()} == {1}


def test_the_api_serves_what_it_loaded_and_says_what_it_lacks(
    processes: Processes, mongo_db: Database[dict[str, Any]]
) -> None:
    processes.api.start()
    unmigrated = processes.answer("/readyz")
    assert processes.run("migrate") == 0
    SubmissionService(mongo_db)

    wait_until(lambda: processes.answer("/readyz")[0] == 200, "the API is ready", seconds=30)
    wait_until(lambda: processes.answer(f"/v1/units/{UNIT}")[0] == 200, "the unit is known", seconds=30)

    assert unmigrated[0] == 503
    assert "migrations" in unmigrated[1]
    assert processes.answer("/v1/initiatives")[0] == 401
    assert processes.api.stop() == 0
