"""The service as it is deployed: its three roles as processes, on a real broker and a real database."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from kafka import KafkaConsumer
from pymongo.database import Database

import contracts
from chassis.kafka_client import client_options, construct
from chassis.producer import make_producer
from chassis.topics import apply_topics
from review.config import Settings
from review.domain.intake import Told
from tests.support import review_api
from tests.support.mongo_servers import MongoServer
from tests.support.processes import ServerProcess, free_port, wait_until
from tests.support.review_api import SUBMISSION_CODEC
from tests.support.review_cases import INITIATIVE, Submission, initiative_id


class KafkaServer(Protocol):
    bootstrap: str


class ReviewProcesses:
    """api and worker as processes, with a frequent look at the union tree."""

    def __init__(self, mongo: MongoServer, database: str, kafka: KafkaServer, folder: Path) -> None:
        self.settings: Settings = review_api.settings(
            mongo_uri=mongo.uri, mongo_database=database, kafka_bootstrap=kafka.bootstrap
        )
        self.api_port, self.worker_port = free_port(), free_port()
        self.environment = {
            "MONGO_URI": mongo.uri,
            "MONGO_DATABASE": database,
            "KAFKA_BOOTSTRAP": kafka.bootstrap,
            "OIDC_ISSUER": "http://127.0.0.1:1",
            "OIDC_JWKS_URL": "http://127.0.0.1:1/jwks",
            "HTTP_BIND": f"127.0.0.1:{self.api_port}",
            "WORKER_BIND": f"127.0.0.1:{self.worker_port}",
            "REFRESH_SECONDS": "0.1",
        }
        self.api, self.worker = (
            ServerProcess(
                f"review {role}",
                [sys.executable, "-m", "review", role],
                port,
                folder / f"{role}.log",
                self.environment,
            )
            for role, port in (("api", self.api_port), ("worker", self.worker_port))
        )

    def __enter__(self) -> ReviewProcesses:
        self.api.start()
        self.worker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.worker.stop()
        self.api.stop()

    def publish(self, *told: Told) -> None:
        """As submission's relay does."""
        producer = make_producer(self.settings)
        try:
            for one in told:
                event = review_api.event_of(one)
                pending = SUBMISSION_CODEC.pending(
                    event.topic,
                    subject=event.subject,
                    data=event.data,
                    sequence=event.sequence,
                    now=event.time,
                )
                producer.send(
                    pending.topic,
                    key=pending.key.encode(),
                    value=pending.value,
                    headers=list(pending.headers),
                )
            producer.flush(timeout=20)
        finally:
            producer.close()


@pytest.fixture
def processes(
    mongo_server: MongoServer, mongo_db: Database[dict[str, Any]], own_kafka_server: Any, tmp_path: Path
) -> Iterator[ReviewProcesses]:
    review = ReviewProcesses(mongo_server, mongo_db.name, own_kafka_server, tmp_path)
    apply_topics(review.settings, contracts.topics().values())
    bring_up_to_date(review)
    with review:
        yield review


def bring_up_to_date(review: ReviewProcesses) -> None:
    command = [sys.executable, "-m", "review", "migrate"]
    subprocess.run(command, env={**os.environ, **review.environment}, check=True, timeout=60)


def ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def assignments(settings: Settings, count: int) -> list[tuple[str, dict[str, Any]]]:
    """The first `count` events on review.assigned: key and data."""
    consumer = construct(
        KafkaConsumer,
        **client_options(settings),
        group_id=None,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    found: list[tuple[str, dict[str, Any]]] = []
    try:
        consumer.subscribe(["review.assigned"])

        def enough() -> bool:
            for records in consumer.poll(timeout_ms=200).values():
                found.extend((record.key.decode(), orjson.loads(record.value)) for record in records)
            return len(found) >= count

        wait_until(enough, f"{count} events on review.assigned", seconds=60)
    finally:
        consumer.close()
    return found


def test_what_submission_publishes_becomes_cases_whose_assignments_are_published(
    processes: ReviewProcesses, mongo_db: Database[dict[str, Any]]
) -> None:
    ids = {initiative_id(n) for n in range(20)}

    processes.publish(*(Submission(id=one).submit() for one in sorted(ids)))

    found = assignments(processes.settings, 20)
    assert {key for key, _ in found} == ids
    assert {data["detail"]["unit"] for _, data in found} == {"HC-APATIT-VIET-NAM"}
    wait_until(
        lambda: mongo_db["cases"].count_documents({"outbox_lane": {"$exists": True}}) == 0,
        "every outbox is empty",
    )
    assert ready(processes.api_port)
    assert ready(processes.worker_port)


def test_a_worker_that_is_killed_loses_and_doubles_nothing(
    processes: ReviewProcesses, mongo_db: Database[dict[str, Any]]
) -> None:
    ids = [initiative_id(n) for n in range(60)]
    processes.publish(*(Submission(id=one).submit() for one in ids[:30]))
    wait_until(lambda: mongo_db["cases"].find_one({}) is not None, "the first case is open", seconds=60)

    processes.worker.kill()
    processes.publish(*(Submission(id=one).submit() for one in ids[30:]))
    processes.worker.start()

    wait_until(lambda: mongo_db["cases"].count_documents({}) == 60, "all cases are open", seconds=60)
    found = assignments(processes.settings, 60)
    # The same event may be published again after a kill; it is then the same event.
    assert {key for key, _ in found} == set(ids)
    assert {data["revision"] for _, data in found} == {1}
    assert all(case["version"] == 1 for case in mongo_db["cases"].find())


def test_both_servers_stop_cleanly(processes: ReviewProcesses) -> None:
    processes.publish(Submission().submit())
    assert assignments(processes.settings, 1)[0][0] == INITIATIVE

    assert processes.worker.stop() == 0
    assert processes.api.stop() == 0
