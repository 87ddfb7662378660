"""The test support itself: a fresh database on a server that keeps what it acknowledged."""

from __future__ import annotations

from typing import Any

from pymongo.client_session import ClientSession
from pymongo.database import Database

from chassis.mongo.client import connect
from chassis.mongo.transactions import in_transaction
from tests.support.mongo_servers import DatabaseSettings, MongoServer


def test_each_test_gets_an_empty_database(mongo_db: Database[dict[str, Any]]) -> None:
    assert mongo_db.list_collection_names() == []

    mongo_db["things"].insert_one({"_id": 1})

    assert mongo_db["things"].find_one({"_id": 1}) == {"_id": 1}


def test_an_acknowledged_write_survives_a_kill_of_the_server(own_mongo_server: MongoServer) -> None:
    client = connect(DatabaseSettings(own_mongo_server.uri, "kept"))
    client["kept"]["things"].insert_one({"_id": 1})

    own_mongo_server.kill()
    own_mongo_server.restart()

    assert client["kept"]["things"].find_one({"_id": 1}) == {"_id": 1}
    client.close()


def test_acknowledged_transactions_survive_a_kill_of_the_server(own_mongo_server: MongoServer) -> None:
    client = connect(DatabaseSettings(own_mongo_server.uri, "kept"))
    things, others = client["kept"]["things"], client["kept"]["others"]

    def count(session: ClientSession) -> None:
        for collection in (things, others):
            collection.update_one({"_id": 1}, {"$inc": {"n": 1}}, upsert=True, session=session)

    for done in (5, 10, 15):
        for _ in range(5):
            in_transaction(client, count, seconds=60)
        own_mongo_server.kill()
        own_mongo_server.restart()
        assert [things.find_one(), others.find_one()] == [{"_id": 1, "n": done}] * 2
    client.close()
