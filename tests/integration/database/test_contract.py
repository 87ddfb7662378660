"""What the services rely on of MongoDB, asked of every engine and of MongoDB itself. What an engine cannot
do is used by no service (tests/consistency/test_engines.py).
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson.decimal128 import Decimal128
from bson.int64 import Int64
from pymongo import InsertOne, UpdateOne
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from chassis.mongo.client import connect
from tests.support.mongo_servers import DatabaseSettings, MongoServer

Db = Database[dict[str, Any]]
NOON = datetime(2022, 5, 31, 12, 0, tzinfo=UTC)


# ── documents ──


@pytest.mark.parametrize(
    "value",
    [
        "Cải tiến đồ gá hàn khung thép",
        "a\u0300\U0001f600",
        Int64(2**62),
        -1,
        1.5,
        Decimal128("0.10"),
        b"\x00\xff",
        NOON,
        [],
        {"a": [{"b": None}]},
        True,
    ],
)
def test_a_value_comes_back_as_it_was_written(mongo_db: Db, value: Any) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "value": value})

    assert mongo_db["kept"].find_one({"value": value}) == {"_id": 1, "value": value}


def test_the_order_of_fields_is_kept(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "z": 1, "a": 2, "m": {"y": 1, "b": 2}})

    found = mongo_db["kept"].find_one({"_id": 1})

    assert found is not None
    assert (list(found), list(found["m"])) == (["_id", "z", "a", "m"], ["y", "b"])


def test_a_document_of_twelve_megabytes_is_kept(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "value": "x" * 12_000_000})

    found = mongo_db["kept"].find_one({"_id": 1})

    assert found is not None
    assert len(found["value"]) == 12_000_000


# ── conditional and partial writes ──


def test_a_write_that_expects_another_version_changes_nothing(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "version": 2})

    stale = mongo_db["kept"].update_one({"_id": 1, "version": 1}, {"$set": {"version": 9}})
    right = mongo_db["kept"].update_one({"_id": 1, "version": 2}, {"$set": {"version": 3}})

    assert (stale.matched_count, right.modified_count) == (0, 1)
    assert mongo_db["kept"].find_one({"_id": 1}) == {"_id": 1, "version": 3}


def test_of_many_writers_that_expect_one_version_one_wins(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "version": 0, "by": None})
    won: list[int] = []

    def write(writer: int) -> None:
        change = {"$set": {"by": writer}, "$inc": {"version": 1}}
        if mongo_db["kept"].update_one({"_id": 1, "version": 0}, change).modified_count:
            won.append(writer)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert mongo_db["kept"].find_one({"_id": 1}) == {"_id": 1, "version": 1, "by": won[0]}
    assert len(won) == 1


def test_a_list_grows_at_one_end_and_is_cut_at_the_other(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "last": [1, 2, 3]})

    mongo_db["kept"].update_one({"_id": 1}, {"$push": {"last": {"$each": [4, 5], "$slice": -3}}})
    mongo_db["kept"].update_one({"_id": 1}, {"$pull": {"last": {"$in": [4]}}})

    assert mongo_db["kept"].find_one({"_id": 1}) == {"_id": 1, "last": [3, 5]}


def test_counters_are_made_raised_and_lowered_in_one_write(mongo_db: Db) -> None:
    change = {"$inc": {"days.31.count": 1, "days.31.vnd": Int64(10**15)}, "$max": {"at": NOON}}

    for _ in range(2):
        mongo_db["kept"].update_one({"_id": "TLD"}, change, upsert=True)
    mongo_db["kept"].update_one({"_id": "TLD"}, {"$inc": {"days.31.count": -1}, "$max": {"at": NOON}})

    expected = {"_id": "TLD", "days": {"31": {"count": 1, "vnd": 2 * 10**15}}, "at": NOON}
    found = mongo_db["kept"].find_one({"_id": "TLD"})
    assert found == expected


def test_a_field_that_is_unset_leaves_a_sparse_index(mongo_db: Db) -> None:
    mongo_db["kept"].create_index("lane", sparse=True)
    mongo_db["kept"].insert_many([{"_id": 1, "lane": 3}, {"_id": 2, "lane": 4}, {"_id": 3}])

    mongo_db["kept"].update_one({"_id": 1}, {"$unset": {"lane": ""}})

    assert [found["_id"] for found in mongo_db["kept"].find({"lane": {"$gte": 0}})] == [2]


def test_an_upsert_keeps_what_only_an_insert_sets(mongo_db: Db) -> None:
    for number in (1, 2):
        change = {"$set": {"seen": number}, "$setOnInsert": {"first": number}}
        mongo_db["kept"].update_one({"_id": 1}, change, upsert=True)

    assert mongo_db["kept"].find_one({"_id": 1}) == {"_id": 1, "seen": 2, "first": 1}


def test_a_bulk_write_goes_on_after_a_duplicate_when_asked_to(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 2})

    with pytest.raises(BulkWriteError) as failed:
        mongo_db["kept"].bulk_write([InsertOne({"_id": n}) for n in (1, 2, 3)], ordered=False)

    assert [error["code"] for error in failed.value.details["writeErrors"]] == [11000]
    assert sorted(found["_id"] for found in mongo_db["kept"].find()) == [1, 2, 3]


def test_a_bulk_write_tells_how_many_it_changed(mongo_db: Db) -> None:
    mongo_db["kept"].insert_many([{"_id": n, "state": "a"} for n in range(4)])
    writes = [UpdateOne({"_id": n, "state": "a"}, {"$set": {"state": "b"}}) for n in (0, 1, 9)]

    result = mongo_db["kept"].bulk_write(writes, ordered=False)

    assert (result.matched_count, result.modified_count) == (2, 2)


# ── indexes ──


def test_a_unique_index_over_a_list_holds_between_documents(mongo_db: Db) -> None:
    mongo_db["kept"].create_index("keys", unique=True, sparse=True)
    mongo_db["kept"].insert_many([{"keys": ["a", "b"]}, {}, {}])

    with pytest.raises(DuplicateKeyError):
        mongo_db["kept"].insert_one({"keys": ["c", "b"]})


def test_a_partial_unique_index_holds_where_its_condition_does(mongo_db: Db) -> None:
    mongo_db["kept"].create_index("code", unique=True, partialFilterExpression={"open": True})
    mongo_db["kept"].insert_many([{"code": 1, "open": True}, {"code": 1, "open": False}, {"code": 1}])

    with pytest.raises(DuplicateKeyError):
        mongo_db["kept"].insert_one({"code": 1, "open": True})


def test_an_element_of_a_path_is_found_by_its_index_in_the_order_of_a_key(mongo_db: Db) -> None:
    mongo_db["kept"].create_index([("path", 1), ("state", 1), ("key", -1)])
    mongo_db["kept"].insert_many(
        [{"_id": n, "path": ["TLD", f"U{n % 3}"], "state": "a", "key": f"{n:03}"} for n in range(200)]
    )

    query = {"path": "U1", "state": "a", "key": {"$lt": "150"}}
    page = list(mongo_db["kept"].find(query).sort("key", -1).limit(3))

    assert [found["_id"] for found in page] == [148, 145, 142]


def test_a_long_read_gives_every_document_once(mongo_db: Db) -> None:
    mongo_db["kept"].insert_many([{"_id": n, "unit": "U"} for n in range(1_000)])
    mongo_db["kept"].create_index("unit")

    found = [one["_id"] for one in mongo_db["kept"].find({"unit": "U"}).batch_size(50)]

    assert sorted(found) == list(range(1_000))


def test_many_keys_are_found_with_one_question(mongo_db: Db) -> None:
    mongo_db["kept"].insert_many([{"_id": n} for n in range(300)])

    found = mongo_db["kept"].find({"_id": {"$in": list(range(100, 700))}})

    assert sorted(one["_id"] for one in found) == list(range(100, 300))


def test_a_date_may_end_a_document(mongo_db: Db) -> None:
    mongo_db["kept"].create_index("at", expireAfterSeconds=3600)

    assert mongo_db["kept"].index_information()["at_1"]["expireAfterSeconds"] == 3600


# ── transactions ──


def test_a_reader_outside_sees_nothing_of_an_open_transaction(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "n": 0})

    with mongo_db.client.start_session() as session, session.start_transaction():
        mongo_db["kept"].update_one({"_id": 1}, {"$set": {"n": 1}}, session=session)
        inside = mongo_db["kept"].find_one({"_id": 1}, session=session)
        outside = mongo_db["kept"].find_one({"_id": 1})

    assert (inside, outside) == ({"_id": 1, "n": 1}, {"_id": 1, "n": 0})
    assert mongo_db["kept"].find_one({"_id": 1}) == {"_id": 1, "n": 1}


def test_of_two_transactions_on_one_document_the_second_is_asked_to_try_again(mongo_db: Db) -> None:
    mongo_db["kept"].insert_one({"_id": 1, "n": 0})

    with ExitStack() as stack:
        one = stack.enter_context(mongo_db.client.start_session())
        other = stack.enter_context(mongo_db.client.start_session())
        one.start_transaction()
        other.start_transaction()
        mongo_db["kept"].update_one({"_id": 1}, {"$inc": {"n": 1}}, session=one)
        with pytest.raises(OperationFailure) as refused:
            mongo_db["kept"].update_one({"_id": 1}, {"$inc": {"n": 1}}, session=other)
        one.commit_transaction()

    assert refused.value.has_error_label("TransientTransactionError")
    assert mongo_db["kept"].find_one({"_id": 1}) == {"_id": 1, "n": 1}


def test_a_transaction_that_is_given_up_leaves_nothing_in_any_collection(mongo_db: Db) -> None:
    for name in ("one", "other"):
        mongo_db[name].insert_one({"_id": 0})

    with mongo_db.client.start_session() as session, session.start_transaction():
        for name in ("one", "other"):
            mongo_db[name].insert_one({"_id": 1}, session=session)
        session.abort_transaction()

    assert [mongo_db[name].find_one({"_id": 1}) for name in ("one", "other")] == [None, None]


# ── the server ──


def test_it_presents_itself_as_a_member_of_a_replica_set(mongo_db: Db) -> None:
    hello = mongo_db.client.admin.command("hello")

    assert hello["isWritablePrimary"]
    assert hello["setName"]
    assert hello["logicalSessionTimeoutMinutes"] > 0


def test_a_hundred_clients_are_served_side_by_side(mongo_server: MongoServer, mongo_db: Db) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(connect(DatabaseSettings(mongo_server.uri, mongo_db.name)))
            for _ in range(100)
        ]
        for number, client in enumerate(clients):
            client[mongo_db.name]["kept"].insert_one({"_id": number})

    assert len(list(mongo_db["kept"].find())) == 100


def test_it_stops_with_clients_connected_and_keeps_what_it_acknowledged(
    own_mongo_server: MongoServer,
) -> None:
    with ExitStack() as stack:
        clients = [
            stack.enter_context(connect(DatabaseSettings(own_mongo_server.uri, "kept"))) for _ in range(20)
        ]
        for number, client in enumerate(clients):
            client["kept"]["kept"].insert_one({"_id": number, "at": NOON + timedelta(minutes=number)})

        code = own_mongo_server.stop()
        own_mongo_server.restart()

        assert code == 0, "it did not stop in time and had to be killed"
        assert sum(1 for _ in clients[0]["kept"]["kept"].find()) == 20
