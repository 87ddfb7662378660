"""Documents of other releases."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from chassis.mongo.documents import known


@dataclass(frozen=True)
class Kept:
    name: str
    added: int = 7


@dataclass(frozen=True)
class Other:
    name: str


def test_what_a_later_release_added_is_left_out_and_what_an_earlier_one_lacks_has_its_default() -> None:
    assert Kept(**known(Kept, {"name": "a", "later": {"deep": 1}})) == Kept("a", 7)
    assert Kept(**known(Kept, {"name": "a", "added": 1})) == Kept("a", 1)


def test_each_kind_has_its_own_fields() -> None:
    document = {"name": "a", "added": 1}

    assert (known(Kept, document), known(Other, document)) == (document, {"name": "a"})


def test_what_every_release_writes_is_not_made_up() -> None:
    with pytest.raises(TypeError):
        Kept(**known(Kept, {"added": 1}))
