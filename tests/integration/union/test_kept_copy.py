"""The copy of units that a service keeps: newest versions only, numbered in the order of the commits."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest
from pymongo.database import Database

from chassis.mongo.indexes import ensure
from chassis.mongo.transactions import in_transaction
from tests.support.round_trips import RoundTrips
from tests.support.unit_trees import unit
from union.kept_copy import NOTHING, Changes, KeptCopy, change_index, news_since, number_all, read_changes
from union.units import Unit, unit_of, unit_values

KINDS = {"units": "unit", "campaigns": "campaign"}
DB = Database[dict[str, Any]]


def kept(db: DB) -> KeptCopy:
    """A migrated database: a transaction must not be the one that creates a collection."""
    existing = db.list_collection_names()
    for name in {"units", "campaigns", "meta"} - set(existing):
        db.create_collection(name)
    ensure(db, [change_index(name) for name in KINDS])
    return KeptCopy(db, KINDS)


def keep(db: DB, *units: Unit, again: bool = False, **more: Any) -> None:
    values = {one.code: unit_values(one) | more for one in units}
    kept(db).keep({"units": values, "campaigns": {}}, again=again)


def stored(db: DB) -> dict[str, Unit]:
    return {found["_id"]: unit_of(found["_id"], found) for found in db["units"].find()}


def read(db: DB, seen: int) -> tuple[int, set[str]]:
    """The new place of a copy that is at `seen`, and what it reads to get there."""
    news = Changes(db).news(seen)
    if news is None:
        return seen, set()
    return news.head, {found["_id"] for found in read_changes(db, "units", "unit", news)}


@pytest.mark.parametrize("seed", range(3))
def test_events_in_any_order_and_repeated_leave_the_newest_versions(mongo_db: DB, seed: int) -> None:
    events = [
        unit("TLD", code, name=f"{code} {version}", version=version)
        for code in "ABC"
        for version in (1, 2, 3)
    ] * 2
    random.Random(seed).shuffle(events)

    for event in events:
        keep(mongo_db, event)

    assert stored(mongo_db) == {code: unit("TLD", code, name=f"{code} 3", version=3) for code in "ABC"}


def test_a_copy_reads_what_it_lacks_and_then_nothing(mongo_db: DB) -> None:
    keep(mongo_db, *(unit("TLD", f"U-{number}") for number in range(50)))

    seen, first = read(mongo_db, NOTHING)
    assert len(first) == 50
    assert read(mongo_db, seen) == (seen, set())

    keep(mongo_db, unit("TLD", "U-7", version=2), unit("TLD", "NEW"), unit("TLD", "U-8"))
    seen, changed = read(mongo_db, seen)

    assert changed == {"U-7", "NEW"}
    assert read(mongo_db, seen) == (seen, set())


def test_old_news_changes_no_number(mongo_db: DB) -> None:
    keep(mongo_db, unit("TLD", "A", version=2))
    seen, _ = read(mongo_db, NOTHING)

    keep(mongo_db, unit("TLD", "A", version=2), unit("TLD", "A", version=1))

    assert Changes(mongo_db).news(seen) is None


def test_the_same_version_is_learnt_again_when_asked_and_an_older_one_never(mongo_db: DB) -> None:
    keep(mongo_db, unit("TLD", "A", version=2), unit("TLD", "B", version=2))
    seen, _ = read(mongo_db, NOTHING)

    keep(mongo_db, unit("TLD", "A", version=2), unit("TLD", "B", version=1), again=True, seats=12)

    assert read(mongo_db, seen)[1] == {"A"}
    assert [found.get("seats") for found in mongo_db["units"].find().sort("_id")] == [12, None]


def test_numbers_of_writers_at_the_same_time_are_committed_in_order(mongo_db: DB) -> None:
    kept(mongo_db)
    seen, found, done = NOTHING, set[str](), threading.Event()

    def write(name: str) -> None:
        for number in range(10):
            keep(mongo_db, unit("TLD", f"{name}-{number}"))

    writers = [threading.Thread(target=write, args=(name,)) for name in "AB"]
    for writer in writers:
        writer.start()
    while not done.is_set():
        if not any(writer.is_alive() for writer in writers):
            done.set()
        seen, news = read(mongo_db, seen)
        found |= news
    for writer in writers:
        writer.join()

    assert found == {f"{name}-{number}" for name in "AB" for number in range(10)}


def test_a_change_that_is_not_committed_is_read_when_it_is(mongo_db: DB) -> None:
    keep(mongo_db, unit("TLD", "A"))
    seen, _ = read(mongo_db, NOTHING)
    looked: list[tuple[int, set[str]]] = []

    def work(session: Any) -> None:
        change = Changes(mongo_db).next(session)
        mongo_db["units"].update_one({"_id": "A"}, {"$set": {"change": change}}, session=session)
        looked.append(read(mongo_db, seen))

    in_transaction(mongo_db.client, work)

    assert looked[-1] == (seen, set())
    assert read(mongo_db, seen)[1] == {"A"}


def test_a_database_behind_the_copy_is_read_as_a_whole(mongo_db: DB) -> None:
    keep(mongo_db, unit("TLD", "A"))

    news = news_since(seen=9, head=1)

    assert news is not None
    assert news.everything
    assert [found["_id"] for found in read_changes(mongo_db, "units", "unit", news)] == ["A"]


def test_what_changed_is_found_by_index(mongo_db: DB) -> None:
    keep(mongo_db, *(unit("TLD", f"U-{number}") for number in range(50)))
    trips = RoundTrips()
    trips.commands.append(("find", {"find": "units", "filter": {"kind": "unit", "change": {"$gt": 1}}}))

    (stages,) = trips.stages(mongo_db).values()

    assert "COLLSCAN" not in stages


def test_documents_without_a_number_get_one_and_the_others_keep_theirs(mongo_db: DB) -> None:
    keep(mongo_db, unit("TLD", "A"))
    mongo_db["units"].insert_one({"_id": "OLD", **unit_values(unit("TLD", "OLD"))})
    seen, _ = read(mongo_db, NOTHING)

    number_all(mongo_db, KINDS)
    number_all(mongo_db, KINDS)

    assert read(mongo_db, seen)[1] == {"OLD"}
