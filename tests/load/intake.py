"""Measures intake against a bare Flask endpoint with one insert: same database, server, threads, one run.

    python -m tests.load.intake [--requests 1500] [--rounds 5] [--clients 8]

Prints requests per second, CPU of the API process per request, and the latency at half load, each as the
median of interleaved rounds and as a ratio. It is a benchmark, not a test. The goal is at least 0.65 of the
baseline's rate and at most 1.5 times its CPU.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from pymongo import MongoClient

from chassis.mongo.migrations import migrate
from submission.adapters.reference_documents import campaign_fields, unit_fields
from submission.domain.campaigns import Campaign, CampaignFacts
from submission.migrations import MIGRATIONS
from tests.support import signed_tokens, submission_service
from tests.support.mongo_servers import EmbeddedMongo
from tests.support.processes import ServerProcess, free_port, wait_until

THREADS = 8
KEY = signed_tokens.ec_key()


@contextmanager
def issuer() -> Iterator[str]:
    """The address of a key set; the services verify real signatures."""
    body = json.dumps(signed_tokens.key_set(KEY)).encode()

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/jwks"
    finally:
        server.shutdown()
        server.server_close()


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


class Load:
    """Clients with kept-alive connections, each a thread of this process."""

    def __init__(self, port: int, headers: dict[str, str], body: bytes, clients: int) -> None:
        self._port, self._headers, self._body, self._clients = port, headers, body, clients

    def run(self, requests: int, pause: float = 0.0) -> list[float]:
        """Milliseconds of each request; RuntimeError for any answer but 201."""
        share = [requests // self._clients] * self._clients
        with ThreadPoolExecutor(self._clients) as pool:
            return [ms for part in pool.map(lambda count: self._client(count, pause), share) for ms in part]

    def _client(self, requests: int, pause: float) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        taken = []
        for _ in range(requests):
            time.sleep(pause)
            headers = self._headers | {"Idempotency-Key": str(uuid.uuid4())}
            started = time.perf_counter()
            connection.request("POST", "/v1/initiatives", self._body, headers)
            answer = connection.getresponse()
            text = answer.read()
            taken.append((time.perf_counter() - started) * 1000)
            if answer.status != 201:
                raise RuntimeError(f"{answer.status}: {text.decode()}")
        connection.close()
        return taken


def cpu_seconds(process: ServerProcess) -> float:
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    times = [member.cpu_times() for member in family]
    return sum(t.user + t.system for t in times)


def measure(process: ServerProcess, load: Load, requests: int) -> tuple[float, float]:
    """Requests per second, and milliseconds of the API's CPU per request."""
    before, started = cpu_seconds(process), time.perf_counter()
    done = len(load.run(requests))
    seconds = time.perf_counter() - started
    return done / seconds, (cpu_seconds(process) - before) / done * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    today = datetime.now(UTC).date()
    content = submission_service.content(
        campaign="open", first_applied_on=(today - timedelta(days=30)).isoformat()
    )
    body = json.dumps(content | {"submit": True}).encode()
    bearer = signed_tokens.token(
        key=KEY,
        algorithm="ES256",
        subject=submission_service.MEMBER,
        grants=[{"role": "member", "unit": submission_service.UNIT}],
        exp=int(time.time()) + 3600,
    )
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
    with tempfile.TemporaryDirectory() as folder, issuer() as keys, EmbeddedMongo(Path(folder)) as db:
        prepare(db.uri)
        ports = {name: free_port() for name in ("bare", "submission")}
        common = {"MONGO_URI": db.uri}
        service = common | {
            "MONGO_DATABASE": "submission",
            "KAFKA_BOOTSTRAP": "127.0.0.1:1",
            "OIDC_ISSUER": signed_tokens.ISSUER,
            "OIDC_AUDIENCE": signed_tokens.AUDIENCE,
            "OIDC_JWKS_URL": keys,
            "HTTP_BIND": f"127.0.0.1:{ports['submission']}",
            "WORKER_BIND": "127.0.0.1:1",
            "WEB_THREADS": str(THREADS),
        }
        gunicorn = [str(Path(sys.executable).with_name("gunicorn")), "-w", "1", "-k", "gthread"]
        gunicorn += ["--threads", str(THREADS), "--keep-alive", "150", "-b", f"127.0.0.1:{ports['bare']}"]
        commands = {
            "bare": ([*gunicorn, "tests.load.bare_intake:app"], common),
            "submission": ([sys.executable, "-m", "submission", "api"], service),
        }
        with _running(commands, ports, Path(folder)) as processes:
            loads = {name: Load(ports[name], headers, body, options.clients) for name in ports}
            _report(processes, loads, options.requests, options.rounds)


@contextmanager
def _running(
    commands: dict[str, tuple[list[str], dict[str, str]]], ports: dict[str, int], folder: Path
) -> Iterator[dict[str, ServerProcess]]:
    processes = {
        name: ServerProcess(name, command, ports[name], folder / f"{name}.log", environment)
        for name, (command, environment) in commands.items()
    }
    try:
        for name, process in processes.items():
            process.start()
            wait_until(_alive(ports[name]), f"{name} is alive")
        yield processes
    finally:
        for process in processes.values():
            process.stop()


def _alive(port: int) -> Callable[[], bool]:
    def look() -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    return look


def _report(processes: dict[str, ServerProcess], loads: dict[str, Load], requests: int, rounds: int) -> None:
    for load in loads.values():
        load.run(200)
    rates: dict[str, list[float]] = {name: [] for name in loads}
    cpu: dict[str, list[float]] = {name: [] for name in loads}
    half: dict[str, list[float]] = {name: [] for name in loads}
    for number in range(rounds):
        for name, load in loads.items():
            rate, milliseconds = measure(processes[name], load, requests)
            rates[name].append(rate)
            cpu[name].append(milliseconds)
            print(
                f"round {number + 1} {name:10} {rate:7.0f}/s  {milliseconds:.3f} ms CPU per request",
                flush=True,
            )
    for name, load in loads.items():
        half[name] = load.run(requests // 2, pause=8 / statistics.median(rates[name]))
    print(f"\nload average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    print(f"{'':24}{'bare Flask':>12}{'submission':>12}{'ratio':>8}")
    rows: list[tuple[str, Callable[[str], float]]] = [
        ("requests/s", lambda name: statistics.median(rates[name])),
        ("CPU ms per request", lambda name: statistics.median(cpu[name])),
        ("p50 ms at half load", lambda name: statistics.quantiles(half[name], n=100)[49]),
        ("p99 ms at half load", lambda name: statistics.quantiles(half[name], n=100)[98]),
    ]
    for title, figure in rows:
        bare, ours = figure("bare"), figure("submission")
        print(f"{title:24}{bare:12.2f}{ours:12.2f}{ours / bare:8.2f}")


if __name__ == "__main__":
    main()
