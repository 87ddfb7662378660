"""What an observation of the drill reads again, and what it takes from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.resilience.drill.observed import Known, read_changed


class Server:
    """Answers for each id, and remembers what it was asked for."""

    def __init__(self, **documents: str) -> None:
        self.documents = documents
        self.asked: list[str] = []

    def read(self, id: str) -> Mapping[str, Any] | None:
        self.asked.append(id)
        return {"says": self.documents[id]} if id in self.documents else None


def rows(**versions: int) -> dict[str, Mapping[str, Any]]:
    return {id: {"version": version} for id, version in versions.items()}


def test_only_what_its_list_tells_anew_is_read_again() -> None:
    known: Known = {}
    read_changed(known, rows(a=1, b=1), "ab", Server(a="first", b="first").read)
    later = Server(a="second", b="second", c="second")

    there = read_changed(known, rows(a=1, b=2, c=1), "abc", later.read)

    assert later.asked == ["b", "c"]
    assert there == {"a": {"says": "first"}, "b": {"says": "second"}, "c": {"says": "second"}}


def test_an_item_that_is_in_no_list_is_read_each_time() -> None:
    known: Known = {}
    read_changed(known, {}, ["draft"], Server(draft="first").read)

    assert read_changed(known, {}, ["draft"], Server(draft="second").read) == {"draft": {"says": "second"}}


def test_what_left_its_list_is_read_and_is_not_there_when_it_is_gone() -> None:
    known: Known = {}
    read_changed(known, rows(a=1), ["a"], Server(a="first").read)
    later = Server()

    assert read_changed(known, {}, ["a"], later.read) == {}
    assert later.asked == ["a"]
