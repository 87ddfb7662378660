"""Idempotency-Key, ETag, If-Match and If-None-Match on real requests."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from chassis.problems import Problem
from chassis.web.etags import etag
from chassis.web.idempotency import KEEP, RequestKey, StoredAnswer, remember, replay
from tests.support.signed_tokens import bearer
from tests.support.web_apps import example_app


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return example_app().test_client()


def body_of(answer: Any) -> Any:
    return answer.json


def keyed(client: FlaskClient, key: str | None = "key-1", path: str = "/v1/keyed/a", **options: Any) -> Any:
    headers = options.pop("headers", {})
    if key is not None:
        headers = {**headers, "Idempotency-Key": key}
    return client.post(path, headers=headers, **options)


def fingerprint(client: FlaskClient, **options: Any) -> str:
    answer = keyed(client, **options)
    assert answer.status_code == 200, answer.text
    found: str = answer.json["fingerprint"]
    return found


def test_the_same_request_has_the_same_fingerprint(client: FlaskClient) -> None:
    first = fingerprint(client, data='{"a": 1, "b": [2]}', content_type="application/json")

    assert fingerprint(client, data='{"b":[2],"a":1}', content_type="application/json") == first
    assert fingerprint(client, key="key-2", json={"a": 1, "b": [2]}) == first


def test_another_request_has_another_fingerprint(client: FlaskClient) -> None:
    variants = [
        fingerprint(client, json={"a": 1}),
        fingerprint(client, json={"a": 2}),
        fingerprint(client, json=[{"a": 1}]),
        fingerprint(client),
        fingerprint(client, path="/v1/keyed/b", json={"a": 1}),
        fingerprint(client, json={"a": 1}, headers=bearer("m-0000000001")),
        fingerprint(client, json={"a": 1}, headers=bearer("m-0000000002")),
        fingerprint(client, data="plain", content_type="text/plain"),
        body_of(client.put("/v1/keyed/a", json={"a": 1}, headers={"Idempotency-Key": "k"}))["fingerprint"],
    ]

    assert len(set(variants)) == len(variants)


@pytest.mark.parametrize("key", [None, "", "x" * 129, "kh\u00f3a", "a\tb"])
def test_an_absent_or_unfit_key_is_asked_for(client: FlaskClient, key: str | None) -> None:
    answer = keyed(client, key)

    assert (answer.status_code, answer.json["code"]) == (400, "idempotency-key-missing")


@pytest.mark.parametrize("key", ["x", "x" * 128, "a b~!", "{8d1f}"])
def test_a_key_is_any_printable_text_of_ascii(client: FlaskClient, key: str) -> None:
    assert keyed(client, key).json["key"] == key


def stored(number: int, fingerprint: str = "f") -> StoredAnswer:
    return StoredAnswer(f"key-{number}", fingerprint, 201, {"id": number})


def test_a_known_key_gets_its_answer_again() -> None:
    documents = [stored(1).to_document(), stored(2).to_document()]

    assert replay(documents, RequestKey("key-2", "f")) == stored(2)
    assert replay(documents, RequestKey("key-3", "f")) is None


def test_a_key_of_another_request_is_refused() -> None:
    with pytest.raises(Problem, match="idempotency-key-reused"):
        replay([stored(1).to_document()], RequestKey("key-1", "other"))


def test_only_the_last_answers_are_remembered() -> None:
    documents: list[Any] = []
    for number in range(KEEP + 3):
        documents = remember(documents, stored(number))

    assert [document["key"] for document in documents] == [f"key-{number}" for number in range(3, KEEP + 3)]
    assert documents[-1] == {"key": "key-10", "fingerprint": "f", "status": 201, "body": {"id": 10}}


def test_a_key_is_remembered_once() -> None:
    documents = remember(remember([], stored(1)), stored(1, "g"))

    assert [document["fingerprint"] for document in documents] == ["g"]


@pytest.mark.parametrize(("value", "version"), [('"3"', 3), (' "0" ', 0), ('"123456789"', 123456789)])
def test_if_match_gives_the_version_that_was_read(client: FlaskClient, value: str, version: int) -> None:
    assert client.put("/v1/versions/1", headers={"If-Match": value}).json == {"read": version}


def test_a_change_needs_if_match(client: FlaskClient) -> None:
    answer = client.put("/v1/versions/1")

    assert (answer.status_code, body_of(answer)["code"]) == (428, "precondition-required")


@pytest.mark.parametrize(
    "value", ["3", "*", 'W/"3"', '"3", "4"', '"a"', '"-1"', '"03"', '"' + "9" * 19 + '"', ""]
)
def test_if_match_is_one_strong_tag(client: FlaskClient, value: str) -> None:
    answer = client.put("/v1/versions/1", headers={"If-Match": value})

    assert (answer.status_code, body_of(answer)["code"]) == (400, "precondition-invalid")


@pytest.mark.parametrize("value", ['"3"', 'W/"3"', '"1", "3"', "*"])
def test_what_the_client_has_is_not_sent_again(client: FlaskClient, value: str) -> None:
    answer = client.get("/v1/versions/3", headers={"If-None-Match": value})

    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"3"')


@pytest.mark.parametrize("value", ['"2"', "3", ""])
def test_what_the_client_does_not_have_is_sent(client: FlaskClient, value: str) -> None:
    assert client.get("/v1/versions/3", headers={"If-None-Match": value}).json == {"version": 3}


def test_a_tag_can_be_of_a_text() -> None:
    assert etag("7-2022-05-31") == '"7-2022-05-31"'
