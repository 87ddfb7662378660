"""The role `relearn`: reads the log through, bears failures of a moment, and says what it did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from chassis.consumer.errors import Transient
from chassis.consumer.log import LogPart, TopicLog
from chassis.consumer.relearning import EXIT_LATER, relearn
from chassis.events.codec import Event


def event(number: int) -> Event:
    at = datetime(2022, 5, 31, tzinfo=UTC)
    return Event(str(number), "t", "units", "/s", "u", at, "", None, {"n": number}, None)


class Log:
    """Stands for the log: these parts, and then a failure if there is one."""

    def __init__(self, *parts: Sequence[Event], failure: Exception | None = None) -> None:
        self.passed_over = Counter({"invalid-data": 1})
        self._parts, self._failure = parts, failure
        self.read_topics: Sequence[str] = ()

    def read(self, topics: Sequence[str]) -> Iterator[LogPart]:
        self.read_topics = topics
        for part in self._parts:
            yield LogPart(part, len(part), 9)
        if self._failure is not None:
            raise self._failure


def play(log: Log, learn: Any, arguments: Sequence[str] = ()) -> int:
    return relearn("stats", cast("TopicLog", log), ("units", "campaigns"), learn, arguments)


def test_everything_is_handed_over_part_by_part(capsys: pytest.CaptureFixture[str]) -> None:
    learnt: list[Sequence[Event]] = []
    log = Log([event(1), event(2)], [], [event(3)])

    assert play(log, learnt.append) == 0
    assert learnt == [[event(1), event(2)], [event(3)]]
    assert log.read_topics == ("units", "campaigns")
    assert capsys.readouterr().err == "relearn: 3 events of units, campaigns read again, 1 passed over\n"


@pytest.mark.parametrize("where", ["log", "store"])
def test_what_is_unavailable_for_now_asks_to_be_run_again(
    where: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Sequence[Event]) -> None:
        raise Transient("the database is unavailable")

    log = Log([event(1)], failure=Transient("no broker") if where == "log" else None)

    assert play(log, fail if where == "store" else lambda events: None) == EXIT_LATER
    assert "run it again" in capsys.readouterr().err


def test_a_bug_is_not_taken_for_a_moment_of_absence() -> None:
    def fail(_: Sequence[Event]) -> None:
        raise KeyError("cluster")

    with pytest.raises(KeyError):
        play(Log([event(1)]), fail)


def test_it_takes_no_arguments() -> None:
    with pytest.raises(SystemExit):
        play(Log(), lambda events: None, ["--everything"])
