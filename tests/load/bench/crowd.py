"""Client processes that load a running platform over HTTP with real tokens and journal what it acknowledged:

    python -m tests.load.bench.crowd submit --home HOME --journal FILE --of N --part 0/2 …
    python -m tests.load.bench.crowd review --home HOME --journal FILE

Submitters send the invented initiatives of the published growth, in its order, each once however often it
takes; reviewers empty the queues of the demo accounts until they are asked to end. One line of the journal is
one acknowledged request: the moment, the initiative, its state then.
"""

from __future__ import annotations

import argparse
import hashlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO

import orjson

from sangkienctl.platform import Platform
from sangkienctl.seed.growth import VALID_SHARE, grow
from sangkienctl.seed.reviewing import REJECT, VALIDATE
from sangkienctl.seed.sample import Sample
from tests.load.bench.http_load import Connection, request
from tests.support.journey import CASES, INITIATIVES, UNAVAILABLE

TOKEN_SECONDS = 45 * 60
BUSY = UNAVAILABLE | {429}
PAUSE_SECONDS = 0.2
PATIENCE_SECONDS = 120.0
QUEUE_PAGE = 100
REVIEWER_THREADS = 4
# Somebody else decided on the case, or it went on.
OVERTAKEN = frozenset({404, 409, 412})


class Client:
    """One connection to the gateway, as one account or as the operators' command (no account)."""

    def __init__(self, platform: Platform, account: str | None = None) -> None:
        self._platform, self.account = platform, account
        self._port = platform.addresses.ports["gateway"]
        self._connection = Connection(self._port)
        self._token, self._made = "", 0.0

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
        """Status and answer; the same request again while the platform is busy or away."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        whole = request(method, path, sent | {"Authorization": f"Bearer {self._bearer()}"}, body)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                status, _, text = self._connection.ask(whole)
            except OSError:
                status, text = 503, b"no connection"
                self._connection.close()
                self._connection = Connection(self._port)
            if status not in BUSY:
                return status, orjson.loads(text)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{method} {path}: {status} for {PATIENCE_SECONDS:.0f} s: {text!r}")
            time.sleep(PAUSE_SECONDS)

    def _bearer(self) -> str:
        if not self._token or time.monotonic() - self._made > TOKEN_SECONDS:
            platform, account = self._platform, self.account
            self._token = platform.token(account) if account else platform.service_token("admin")
            self._made = time.monotonic()
        return self._token


class Acknowledged:
    """The journal of one process."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._lock = threading.Lock()

    def write(self, initiative: str, state: str) -> None:
        with self._lock:
            self._file.write(f"{time.time():.3f} {initiative} {state}\n")


class Submitter:
    """Makes and sends the initiatives of one part."""

    def __init__(self, options: argparse.Namespace, journal: Acknowledged, stop: threading.Event) -> None:
        self._platform, self._journal, self._stop = Platform(options.home), journal, stop
        self._of, self._batch, self._rate = options.of, options.batch, options.rate
        self._sample = Sample()
        self._units = [
            unit
            for unit in self._sample.units.values()
            if unit.level == "grassroots" and unit.code != options.without
        ]
        part, parts = map(int, options.part.split("/"))
        self._numbers = iter(range(part, options.of, parts))
        self._turn = threading.Lock()
        self._due = time.monotonic()

    def run(self) -> None:
        client = Client(self._platform)
        while (number := self._next()) is not None:
            body, key = self.body(number), f"crowd-{self._batch}-{number}"
            status, answer = client.ask("POST", INITIATIVES, body, Idempotency_Key=key)
            if status != 201:
                raise RuntimeError(f"initiative {number}: {status} {answer}")
            self._journal.write(answer["id"], answer["state"])

    def body(self, number: int) -> bytes:
        grown = grow(
            number, self._of, self._batch, self._units, self._sample.initiatives, reviewable=frozenset()
        )
        return orjson.dumps(grown.body)

    def _next(self) -> int | None:
        """The next number of the part when it is due; None at the end."""
        with self._turn:
            if self._rate:
                # Who was held up does not make up for it in a burst.
                self._due = max(self._due, time.monotonic() - 1) + 1 / self._rate
            due = self._due if self._rate else 0.0
            number = next(self._numbers, None)
        if self._stop.wait(max(0.0, due - time.monotonic())):
            return None
        return number


class Reviewer:
    """Decides on whatever waits for the demo accounts: the published share is valid, the rest rejected."""

    def __init__(self, options: argparse.Namespace, journal: Acknowledged, stop: threading.Event) -> None:
        self._platform, self._journal, self._stop = Platform(options.home), journal, stop
        deciding = {"support", "reviewer"}
        accounts = [a.username for a in Sample().accounts if deciding & {role for role, _ in a.roles}]
        self._desks = [accounts[n::REVIEWER_THREADS] for n in range(REVIEWER_THREADS)]

    def run(self) -> None:
        desk = self._desks.pop()
        clients = [Client(self._platform, account) for account in desk]
        while True:
            ending = self._stop.is_set()
            decided = sum(self._work_off(client) for client in clients)
            # Asked to end, it stops once a whole round found nothing.
            if not decided and (ending or self._stop.wait(PAUSE_SECONDS)):
                return

    def _work_off(self, client: Client) -> int:
        status, page = client.ask("GET", f"{CASES}?limit={QUEUE_PAGE}&state=in_review")
        if status != 200:
            raise RuntimeError(f"the queue: {status} {page}")
        return sum(self._decide(client, case["initiative_id"]) for case in page["items"])

    def _decide(self, client: Client, id: str) -> bool:
        """Read it, then decide, as people do."""
        status, case = client.ask("GET", f"{CASES}/{id}")
        if status != 200 or not case["next_step"]["mine"]:
            return False
        level = case["level"]
        valid = hashlib.sha256(id.encode()).digest()[0] < VALID_SHARE * 256
        status, answer = client.ask(
            "POST",
            f"{CASES}/{id}/decisions",
            orjson.dumps({**(VALIDATE if valid else REJECT), "expected_level": level}),
            Idempotency_Key=f"crowd-{client.account}-{id}-{level}",
            If_Match=f'"{case["version"]}"',
        )
        if status == 201:
            self._journal.write(id, answer["state"])
        elif status not in OVERTAKEN:
            raise RuntimeError(f"a decision on {id}: {status} {answer}")
        return status == 201


def acknowledged(journals: Path, kind: str) -> Iterator[tuple[float, str, str]]:
    """(moment, initiative, state) of every whole line that the processes of a kind wrote so far."""
    for file in journals.glob(f"{kind}-*.log"):
        for line in file.read_text().splitlines(keepends=True):
            if line.endswith("\n"):
                moment, initiative, state = line.split()
                yield float(moment), initiative, state


def count(journals: Path, kind: str) -> int:
    """How many requests of a kind were acknowledged so far."""
    return sum(file.read_bytes().count(b"\n") for file in journals.glob(f"{kind}-*.log"))


def main() -> int:
    parser = argparse.ArgumentParser(description="One client process of a benchmark")
    parser.add_argument("kind", choices=("submit", "review"))
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--of", type=int, default=1, help="so many initiatives have all parts together")
    parser.add_argument("--part", default="0/1", help="which part this one sends")
    parser.add_argument("--batch", type=int, default=1, help="another number, other initiatives")
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--rate", type=float, default=0.0, help="a second; 0: as fast as answers come")
    parser.add_argument("--without", help="a unit that nothing is sent to")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with options.journal.open("a", buffering=1) as file:
        kind: Callable[..., Submitter | Reviewer] = Submitter if options.kind == "submit" else Reviewer
        client = kind(options, Acknowledged(file), stop)
        threads = options.connections if options.kind == "submit" else REVIEWER_THREADS
        with ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(client.run) for _ in range(threads)]:
                done.result()
    return 0


if __name__ == "__main__":
    sys.exit(main())
