"""kill -9 of a database under load, again and again: what it acknowledged is there after each restart,
whole and once. Three kills in every run of the tests; DATABASE_KILLS=20 asks for more.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis.mongo.client import connect
from chassis.mongo.indexes import Index, ensure
from chassis.mongo.transactions import in_transaction
from tests.support.mongo_servers import DatabaseSettings, MongoServer
from tests.support.processes import wait_until

KILLS = int(os.environ.get("DATABASE_KILLS", "3"))
WRITERS = 3
NAME = "kills"
# A kill comes after so many more acknowledgements, drawn anew each time.
ACKNOWLEDGED = range(100, 700)
# A client gives a transaction up after so long, so that the writers of a killed server end.
TRANSACTION_SECONDS = 3
TEXT = "Cải tiến đồ gá hàn khung thép " * 20

Db = Database[dict[str, Any]]


@dataclass
class Acknowledged:
    """What the server confirmed, by all writers together."""

    inserted: set[str] = field(default_factory=set)
    updated: dict[str, int] = field(default_factory=dict)
    transactions: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.inserted) + len(self.updated) + sum(self.transactions.values())


def insert_and_update(db: Db, writer: str, seen: Acknowledged, number: int) -> None:
    key = f"{writer}-{number}"
    db["documents"].insert_one({"_id": key, "code": key, "words": [key, writer], "text": TEXT})
    seen.inserted.add(key)
    if number % 2 == 0:
        db["documents"].update_one({"_id": key}, {"$set": {"state": number}, "$push": {"words": "changed"}})
        seen.updated[key] = number


def transact(db: Db, writer: str, seen: Acknowledged, number: int) -> None:
    """One document and one counter, both or neither."""

    def both(session: ClientSession) -> None:
        db["rows"].insert_one({"_id": f"{writer}-{number}", "writer": writer}, session=session)
        db["counters"].update_one({"_id": writer}, {"$inc": {"n": 1}}, upsert=True, session=session)

    in_transaction(db.client, both, seconds=TRANSACTION_SECONDS)
    seen.transactions[writer] = seen.transactions.get(writer, 0) + 1


def keep_writing(uri: str, act: Callable[[Db, int], None]) -> None:
    """Until the server is gone."""
    with connect(DatabaseSettings(uri, NAME)) as client:
        number = 0
        try:
            while True:
                act(client[NAME], number)
                number += 1
        except PyMongoError:
            return


def load(uri: str, seen: Acknowledged, life: int) -> list[threading.Thread]:
    acts = [(insert_and_update, f"w{life}-{number}") for number in range(WRITERS)]
    acts += [(transact, f"t{life}-{number}") for number in range(WRITERS - 1)]
    return [
        threading.Thread(
            target=keep_writing, args=(uri, partial(_bound, act, writer, seen)), name=writer, daemon=True
        )
        for act, writer in acts
    ]


def _bound(act: Callable[..., None], writer: str, seen: Acknowledged, db: Db, number: int) -> None:
    act(db, writer, seen, number)


@pytest.mark.tiers("embedded", "docker")
def test_a_database_that_is_killed_under_load_loses_nothing_and_tears_nothing(
    own_mongo_server: MongoServer, record_property: Callable[[str, object], None]
) -> None:
    seen = Acknowledged()
    chance = random.Random(20221008)
    with connect(DatabaseSettings(own_mongo_server.uri, NAME)) as client:
        ensure(
            client[NAME],
            [
                Index("documents", (("code", 1),), unique=True),
                Index("documents", (("words", 1), ("code", -1))),
            ],
        )
        for life in range(KILLS):
            threads = load(own_mongo_server.uri, seen, life)
            target = seen.count + chance.choice(ACKNOWLEDGED)
            for thread in threads:
                thread.start()
            wait_until(partial(_reached, seen, target), f"{target} writes are acknowledged", seconds=120)
            own_mongo_server.kill()
            for thread in threads:
                thread.join(timeout=60)
                assert not thread.is_alive()
            own_mongo_server.restart()

            assert missing(client[NAME], seen) == []
    record_property("figure", f"{KILLS} kills of a database: {seen.count} acknowledged writes, none lost")


def _reached(seen: Acknowledged, target: int) -> bool:
    return seen.count >= target


def missing(db: Db, seen: Acknowledged) -> list[str]:
    """What the server confirmed and does not have, or has in part, or cannot find by an index."""
    kept = {found["_id"]: found for found in db["documents"].find({}, {"text": 0})}
    wrong = [f"{key} is lost" for key in seen.inserted - kept.keys()]
    wrong += [
        f"the change of {key} is lost" for key, n in seen.updated.items() if kept[key].get("state") != n
    ]
    wrong += [
        f"{key} is torn" for key, one in kept.items() if ("state" in one) != ("changed" in one["words"])
    ]
    for key in list(kept)[-200:]:
        by_code = db["documents"].find_one({"code": key}, {"_id": 1})
        by_word = db["documents"].find_one({"words": key}, {"_id": 1})
        if by_code is None or by_word is None:
            wrong.append(f"no index finds {key}")
    counted = {found["_id"]: found["n"] for found in db["counters"].find()}
    for writer, confirmed in seen.transactions.items():
        rows = len(list(db["rows"].find({"writer": writer})))
        if counted.get(writer, 0) < confirmed:
            wrong.append(
                f"{confirmed} transactions of {writer} were confirmed, {counted.get(writer, 0)} are kept"
            )
        if rows != counted.get(writer, 0):
            wrong.append(f"transactions of {writer} are torn: {rows} rows, {counted.get(writer, 0)} counted")
    return wrong
