"""Refused input: pointers, stable codes and both languages, for all that marshmallow itself can say."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import marshmallow as ma
import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields, validate

from chassis.web.messages import LONGEST_NAME, MOST_ERRORS, Message, coded, field_errors, pointer
from tests.support.web_apps import example_app


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return example_app().test_client()


def errors_of(answer: Any) -> dict[str, str]:
    body = orjson.loads(answer.data)
    assert (answer.status_code, body["code"]) == (422, "validation-failed")
    return {error["pointer"]: error["code"] for error in body["errors"]}


def test_every_fault_of_a_body_is_told_at_once_with_its_place(client: FlaskClient) -> None:
    body = {
        "title": "x",
        "unit": "Hà Nội",
        "authors": [{"member_id": "m-0000000001"}, {"share": "many", "nick/~name": 1}],
        "benefit": "1",
        "applied_on": "31/5/2022",
        "seen_at": "2022-05-31",
        "campaign": "phase-1",
        "thuộc tính": True,
    }

    assert errors_of(client.post("/v1/ideas", json=body)) == {
        "#/title": "too-short",
        "#/unit": "not-a-unit-code",
        "#/authors/1/share": "not-a-number",
        "#/authors/1/nick~1~0name": "unknown-field",
        "#/benefit": "not-an-amount",
        "#/applied_on": "not-a-day",
        "#/seen_at": "not-a-timestamp",
        "#/campaign": "not-a-uuid",
        "#/thu%E1%BB%99c%20t%C3%ADnh": "unknown-field",
    }


@pytest.mark.parametrize(("language", "detail"), [("vi", "Không được để trống."), ("en", "Required.")])
def test_a_fault_is_told_in_the_language_of_the_client(
    client: FlaskClient, language: str, detail: str
) -> None:
    answer = client.post("/v1/ideas", json={}, headers={"Accept-Language": language})

    assert orjson.loads(answer.data)["errors"] == [
        {"pointer": "#/title", "code": "required", "detail": detail}
    ]


@pytest.mark.parametrize("path", ["/v1/ideas", "/v1/strict"])
def test_an_absent_body_misses_what_is_required(client: FlaskClient, path: str) -> None:
    assert errors_of(client.post(path)) == {"#/title": "required"}


@pytest.mark.parametrize("body", ["[]", '"x"', "1", "null"])
def test_a_body_that_is_no_object_is_refused_as_a_whole(client: FlaskClient, body: str) -> None:
    assert errors_of(client.post("/v1/ideas", data=body, content_type="application/json")) == {
        "#": "wrong-type"
    }


def test_the_general_parser_gives_the_same_faults(client: FlaskClient) -> None:
    assert errors_of(client.post("/v1/strict", json={"title": 5, "x": 1})) == {
        "#/title": "not-a-text",
        "#/x": "unknown-field",
    }
    assert client.post("/v1/strict", json={"title": "abc"}).json == {"title": "abc"}


def test_a_query_is_told_by_name(client: FlaskClient) -> None:
    assert errors_of(client.get("/v1/ideas?limit=101&state=lost")) == {
        "?limit": "out-of-range",
        "?state": "not-one-of",
    }
    assert errors_of(client.get("/v1/ideas?limit=ten")) == {"?limit": "not-an-integer"}


def test_a_page_is_limited_when_nothing_is_asked(client: FlaskClient) -> None:
    assert client.get("/v1/ideas").json == {"items": [{"code": "20"}], "next": None}
    assert client.get("/v1/ideas?cursor=abc&limit=100").json == {"items": [{"code": "100"}], "next": "abc"}


def test_the_number_of_faults_told_is_bounded() -> None:
    assert len(field_errors({str(n): ["Unknown field."] for n in range(1000)}, "json")) == MOST_ERRORS


def test_only_the_beginning_of_a_name_that_a_client_made_up_is_repeated(client: FlaskClient) -> None:
    (place,) = errors_of(client.post("/v1/ideas", json={"title": "abc", "ả" * 60_000: 1}))

    assert place == "#/" + "%E1%BA%A3" * LONGEST_NAME


def test_a_list_is_counted_before_its_items_are_read(client: FlaskClient) -> None:
    body = {"title": "abc", "authors": [{"nobody": 1}] * 400}

    assert errors_of(client.post("/v1/ideas", json=body)) == {"#/authors": "too-long"}


def test_places_are_named_by_where_the_data_came_from() -> None:
    assert pointer((), "json") == "#"
    assert pointer(("a", "0"), "json") == "#/a/0"
    assert pointer(("If-Match",), "headers") == "header If-Match"
    assert pointer(("code",), "path") == "path code"


def test_a_fault_of_the_whole_schema_points_to_its_object() -> None:
    (error,) = field_errors({"authors": {"0": {"_schema": [Message("shares", "tổng", "sum")]}}}, "json")

    assert (error.pointer, error.code, error.vi, error.en) == ("#/authors/0", "shares", "tổng", "sum")


def test_a_message_fills_both_of_its_languages() -> None:
    filled = Message("few", "cần {n}", "{n} needed").format(n=3)

    assert (filled.code, filled.vi, str(filled)) == ("few", "cần 3", "3 needed")


def test_a_text_that_nobody_knows_is_not_shown() -> None:
    unknown = coded("Nguyễn Văn A is not welcome")

    assert (unknown.code, str(unknown)) == ("invalid", "The value is not valid.")


def built_in_messages() -> Iterator[tuple[str, str]]:
    """What marshmallow's fields and validators can say, by where it comes from."""
    parameters = {"input": "x", "obj_type": "datetime", "awareness": "aware", "choices": "a, b"}
    for name, field in inspect.getmembers(fields, inspect.isclass):
        if issubclass(field, fields.Field):
            for key, text in getattr(field, "default_error_messages", {}).items():
                kind = "date" if name == "Date" else "time" if name == "Time" else "datetime"
                yield f"{name}.{key}", text.format(**{**parameters, "obj_type": kind})
    yield from ((f"Schema.{key}", text) for key, text in ma.Schema._default_error_messages.items())
    yield from validators()


def validators() -> Iterator[tuple[str, str]]:
    cases: list[tuple[Any, Any]] = [
        (validate.URL(), "x"),
        (validate.Email(), "x"),
        (validate.Range(1, 3), 0),
        (validate.Range(1, 3), 4),
        (validate.Range(min=1), 0),
        (validate.Range(max=1), 2),
        (validate.Range(1, 3, min_inclusive=False, max_inclusive=False), 1),
        (validate.Range(min=1, min_inclusive=False), 1),
        (validate.Range(max=1, max_inclusive=False), 1),
        (validate.Length(2, 3), "a"),
        (validate.Length(2, 3), "abcd"),
        (validate.Length(min=2), "a"),
        (validate.Length(max=2), "abc"),
        (validate.Length(equal=2), "abc"),
        (validate.Equal("a"), "b"),
        (validate.Regexp("a"), "b"),
        (validate.NoneOf(["a"]), "a"),
        (validate.OneOf(["a", "b"]), "c"),
        (validate.ContainsOnly(["a", "b"]), ["c"]),
        (validate.ContainsNoneOf(["a", "b"]), ["a"]),
    ]
    covered = {type(case).__name__ for case, _ in cases}
    kinds = {
        name
        for name, kind in inspect.getmembers(validate, inspect.isclass)
        if issubclass(kind, validate.Validator) and kind not in (validate.Validator, validate.And)
    }
    assert covered == kinds - {"Predicate"}
    for validator, value in cases:
        with pytest.raises(ma.ValidationError) as caught:
            validator(value)
        yield repr(validator), caught.value.messages[0]


def test_all_that_marshmallow_can_say_has_a_code_and_vietnamese_text() -> None:
    for source, text in built_in_messages():
        message = coded(text)

        assert message.vi, source
        assert message.vi != str(message), source
        if message.code == "invalid":
            assert source.endswith(".validator_failed") or source.startswith("<NoneOf"), (source, text)


@settings(max_examples=30)
@given(
    st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
)
def test_any_nesting_of_messages_becomes_a_flat_list(messages: Any) -> None:
    for error in field_errors(messages, "json"):
        assert error.pointer.startswith("#")
        assert error.pointer.isascii()
        assert error.code
