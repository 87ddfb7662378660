"""Rebuild and reconcile on a real database, with a log held in memory."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from kafka.errors import KafkaTimeoutError
from pymongo.errors import AutoReconnect

from chassis.clock import rfc3339, utc_now
from chassis.consumer.errors import Transient
from chassis.mongo.client import connect
from stats.adapters.generations import Generations
from stats.adapters.projection import MongoProjectionStore
from stats.adapters.rebuilding import MongoRebuild
from stats.application.errors import RebuildLostError, RebuildRunningError
from stats.application.ports import Logged
from stats.application.rebuild import RebuildParts, Told, rebuild
from stats.application.reconcile import counted_as
from stats.domain.snapshots import Snapshot
from stats.entrypoints.commands import read_expected, rebuild_command, reconcile_command
from tests.support.mongo_servers import DatabaseSettings
from tests.support.stats_histories import (
    PATHS,
    approved,
    delivered,
    histories,
    newest,
    submitted,
    withdrawn,
)
from tests.support.stats_service import CODEC, Stats, midday, pending


class Log:
    """Everything published; `before` is called ahead of each part, as things happen while it is read."""

    def __init__(
        self, parts: list[list[Snapshot]], before: Callable[[int], None] = lambda part: None
    ) -> None:
        self._parts = parts
        self._before = before

    def read(self) -> Iterator[Logged]:
        for number, part in enumerate(self._parts):
            self._before(number)
            yield Logged(part, (), (), number + 1, len(self._parts))


def parts(stats: Stats, log: Log, target: MongoRebuild | None = None) -> RebuildParts:
    return RebuildParts(log, target or stats.rebuild(), stats.reference, stats.store, stats.clock)


def quiet(told: Told) -> None:
    """Says nothing."""


def spoil(stats: Stats) -> None:
    """Make every stored counter and snapshot wrong."""
    generation = stats.generations.head()["generation"]
    stats.generations.counters(generation).update_many({}, {"$inc": {"c.all.approved.n": 7}})
    stats.generations.snapshots(generation).delete_one({"_id": "i-0"})


def collections(stats: Stats) -> set[str]:
    names = stats.db.list_collection_names()
    return {name for name in names if name.startswith(("snapshots_", "counters_"))}


def test_a_rebuild_counts_what_the_log_holds_whatever_was_stored(stats: Stats) -> None:
    pick = random.Random(3)
    stories = histories(pick, 40)
    stats.count(*newest(stories))
    before = stats.counters()
    spoil(stats)
    told: list[Told] = []

    rebuild(parts(stats, Log(delivered(pick, stories))), told.append, per_write=7)

    assert stats.counters() == before
    assert stats.reconcile().agrees
    assert told[-1].initiatives == 40
    assert told[-1].records == told[-1].of


def test_counting_is_paused_during_a_rebuild_and_goes_on_in_the_new_generation(stats: Stats) -> None:
    stats.tell_tree(PATHS)
    stats.count(submitted("i-1"))

    def live(part: int) -> None:
        with pytest.raises(RebuildRunningError):
            stats.count(submitted("i-2"))
        with pytest.raises(Transient):
            stats.tell(pending(submitted("i-2")))
        assert stats.progress("TLD", basis="submitted")["count"] == 1

    rebuild(parts(stats, Log([[submitted("i-1")]], live)), quiet)
    stats.count(submitted("i-1"), submitted("i-2"))

    stats.copy.refresh()
    assert stats.progress("TLD", basis="submitted")["count"] == 2
    assert stats.generations.head()["generation"] == 2


def test_a_second_rebuild_at_the_same_time_is_refused_and_harmless(stats: Stats) -> None:
    stats.count(submitted("i-1"))

    def again(part: int) -> None:
        with pytest.raises(RebuildRunningError):
            rebuild(parts(stats, Log([]), stats.rebuild("rebuild-2")), quiet)

    rebuild(parts(stats, Log([[submitted("i-1")]], again)), quiet)

    assert stats.reconcile().initiatives == 1
    assert stats.reconcile().agrees


class Killed(BaseException):
    """Stands for the end of the process: nothing after it runs."""


@pytest.mark.parametrize("after", range(3))
def test_a_rebuild_killed_at_any_part_leaves_counting_as_it_was(
    stats: Stats, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories = histories(random.Random(5), 9)
    stats.count(*newest(stories))
    before = stats.counters()
    generations = Generations(stats.client[stats.db.name], utc_now, hold_time=timedelta(milliseconds=50))
    killed = MongoRebuild(generations, "killed")
    monkeypatch.setattr(killed, "discard", lambda: None)

    def kill(part: int) -> None:
        if part == after:
            raise Killed

    log = Log([[snapshot for story in stories[n::3] for snapshot in story] for n in range(3)], kill)
    with pytest.raises(Killed):
        rebuild(parts(stats, log, killed), quiet, per_write=1)

    assert stats.counters() == before
    # Its hold ends by itself: the next batch is counted as if nothing had been.
    until = stats.generations.head()["hold"]["until"]
    while utc_now() <= until:
        pass
    stats.count(submitted("i-99"))
    assert stats.reconcile().agrees
    stats.generations.drop_unused()
    assert collections(stats) == {"snapshots_1", "counters_1"}


def test_a_rebuild_that_stood_still_gives_way_to_counting(stats: Stats) -> None:
    """Its generation lacks what was counted since its hold ended, so it must not switch."""
    stats.count(submitted("i-1"))
    clock_of_rebuild = Generations(
        stats.client[stats.db.name], lambda: utc_now() - timedelta(hours=1), hold_time=timedelta(seconds=1)
    )

    def counted_meanwhile(part: int) -> None:
        stats.count(submitted("i-2"))

    log = Log([[submitted("i-1")]], counted_meanwhile)
    with pytest.raises(RebuildLostError):
        rebuild(parts(stats, log, MongoRebuild(clock_of_rebuild, "frozen")), quiet)

    assert stats.generations.head()["generation"] == 1
    assert stats.reconcile().initiatives == 2
    assert collections(stats) == {"snapshots_1", "counters_1"}


def test_a_failed_rebuild_gives_the_hold_back_at_once(stats: Stats) -> None:
    def fail(part: int) -> None:
        raise Transient("the broker is away")

    with pytest.raises(Transient):
        rebuild(parts(stats, Log([[]], fail)), quiet)

    assert stats.count(submitted("i-1")) == 1
    assert collections(stats) == {"snapshots_1", "counters_1"}


@pytest.mark.parametrize(
    "away", [Transient("silence"), KafkaTimeoutError("no answer"), AutoReconnect("gone")]
)
def test_a_rebuild_that_loses_a_server_says_what_to_do_and_changes_nothing(
    stats: Stats, away: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    stats.count(submitted("i-1"))
    before = stats.counters()

    def fail(part: int) -> None:
        if part == 1:
            raise away

    assert rebuild_command(parts(stats, Log([[submitted("i-1"), submitted("i-2")], []], fail)), []) == 75

    last = capsys.readouterr().err.splitlines()[-1]
    assert type(away).__name__ in last
    assert "run it again" in last
    assert stats.counters() == before
    assert stats.count(submitted("i-2")) == 1


def test_a_fault_of_the_rebuild_itself_is_not_put_down_to_a_server(stats: Stats) -> None:
    def fail(part: int) -> None:
        raise ValueError("a fault")

    with pytest.raises(ValueError, match="a fault"):
        rebuild_command(parts(stats, Log([[]], fail)), [])


def test_a_database_killed_in_the_middle_of_a_rebuild_loses_no_figure(
    own_mongo_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    client = connect(DatabaseSettings(own_mongo_server.uri, "stats"))
    stats = Stats(client["stats"], own_mongo_server.uri)
    try:
        stats.count(submitted("i-1"))
        before = stats.counters()

        def kill(part: int) -> None:
            if part == 1:
                own_mongo_server.kill()

        log = Log([[submitted("i-1")], [submitted("i-2")]], kill)
        ended = rebuild_command(parts(stats, log), [])
        own_mongo_server.restart()

        assert ended == 75
        assert "run it again" in capsys.readouterr().err.splitlines()[-1]
        assert stats.counters() == before
    finally:
        stats.close()
        client.close()


def test_the_generation_before_stays_readable_for_a_while(stats: Stats) -> None:
    stats.count(submitted("i-1"))
    rebuild(parts(stats, Log([[submitted("i-1")]])), quiet)

    stats.generations.drop_unused()
    assert "counters_1" in collections(stats)

    later = Generations(stats.client[stats.db.name], lambda: utc_now() + timedelta(minutes=5))
    later.drop_unused()
    assert collections(stats) == {"snapshots_2", "counters_2"}


def test_a_target_that_only_the_log_reaches_is_told_after_the_rebuild(stats: Stats) -> None:
    stats.tell_tree(PATHS)
    stats.people.add("admin", ("admin", "TLD"))
    stats.put_target("LD-A", 1, "admin")

    rebuild(parts(stats, Log([[approved(submitted("i-1"))]])), quiet)

    assert [data["target"] for _, data in stats.announced()] == [1]


def test_the_command_shows_its_progress_and_says_when_another_runs(
    stats: Stats, capsys: pytest.CaptureFixture[str]
) -> None:
    def again(part: int) -> None:
        assert rebuild_command(parts(stats, Log([]), stats.rebuild("rebuild-2")), []) == 75

    assert rebuild_command(parts(stats, Log([[submitted("i-1")], []], again)), []) == 0

    lines = capsys.readouterr().err.splitlines()
    assert any("another rebuild" in line for line in lines)
    assert any("of 2 records" in line for line in lines)
    assert lines[-1].startswith("rebuild: done, 1 initiatives")


def test_reconcile_finds_nothing_when_all_agrees(stats: Stats, capsys: pytest.CaptureFixture[str]) -> None:
    stats.count(*newest(histories(random.Random(1), 10)))

    assert reconcile_command(stats.audit, []) == 0

    assert capsys.readouterr().out.splitlines() == [
        "reconcile: 10 initiatives, 0 counter differences, 0 initiative differences: they agree"
    ]


def test_reconcile_prints_each_difference_and_exits_with_1(
    stats: Stats, capsys: pytest.CaptureFixture[str]
) -> None:
    stats.count(approved(submitted("i-1")))
    stats.generations.counters(1).update_one(
        {"_id": "TLD|phase-1|2022-05"}, {"$inc": {"d.all.25.approved.n": 2}}
    )

    assert reconcile_command(stats.audit, []) == 1

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[1].split()[:6] == ["TLD", "phase-1", "all", "approved", "2022-05-25", "3"]
    assert lines[-1].endswith("they DIFFER")


def said(snapshot: Snapshot, **changes: Any) -> str:
    """The line that submission's side would give of it."""
    milestones: dict[str, Any] = {"submitted": rfc3339(midday(snapshot.submitted_on))}
    if snapshot.ending is not None and snapshot.ended_on is not None:
        milestones[snapshot.ending.value] = rfc3339(midday(snapshot.ended_on))
    line = {
        "id": snapshot.initiative,
        "state": snapshot.ending.value if snapshot.ending else "in_review",
        "unit_path": snapshot.unit_path,
        "campaigns": snapshot.campaigns,
        "milestones": milestones,
        **changes,
    }
    return orjson.dumps(line).decode()


def test_reconcile_against_the_owner_names_what_is_missing_superfluous_and_different(stats: Stats) -> None:
    known = [approved(submitted("i-1")), submitted("i-2"), withdrawn(submitted("i-3"))]
    stats.count(*known)
    lines = [
        said(known[0]),
        said(replace(known[1], unit_path=("TLD", "LD-B"))),
        said(submitted("i-4")),
        said(submitted("i-5"), state="draft"),
        "",
    ]

    result = stats.reconcile(read_expected(lines))

    found = {
        difference.initiative: (difference.counted, difference.expected) for difference in result.against
    }
    assert found == {
        "i-2": (counted_as(known[1]), replace(counted_as(known[1]), unit_path=("TLD", "LD-B"))),
        "i-3": (counted_as(known[2]), None),
        "i-4": (None, counted_as(submitted("i-4"))),
    }
    assert not result.agrees


def test_reconcile_reads_the_owner_from_a_file_or_standard_input(
    stats: Stats, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stats.count(submitted("i-1"))
    file = tmp_path / "said.ndjson"
    file.write_text(said(submitted("i-1")) + "\n", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO(said(withdrawn(submitted("i-1")))))

    assert reconcile_command(stats.audit, ["--against", str(file)]) == 0
    assert reconcile_command(stats.audit, ["--against", "-"]) == 1
    assert "open / " in capsys.readouterr().out

    file.write_text('{"id": "i-1"}\n', encoding="utf-8")
    assert reconcile_command(stats.audit, ["--against", str(file)]) == 65
    assert "line 1" in capsys.readouterr().err


def test_a_difference_that_counting_made_meanwhile_is_looked_at_again(stats: Stats) -> None:
    stats.count(submitted("i-1"))
    looks: list[bool] = []

    class Disturbed:
        """The real audit, with a batch counted in the middle of the first reading."""

        def reading(self, *, hold: bool) -> Any:
            looks.append(hold)
            reading = stats.audit.reading(hold=hold)
            if hold:
                return reading
            inner = reading.__enter__()
            snapshots = list(inner.snapshots())
            stats.count(submitted("i-2"))
            inner.snapshots = lambda: iter(snapshots)  # type: ignore[method-assign]
            return _Entered(inner)

    class _Entered:
        def __init__(self, inner: Any) -> None:
            self._inner = inner

        def __enter__(self) -> Any:
            return self._inner

        def __exit__(self, *exception: object) -> None:
            return None

    from stats.application.reconcile import reconcile

    assert reconcile(Disturbed()).agrees
    assert looks == [False, True]
    # The pause has ended with the second look.
    assert stats.count(submitted("i-3")) == 1


def test_the_store_of_another_process_sees_the_hold(stats: Stats) -> None:
    hold = stats.generations.hold("reconcile", "test", make_generation=False)
    assert hold is not None
    other = MongoProjectionStore(stats.db, CODEC, Generations(stats.db, utc_now))

    with pytest.raises(RebuildRunningError):
        other.transact(lambda projection: None)

    stats.generations.release(hold)
    assert other.transact(lambda projection: 1) == 1
