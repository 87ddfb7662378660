"""Indexes are data: their names and options."""

from __future__ import annotations

from datetime import timedelta

from chassis.mongo.indexes import Index


def test_a_plain_index_states_nothing_but_its_keys() -> None:
    index = Index("cases", (("unit", 1), ("sort_key", -1)))

    assert index.name == "unit_1_sort_key_-1"
    assert index.options() == {}


def test_every_option_is_stated_in_the_server_s_words() -> None:
    index = Index(
        "cases",
        (("code", 1),),
        unique=True,
        sparse=True,
        partial={"open": True},
        expire_after=timedelta(days=1),
    )

    assert index.options() == {
        "unique": True,
        "sparse": True,
        "partialFilterExpression": {"open": True},
        "expireAfterSeconds": 86400,
    }
