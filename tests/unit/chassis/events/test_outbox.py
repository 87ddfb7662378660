"""The documents that carry events: what an insert and an update of an aggregate get."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chassis.events.codec import EventCodec
from chassis.events.outbox import LANES, OUTBOX_INDEX, lane_of, outbox_fields, push_outbox
from tests.support.messaging import NOON, SOURCE, Spec

EVENT = EventCodec({"counted": Spec("counted")}, SOURCE).pending(
    "counted", subject="a1", data={"n": 1}, sequence=None, now=NOON
)


@given(st.text())
def test_a_lane_is_one_of_the_lanes(aggregate_id: str) -> None:
    assert 0 <= lane_of(aggregate_id) < LANES


def test_lanes_never_change_because_they_are_stored() -> None:
    assert [lane_of(id) for id in ("a1", "a2", "CD-CONG-THUONG")] == [3, 9, 4]


def test_an_insert_carries_events_and_lane() -> None:
    assert outbox_fields("a1", [EVENT]) == {"outbox": [EVENT.to_document()], "outbox_lane": lane_of("a1")}


def test_without_events_a_document_has_no_outbox() -> None:
    assert outbox_fields("a1", []) == {}
    assert push_outbox({"$set": {"n": 1}}, "a1", []) == {"$set": {"n": 1}}


def test_an_update_keeps_its_own_operators() -> None:
    update: dict[str, Any] = {"$set": {"n": 1}, "$push": {"requests": 5}, "$inc": {"version": 1}}

    result = push_outbox(update, "a1", [EVENT])

    assert result == {
        "$set": {"n": 1, "outbox_lane": lane_of("a1")},
        "$push": {"requests": 5, "outbox": {"$each": [EVENT.to_document()]}},
        "$inc": {"version": 1},
    }
    assert update["$set"] == {"n": 1}


def test_the_index_holds_only_documents_that_wait() -> None:
    assert OUTBOX_INDEX("things").sparse
