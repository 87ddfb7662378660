"""Measures what reading costs as the data grow: figures, lists and queues at several sizes, each against the
smallest, and the statistics against a bare Flask answer. It is a benchmark, not a test.

    python -m tests.load.reads [--sizes 2000,20000] [--requests 40] [--rounds 5] [--mongo URI]

The databases are filled by the services' own code (tests/load/bench/population.py). At 100
thousand the embedded database does not answer every list within its time, so such sizes are for --mongo. The
statistics answer without their cache of a second, but for the rates against bare Flask, where everything is
as deployed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

import psutil

from chassis.mongo.client import connect
from chassis.web.cursors import encode
from sangkienctl import databases
from tests.load.bench.http_load import Connection, Load, etag_of, request
from tests.load.bench.population import PER_MEMBER, Databases, Population, member
from tests.load.bench.report import percentile, state, table
from tests.load.bench.servers import bare, bearer, end_cleanly, issuer, per_second, running, service
from tests.support.mongo_servers import DatabaseSettings, EmbeddedMongo
from tests.support.processes import ServerProcess

SERVICES = ("submission", "review", "stats")
PAGE = 20
CAMPAIGN = "phase-1"
UNCACHED = {"stats": {"ANSWER_SECONDS": "0"}}
CLIENTS = 8

Answers = dict[str, Load]

# In 128 MB a fill with 100 thousand stalled for ever after some 15 thousand, inside the database's own log:
# see docs/decisions/0005.
CACHE = 1024 * databases.MIB


@dataclass(frozen=True)
class Store:
    """Where the databases of one service are. server: None where it is not ours."""

    uri: str
    server: EmbeddedMongo | None

    @property
    def memory(self) -> float:
        return 0.0 if self.server is None else psutil.Process(self.server.pid).memory_info().rss / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="2000,20000", help="initiatives, the smallest first")
    parser.add_argument("--requests", type=int, default=40, help="of each kind in a round")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, after one to warm up")
    parser.add_argument("--mongo", default=os.environ.get("MONGO"), help="an empty server to use instead")
    options = parser.parse_args()
    end_cleanly()
    sizes = [int(size) for size in options.sizes.split(",")]
    with tempfile.TemporaryDirectory(prefix="reads-") as name, ExitStack() as stack:
        folder = Path(name)
        keys = stack.enter_context(issuer())
        stores = stack.enter_context(started(folder, options.mongo))
        asked: dict[int, Answers] = {}
        for size in sizes:
            databases = stack.enter_context(connected(stores, size))
            population = Population(databases, size)
            seconds = population.fill(partial(print, flush=True))
            memory = sum(store.memory for store in stores.values())
            print(f"{size:,} initiatives made in {seconds:.0f} s; databases at {memory:.0f} MiB", flush=True)
            apis = {
                name: service(
                    folder,
                    name,
                    "api",
                    mongo=stores[name].uri,
                    database=database_of(name, size),
                    keys=keys,
                    **UNCACHED.get(name, {}),
                )
                for name in SERVICES
            }
            stack.enter_context(running(list(apis.values()), "/readyz"))
            asked[size] = questions(apis, population)
        report_sizes(asked, options.requests, options.rounds)
        plain = bare(folder, stores["stats"].uri)
        figures = service(
            folder, "stats", "api", mongo=stores["stats"].uri, database=database_of("stats", sizes[-1])
        )
        stack.enter_context(running([plain, figures], "/livez"))
        report_rates(plain, figures, 25 * options.requests, options.rounds)


@contextmanager
def started(folder: Path, mongo: str | None) -> Iterator[dict[str, Store]]:
    """One embedded database per service, as on the embedded platform, or the server that was given."""
    with ExitStack() as stack:
        stores = {}
        for name in SERVICES:
            if mongo is not None:
                stores[name] = Store(mongo, None)
                continue
            (folder / name).mkdir()
            server = stack.enter_context(EmbeddedMongo(folder / name, cache=CACHE))
            stores[name] = Store(server.uri, server)
        yield stores


@contextmanager
def connected(stores: Mapping[str, Store], size: int) -> Iterator[Databases]:
    """The databases of this size; dropped at the end where the server is not ours."""
    with ExitStack() as stack:
        databases = {}
        for name, store in stores.items():
            client = stack.enter_context(connect(DatabaseSettings(store.uri, database_of(name, size))))
            databases[name] = client[database_of(name, size)]
            if databases[name].list_collection_names():
                sys.exit(f"{database_of(name, size)} is not empty; give a server of its own")
            if store.server is None:
                stack.callback(client.drop_database, databases[name].name)
        yield databases


def database_of(name: str, size: int) -> str:
    return f"bench_{name}_{size}"


def questions(apis: Mapping[str, ServerProcess], population: Population) -> Answers:
    """What is asked, by name."""
    databases = population.databases
    author = bearer(member(0), ("member", "TLD"))
    official = bearer("m-official01", ("official", "TLD"))
    # By ids: a third is open, and a search by the state would read all there are.
    ids = [population.id_of(number) for number in range(PAGE)]
    found = databases["review"]["cases"].find({"_id": {"$in": ids}})
    path = next(case["initiative"]["unit_path"] for case in found if case["state"] == "in_review")

    def ask(name: str, path: str, who: Mapping[str, str] | None = None, **query: str | int) -> Load:
        sent = request("GET", f"{path}?{urlencode(query)}", who)
        return Load(apis[name].port, lambda: sent)

    initiatives, cases = partial(ask, "submission", "/v1/initiatives"), partial(ask, "review", "/v1/cases")
    figures = partial(ask, "stats", campaign=CAMPAIGN)
    # The page of the oldest rows, for the list of the first member as for that of all.
    row = databases["submission"]["initiatives"].find_one({"_id": population.id_of(PAGE)}) or {}
    last = encode({"before": row["sort_key"]})
    return {
        "progress of the nation": figures("/v1/units/TLD/progress"),
        "progress of a grassroots unit": figures(f"/v1/units/{path[-1]}/progress"),
        "progress as of a day": figures("/v1/units/TLD/progress", as_of="2022-05-15"),
        "children of the nation": figures("/v1/units/TLD/children"),
        "timeline of the nation": figures("/v1/units/TLD/timeline"),
        f"my list of {PER_MEMBER}, first page": initiatives(author, limit=PAGE),
        f"my list of {PER_MEMBER}, last page": initiatives(author, limit=PAGE, cursor=last),
        "list of the nation, first page": initiatives(official, limit=PAGE, unit="TLD"),
        "list of the nation, last page": initiatives(official, limit=PAGE, unit="TLD", cursor=last),
        "queue of a grassroots unit": cases(bearer("m-support001", ("support", path[-1])), limit=PAGE),
        "queue of a whole federation": cases(bearer("m-support002", ("support", path[1])), limit=PAGE),
    }


def report_sizes(asked: Mapping[int, Answers], requests: int, rounds: int) -> None:
    taken: dict[tuple[int, str], list[float]] = {}
    for number in range(rounds + 1):
        for size, answers in asked.items():
            for name, load in answers.items():
                found = load.run(requests if number else 3)
                if number:
                    taken.setdefault((size, name), []).extend(found)
        print(f"round {number} of {rounds}", flush=True)
    smallest, *others = asked
    heads = ["ms", f"p50 {smallest:,}", "p99", *(h for n in others for h in (f"p50 {n:,}", "p99", "÷"))]
    rows: list[list[str | float]] = []
    for name in asked[smallest]:
        p50, p99 = (percentile(taken[smallest, name], share) for share in (50, 99))
        row: list[str | float] = [name, p50, p99]
        for size in others:
            at, worst = (percentile(taken[size, name], share) for share in (50, 99))
            row += [at, worst, at / p50]
        rows.append(row)
    print(f"\n{state()}, {rounds} rounds of {requests}, one client")
    print(table(heads, rows))
    print("goals: statistics ÷ ≤ 1.1, lists ÷ ≤ 1.2")
    for size in asked:
        for name in {row.rpartition(",")[0] for row in asked[size] if row.endswith("last page")}:
            first, last = (percentile(taken[size, f"{name}, {page} page"], 50) for page in ("first", "last"))
            print(f"{name} at {size:,}: last page ÷ first page {last / first:.2f} (goal ≤ 1.2)")


def report_rates(plain: ServerProcess, figures: ServerProcess, requests: int, rounds: int) -> None:
    path = f"/v1/units/TLD/progress?campaign={CAMPAIGN}"
    with closing(Connection(figures.port)) as connection:
        _, head, _ = connection.ask(request("GET", path))
    known = request("GET", path, {"If-None-Match": etag_of(head)})
    loads = {
        "bare Flask": (Load(plain.port, lambda: request("GET", "/v1/figures"), CLIENTS), plain),
        "statistics": (Load(figures.port, lambda: request("GET", path), CLIENTS), figures),
        "statistics, 304": (Load(figures.port, lambda: known, CLIENTS, expected=304), figures),
    }
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in loads}
    for number in range(rounds + 1):
        for name, (load, process) in loads.items():
            found = per_second(partial(load.run, requests), {"cpu": process.pid})
            if number:
                seen[name].append(found)
    medians = {name: [median(one[what] for one in seen[name]) for what in ("rate", "cpu")] for name in seen}
    rate, cpu = medians["bare Flask"]
    goals = {"statistics": "≥ 0.3", "statistics, 304": "≥ 0.8"}
    rows = [(n, r, r / rate, goals.get(n, ""), c, c / cpu) for n, (r, c) in medians.items()]
    print(f"\n{state()}, median of {rounds} rounds, {CLIENTS} clients, cached as deployed")
    print(table(["", "requests/s", "ratio", "goal", "CPU ms", "ratio"], rows))


if __name__ == "__main__":
    main()
