"""Transactions, indexes, migrations and leases on a real database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.clock import utc_now
from chassis.events.validation import strict_validator
from chassis.mongo import migrations as migrations_module
from chassis.mongo.client import connect, database
from chassis.mongo.indexes import Index, IndexConflict, ensure
from chassis.mongo.keyset import sort_key
from chassis.mongo.leases import Lease, Leases
from chassis.mongo.migrations import LEASE, LEASE_TIME, Migration, MigrationError, migrate, pending
from chassis.mongo.transactions import in_transaction
from tests.support.mongo_servers import DatabaseSettings, MongoServer
from tests.support.processes import wait_until

Db = Database[dict[str, Any]]
MINUTE = timedelta(minutes=1)
NOON = datetime(2022, 5, 31, 12, 0, tzinfo=UTC)


class SetClock:
    """A clock that shows what a test sets."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


def test_the_client_reads_utc_and_confirms_writes_by_majority_and_journal(mongo_server: MongoServer) -> None:
    settings = DatabaseSettings(mongo_server.uri, "options")
    client = connect(settings)
    db = database(client, settings)
    db["times"].replace_one({"_id": 1}, {"at": NOON}, upsert=True)

    found = db["times"].find_one({"_id": 1})

    assert found == {"_id": 1, "at": NOON}
    assert client.write_concern.document == {"w": "majority", "j": True}
    client.close()


@pytest.mark.parametrize("number", [2**31 - 1, 2**31, 10**15])
def test_a_number_of_any_size_is_read_as_a_plain_integer_that_an_event_may_hold(
    mongo_server: MongoServer, number: int
) -> None:
    settings = DatabaseSettings(mongo_server.uri, "numbers")
    with connect(settings) as client:
        numbers = database(client, settings)["numbers"]
        numbers.replace_one({"_id": number}, {"of": [{"vnd": number}]}, upsert=True)

        (found,) = (numbers.find_one({"_id": number}) or {})["of"]

    assert type(found["vnd"]) is int
    strict_validator({"properties": {"vnd": {"type": "integer"}}})(found)


# --- transactions


def test_a_transaction_writes_all(mongo_db: Db) -> None:
    mongo_db["things"].insert_one({"_id": 0})

    def work(session: ClientSession) -> str:
        mongo_db["things"].insert_one({"_id": 1}, session=session)
        mongo_db["things"].insert_one({"_id": 2}, session=session)
        return "done"

    assert in_transaction(mongo_db.client, work) == "done"
    assert mongo_db["things"].count_documents({"_id": {"$in": [1, 2]}}) == 2


def test_a_transaction_that_fails_writes_nothing(mongo_db: Db) -> None:
    mongo_db["things"].insert_one({"_id": 2})

    def work(session: ClientSession) -> None:
        mongo_db["things"].insert_one({"_id": 1}, session=session)
        mongo_db["things"].insert_one({"_id": 2}, session=session)

    with pytest.raises(DuplicateKeyError):
        in_transaction(mongo_db.client, work)
    assert mongo_db["things"].find_one({"_id": 1}) is None


def test_concurrent_transactions_on_one_document_are_all_applied(mongo_db: Db) -> None:
    mongo_db["counters"].insert_one({"_id": "c", "n": 0})

    def work(session: ClientSession) -> None:
        mongo_db["counters"].update_one({"_id": "c"}, {"$inc": {"n": 1}}, session=session)

    threads = [threading.Thread(target=in_transaction, args=(mongo_db.client, work)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert mongo_db["counters"].find_one({"_id": "c"}) == {"_id": "c", "n": 8}


# --- indexes


def test_indexes_are_created_once_and_stay(mongo_db: Db) -> None:
    declared = [
        Index("cases", (("code", 1),), unique=True),
        Index("cases", (("unit", 1), ("sort_key", -1))),
        Index("cases", (("lane", 1),), sparse=True),
        Index("notes", (("due", 1),), partial={"open": True}),
        Index("notes", (("at", 1),), expire_after=timedelta(days=2)),
    ]

    ensure(mongo_db, declared)
    ensure(mongo_db, declared)

    assert set(mongo_db["cases"].index_information()) == {"_id_", "code_1", "unit_1_sort_key_-1", "lane_1"}
    assert mongo_db["notes"].index_information()["at_1"]["expireAfterSeconds"] == 172_800
    mongo_db["cases"].insert_one({"code": "x"})
    with pytest.raises(DuplicateKeyError):
        mongo_db["cases"].insert_one({"code": "x"})


def test_a_changed_declaration_is_refused_before_anything_changes(mongo_db: Db) -> None:
    ensure(mongo_db, [Index("cases", (("code", 1),))])

    with pytest.raises(IndexConflict, match=r"cases\.code_1"):
        ensure(mongo_db, [Index("notes", (("at", 1),)), Index("cases", (("code", 1),), unique=True)])

    assert "notes" not in mongo_db.list_collection_names()


def test_a_keyset_page_is_served_from_an_index(mongo_db: Db) -> None:
    ensure(mongo_db, [Index("cases", (("unit", 1), ("sort_key", -1)))])
    keys = [sort_key(NOON + timedelta(seconds=n // 2), f"{n:03d}") for n in range(40)]
    mongo_db["cases"].insert_many([{"_id": n, "unit": "U", "sort_key": key} for n, key in enumerate(keys)])

    query: dict[str, Any] = {"unit": "U", "sort_key": {"$lt": keys[20]}}
    page = list(mongo_db["cases"].find(query).sort("sort_key", -1).limit(3))
    command = {"find": "cases", "filter": query, "sort": {"sort_key": -1}, "limit": 3}
    plan = mongo_db.command("explain", command, verbosity="queryPlanner")["queryPlanner"]["winningPlan"]

    assert [case["_id"] for case in page] == [19, 18, 17]
    assert "IXSCAN" in str(plan)


# --- leases


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def leases(mongo_db: Db, clock: SetClock) -> Leases:
    return Leases(mongo_db["leases"], clock)


def held(lease: Lease | None) -> Lease:
    assert lease is not None
    return lease


def test_only_one_holds_a_lease(leases: Leases) -> None:
    lease = held(leases.acquire("lane", "one", MINUTE))

    assert lease == Lease("lane", "one", 1, NOON + MINUTE)
    assert leases.acquire("lane", "two", MINUTE) is None
    assert leases.acquire("lane", "one", MINUTE) is None


def test_an_ended_lease_goes_to_the_next_with_a_greater_token(leases: Leases, clock: SetClock) -> None:
    first = held(leases.acquire("lane", "one", MINUTE))
    clock.now += MINUTE

    second = held(leases.acquire("lane", "two", MINUTE))

    assert second.token == first.token + 1
    assert leases.held([first, second]) == {"lane"}
    clock.now -= MINUTE / 2
    assert leases.held([first]) == frozenset()
    assert leases.renew(first, MINUTE) is None


def test_a_renewed_lease_lasts_longer(leases: Leases, clock: SetClock) -> None:
    lease = held(leases.acquire("lane", "one", MINUTE))
    clock.now += MINUTE / 2

    renewed = held(leases.renew(lease, MINUTE))

    assert (renewed.token, renewed.until) == (lease.token, clock.now + MINUTE)
    clock.now += MINUTE * 0.9
    assert leases.acquire("lane", "two", MINUTE) is None
    assert leases.held([renewed]) == {"lane"}
    assert leases.held([lease]) == frozenset()


def test_an_ended_lease_cannot_be_renewed(leases: Leases, clock: SetClock) -> None:
    lease = held(leases.acquire("lane", "one", MINUTE))
    clock.now += MINUTE

    assert leases.renew(lease, MINUTE) is None
    assert leases.held([]) == frozenset()


def test_a_released_lease_is_free_and_its_token_is_not_used_again(leases: Leases) -> None:
    lease = held(leases.acquire("lane", "one", MINUTE))
    leases.release(lease)

    second = held(leases.acquire("lane", "two", MINUTE))
    leases.release(lease)  # lost already: nothing happens

    assert second.token == 2
    assert leases.held([second]) == {"lane"}


def test_of_many_that_want_a_lease_one_gets_it(mongo_db: Db) -> None:
    leases = Leases(mongo_db["leases"], utc_now)
    held(leases.acquire("ended", "before", timedelta(seconds=-1)))
    got: list[Lease | None] = []

    def want(name: str, owner: str) -> None:
        got.append(leases.acquire(name, owner, MINUTE))

    for name in ("new", "ended"):
        got.clear()
        threads = [threading.Thread(target=want, args=(name, f"owner-{n}")) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len([lease for lease in got if lease is not None]) == 1


# --- migrations


def counting(number: int, runs: list[int]) -> Migration:
    return Migration(number, f"step {number}", lambda db: runs.append(number))


def test_migrations_run_in_order_and_once(mongo_db: Db) -> None:
    runs: list[int] = []
    steps = [counting(2, runs), counting(1, runs)]

    done = migrate(mongo_db, steps, owner="one", clock=utc_now)
    again = migrate(mongo_db, [*steps, counting(3, runs)], owner="two", clock=utc_now)

    assert [step.number for step in done] == [1, 2]
    assert [step.number for step in again] == [3]
    assert runs == [1, 2, 3]
    assert pending(mongo_db, steps) == []


def test_a_failed_migration_is_tried_again_and_earlier_ones_are_not(mongo_db: Db) -> None:
    runs: list[int] = []

    def fails(db: Db) -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        migrate(mongo_db, [counting(1, runs), Migration(2, "fails", fails)], owner="one", clock=utc_now)
    migrate(mongo_db, [counting(1, runs), counting(2, runs)], owner="one", clock=utc_now)

    assert runs == [1, 2]


def test_two_starts_at_once_run_each_migration_once(mongo_db: Db) -> None:
    runs: list[int] = []
    entered, release = threading.Event(), threading.Event()

    def slow(db: Db) -> None:
        entered.set()
        release.wait(20)
        runs.append(1)

    def start(owner: str) -> None:
        migrate(mongo_db, [Migration(1, "slow", slow), counting(2, runs)], owner=owner, clock=utc_now)

    threads = [threading.Thread(target=start, args=(owner,)) for owner in ("one", "two")]
    threads[0].start()
    assert entered.wait(10)
    threads[1].start()
    release.set()
    for thread in threads:
        thread.join(30)

    assert runs == [1, 2]


def test_a_start_gives_up_waiting_for_another(mongo_db: Db) -> None:
    held(Leases(mongo_db["leases"], utc_now).acquire(LEASE, "other", LEASE_TIME))

    with pytest.raises(MigrationError, match="another process"):
        migrate(mongo_db, [counting(1, [])], owner="one", clock=utc_now, wait_seconds=0)


def test_a_lost_lease_stops_before_the_next_migration(mongo_db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations_module, "LEASE_TIME", timedelta(seconds=0.3))
    runs: list[int] = []

    def loses_its_lease(db: Db) -> None:
        db["leases"].update_one({"_id": LEASE}, {"$inc": {"token": 1}})
        wait_until(lambda: not keeper_runs(), "the loss is noticed")

    def keeper_runs() -> bool:
        return any(thread.name == "migration-lease" for thread in threading.enumerate())

    steps = [Migration(1, "slow", loses_its_lease), counting(2, runs)]
    with pytest.raises(MigrationError, match="lost"):
        migrate(mongo_db, steps, owner="one", clock=utc_now)

    assert runs == []


def test_two_migrations_with_one_number_are_refused(mongo_db: Db) -> None:
    with pytest.raises(MigrationError, match="share a number"):
        migrate(mongo_db, [counting(1, []), counting(1, [])], owner="one", clock=utc_now)
