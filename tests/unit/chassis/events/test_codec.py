"""The codec: strict when producing, tolerant when consuming, and the same bytes on every attempt."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import tracing
from chassis.events.codec import (
    ContractViolation,
    DecodeError,
    Event,
    EventCodec,
    InvalidData,
    PendingEvent,
    Undecodable,
    UnknownType,
    format_time,
)
from tests.support.messaging import NOON, SOURCE, Spec

CODEC = EventCodec({"counted": Spec("counted")}, SOURCE)


def pending(**changes: Any) -> PendingEvent:
    arguments: dict[str, Any] = {"subject": "a1", "data": {"n": 1}, "sequence": "000001.000000", "now": NOON}
    return CODEC.pending("counted", **{**arguments, **changes})


def decoded(event: PendingEvent, **headers: bytes | None) -> Event:
    changed = {**dict(event.headers), **headers}
    kept = [(name, value) for name, value in changed.items() if value is not None]
    return CODEC.decode("counted", event.key.encode(), event.value, kept)


def test_an_event_is_a_cloudevent_in_binary_mode() -> None:
    event = pending()

    assert (event.topic, event.key, event.value) == ("counted", "a1", b'{"n":1}')
    headers = dict(event.headers)
    assert headers["ce_id"] == event.id.encode()
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"test.counted.v1"
    assert headers["ce_source"] == b"/services/test"
    assert headers["ce_subject"] == b"a1"
    assert headers["ce_time"] == b"2022-05-31T12:00:00.000Z"
    assert headers["ce_dataschema"] == b"/contracts/schemas/counted/1.0.json"
    assert headers["ce_sequence"] == b"000001.000000"
    assert headers["content-type"] == b"application/json"
    assert "traceparent" not in headers


@given(
    n=st.integers(-(2**53), 2**53),
    note=st.text(),
    subject=st.text(min_size=1).filter(lambda text: text.isprintable()),
    sequence=st.none() | st.from_regex(r"[0-9]{6}\.[0-9]{6}", fullmatch=True),
    now=st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),
)
def test_what_is_encoded_is_decoded(
    n: int, note: str, subject: str, sequence: str | None, now: datetime
) -> None:
    event = pending(data={"n": n, "note": note}, subject=subject, sequence=sequence, now=now)

    result = CODEC.decode(event.topic, event.key.encode(), event.value, event.headers)

    assert (result.id, result.subject, result.sequence) == (event.id, subject, sequence)
    assert result.data == {"n": n, "note": note}
    assert result.time == now.replace(microsecond=now.microsecond // 1000 * 1000)


@given(document=st.builds(lambda n: pending(data={"n": n}), st.integers(0, 9)))
def test_a_stored_event_comes_back_byte_for_byte(document: PendingEvent) -> None:
    import bson

    stored = bson.decode(bson.encode(document.to_document()))

    assert PendingEvent.from_document(stored) == document


def test_each_event_has_an_id_of_its_own() -> None:
    assert pending().id != pending().id


def test_the_current_trace_is_stored_unless_one_is_given() -> None:
    trace = tracing.new()

    with tracing.use(trace):
        current, given_one = pending(), pending(traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")

    assert decoded(current).traceparent == tracing.header(trace)
    assert decoded(given_one).traceparent == "00-" + "a" * 32 + "-" + "b" * 16 + "-01"


@pytest.mark.parametrize(
    "data",
    [{"n": 1, "unknown": True}, {}, {"n": "1"}, {"n": 1, "note": datetime(2022, 1, 1)}],
    ids=["unknown property", "missing", "wrong type", "not JSON"],
)
def test_producing_what_the_schema_forbids_is_a_contract_violation(data: Mapping[str, Any]) -> None:
    with pytest.raises(ContractViolation, match="counted"):
        pending(data=data)


def test_data_that_json_cannot_hold_is_a_contract_violation() -> None:
    codec = EventCodec({"free": Spec("free", schema={"type": "object"})}, SOURCE)

    with pytest.raises(ContractViolation):
        codec.pending("free", subject="a", data={"n": {1, 2}}, sequence=None, now=NOON)


def test_an_unknown_topic_is_a_contract_violation() -> None:
    with pytest.raises(ContractViolation, match="other"):
        CODEC.pending("other", subject="a", data={"n": 1}, sequence=None, now=NOON)


def test_a_topic_with_a_schema_needs_a_type() -> None:
    with pytest.raises(ContractViolation, match="counted"):
        EventCodec({"counted": Spec("counted", type=None)}, SOURCE)


def test_topics_without_a_schema_are_left_out() -> None:
    codec = EventCodec({"x.dlq": Spec("x.dlq", schema=None)}, SOURCE)

    with pytest.raises(UnknownType):
        codec.decode("x.dlq", None, b"{}", [("ce_type", b"test.counted.v1")])


def test_unknown_fields_and_minor_versions_are_tolerated() -> None:
    event = pending()

    newer = CODEC.decode("counted", b"a1", b'{"n":1,"later":{"n":null}}', event.headers)

    assert newer.data == {"n": 1, "later": {"n": None}}
    assert decoded(event, ce_dataschema=b"/contracts/schemas/counted/1.9.json").data == {"n": 1}


@pytest.mark.parametrize("type", [b"test.counted.v2", b"test.other.v1"])
def test_another_type_or_major_version_is_unknown(type: bytes) -> None:
    with pytest.raises(UnknownType):
        decoded(pending(), ce_type=type)


def test_data_that_breaks_the_schema_is_invalid_and_is_not_quoted() -> None:
    with pytest.raises(InvalidData) as caught:
        CODEC.decode("counted", b"a", b'{"n":"secret"}', pending().headers)

    assert caught.value.code == "invalid-data"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"ce_type": None}, "missing-attribute"),
        ({"ce_id": None}, "missing-attribute"),
        ({"ce_time": None}, "missing-attribute"),
        ({"ce_source": None}, "missing-attribute"),
        ({"ce_specversion": b"0.3"}, "spec-version"),
        ({"ce_specversion": None}, "spec-version"),
        ({"ce_time": b"yesterday"}, "malformed"),
        ({"ce_time": b"2022-05-31T12:00:00"}, "malformed"),
        ({"ce_id": b""}, "malformed"),
        ({"ce_id": b"\xff"}, "malformed"),
    ],
)
def test_a_broken_envelope_cannot_be_decoded(headers: dict[str, bytes | None], code: str) -> None:
    with pytest.raises(Undecodable) as caught:
        decoded(pending(), **headers)

    assert caught.value.code == code


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{", b"NaN"])
def test_a_value_that_is_no_json_cannot_be_decoded(value: bytes | None) -> None:
    with pytest.raises(Undecodable):
        CODEC.decode("counted", b"a", value, pending().headers)


def test_the_key_stands_in_for_a_missing_subject() -> None:
    event = pending()

    assert decoded(event, ce_subject=None).subject == "a1"
    with pytest.raises(Undecodable):
        CODEC.decode("counted", None, event.value, [h for h in event.headers if h[0] != "ce_subject"])
    with pytest.raises(Undecodable):
        CODEC.decode("counted", b"\xff", event.value, [h for h in event.headers if h[0] != "ce_subject"])


def test_a_time_with_another_offset_is_read_as_utc() -> None:
    assert decoded(pending(), ce_time=b"2022-05-31T19:00:00+07:00").time == NOON


def structured(**changes: Any) -> bytes:
    envelope = {name[3:]: value.decode() for name, value in pending().headers if name.startswith("ce_")}
    return orjson.dumps({**envelope, "data": {"n": 1}, **changes})


def test_structured_mode_is_accepted() -> None:
    headers = [("Content-Type", b"application/cloudevents+json"), ("traceparent", b"00-x")]

    event = CODEC.decode("counted", None, structured(), headers)

    assert (event.subject, event.data, event.time) == ("a1", {"n": 1}, NOON)
    assert event.traceparent == "00-x"


@pytest.mark.parametrize("value", [b"[]", b'"text"', structured(data=None), structured(type=7)])
def test_a_broken_structured_event_is_refused(value: bytes) -> None:
    with pytest.raises(DecodeError):
        CODEC.decode("counted", None, value, [("content-type", b"application/cloudevents+json")])


@given(
    value=st.binary(max_size=200), headers=st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=20)))
)
def test_no_bytes_break_the_decoder(value: bytes, headers: list[tuple[str, bytes]]) -> None:
    # Whatever else it raised would stop the consumer instead of putting the record aside.
    with contextlib.suppress(DecodeError):
        CODEC.decode("counted", b"k", value, headers)


def test_times_are_written_in_utc_with_milliseconds() -> None:
    local = datetime(2022, 5, 31, 23, 55, 0, 123456, timezone(timedelta(hours=7)))

    assert format_time(local) == "2022-05-31T16:55:00.123Z"
    with pytest.raises(ValueError, match="zone"):
        format_time(datetime(2022, 5, 31))


SNAPSHOT: dict[str, Any] = {
    "type": "object",
    "required": ["n", "kind", "dates"],
    "properties": {
        "n": {"type": "integer"},
        "kind": {"type": "string", "pattern": "^[a-z]+$", "x-extensible-enum": ["old"]},
        "dates": {
            "type": "object",
            "properties": {"begun": {"type": "string"}, "ended": {"type": ["string", "null"]}},
            "required": ["begun", "ended"],
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}
PASSING = EventCodec({"counted": Spec("counted", schema=SNAPSHOT)}, SOURCE)
RECEIVED = {"n": 1, "kind": "later", "colour": {"r": 1}, "dates": {"begun": "a", "ended": None, "paid": "b"}}


def passing(data: Mapping[str, Any], over: Mapping[str, Any] | None = RECEIVED) -> Any:
    event = PASSING.pending("counted", subject="a1", data=data, sequence=None, now=NOON, over=over)
    return orjson.loads(event.value)


def test_what_is_passed_through_keeps_what_this_producer_does_not_know() -> None:
    sent = passing({"n": 2, "dates": {"ended": "c"}})

    assert sent == {
        "n": 2,
        "kind": "later",
        "colour": {"r": 1},
        "dates": {"begun": "a", "ended": "c", "paid": "b"},
    }


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"m": 2}, id="unknown-property"),
        pytest.param({"dates": {"lost": "c"}}, id="unknown-property-below"),
        pytest.param({"n": "2"}, id="another-type"),
        pytest.param({"kind": "unheard"}, id="value-of-an-open-list-that-it-may-not-write"),
    ],
)
def test_what_a_producer_lays_over_is_held_to_the_strict_schema(data: dict[str, Any]) -> None:
    with pytest.raises(ContractViolation):
        passing(data)


def test_the_whole_must_be_complete_whoever_said_what() -> None:
    with pytest.raises(ContractViolation):
        passing({"n": 2}, {"kind": "old"})


def test_without_anything_passed_through_the_strict_schema_holds_for_all() -> None:
    with pytest.raises(ContractViolation):
        passing(RECEIVED, None)


def test_laying_over_changes_neither_payload() -> None:
    before = orjson.dumps(RECEIVED)
    above = {"dates": {"ended": "c"}}

    passing({"n": 3, **above})

    assert orjson.dumps(RECEIVED) == before
    assert above == {"dates": {"ended": "c"}}
