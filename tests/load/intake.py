"""Measures intake against a bare Flask endpoint with one insert: same database, server, threads, one run.

    python -m tests.load.intake [--requests 1500] [--rounds 5] [--clients 8]

Prints requests per second, CPU of the API process per request, and the latency at half load, each as the
median of interleaved rounds and as a ratio. It is a benchmark, not a test. The goal is at least 0.65 of the
baseline's rate and at most 1.5 times its CPU.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from chassis.mongo.migrations import migrate
from submission.adapters.reference_documents import campaign_fields, unit_fields
from submission.domain.campaigns import Campaign, CampaignFacts
from submission.migrations import MIGRATIONS
from tests.load.bench.http_load import Load, request
from tests.load.bench.report import percentile, state, table
from tests.load.bench.servers import bare, bearer, end_cleanly, issuer, per_second, running, service
from tests.support import submission_service
from tests.support.mongo_servers import EmbeddedMongo
from tests.support.processes import ServerProcess


def prepare(uri: str) -> None:
    """The sample tree and an open campaign in the service's database."""
    now = datetime.now(UTC)
    client: MongoClient[dict[str, Any]] = MongoClient(uri, tz_aware=True)
    db = client["submission"]
    migrate(db, MIGRATIONS, owner="bench", clock=lambda: datetime.now(UTC))
    first = {"version": 1, "changed_at": now}
    units = submission_service.tree()
    db["units"].insert_many({"_id": u.code, "kind": "unit", **first, **unit_fields(u)} for u in units)
    eligible = (now.date() - timedelta(days=800), now.date())
    window = (now - timedelta(days=1), now + timedelta(days=30))
    campaign = Campaign("open", CampaignFacts("1-trieu-sang-kien", "Mở", "Open", *window, *eligible), 1)
    db["campaigns"].insert_one({"_id": "open", "kind": "campaign", **first, **campaign_fields(campaign)})
    client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    end_cleanly()
    today = datetime.now(UTC).date()
    content = submission_service.content(
        campaign="open", first_applied_on=(today - timedelta(days=30)).isoformat()
    )
    body = json.dumps(content | {"submit": True}).encode()
    headers = bearer(submission_service.MEMBER, ("member", submission_service.UNIT))

    def submission() -> bytes:
        return request("POST", "/v1/initiatives", headers | {"Idempotency-Key": str(uuid.uuid4())}, body)

    with tempfile.TemporaryDirectory() as name, issuer() as keys, EmbeddedMongo(Path(name)) as db:
        folder = Path(name)
        prepare(db.uri)
        processes = {
            "bare": bare(folder, db.uri),
            "submission": service(folder, "submission", "api", mongo=db.uri, keys=keys),
        }
        with running(list(processes.values())):
            loads = {
                name: Load(process.port, submission, options.clients, expected=201)
                for name, process in processes.items()
            }
            report(processes, loads, options.requests, options.rounds, options.clients)


def report(
    processes: dict[str, ServerProcess], loads: dict[str, Load], requests: int, rounds: int, clients: int
) -> None:
    for load in loads.values():
        load.run(200)
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in loads}
    half: dict[str, list[float]] = {}
    for number in range(rounds):
        for name, load in loads.items():
            figures = per_second(partial(load.run, requests), {"cpu": processes[name].pid})
            seen[name].append(figures)
            print(
                f"round {number + 1} {name:10} {figures['rate']:7.0f}/s  "
                f"{figures['cpu']:.3f} ms CPU per request",
                flush=True,
            )

    def median(name: str, figure: str) -> float:
        return statistics.median(one[figure] for one in seen[name])

    for name, load in loads.items():
        half[name] = load.run(requests // 2, pause=clients / median(name, "rate"))
    rows: list[tuple[str, Callable[[str], float], str]] = [
        ("requests/s", lambda name: median(name, "rate"), "≥ 0.65"),
        ("CPU ms per request", lambda name: median(name, "cpu"), "≤ 1.5"),
        ("p50 ms at half load", lambda name: percentile(half[name], 50), ""),
        ("p99 ms at half load", lambda name: percentile(half[name], 99), ""),
    ]
    print(f"\n{state()}, median of {rounds} rounds")
    print(
        table(
            ["", "bare Flask", "submission", "ratio", "goal"],
            [
                (title, of("bare"), of("submission"), of("submission") / of("bare"), goal)
                for title, of, goal in rows
            ],
        )
    )


if __name__ == "__main__":
    main()
