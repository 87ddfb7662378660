"""What a request must show before its body is read: a sign-in, and no unknown name in its query."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from chassis.web import Blueprint
from chassis.web.messages import MOST_ERRORS
from tests.support.signed_tokens import bearer
from tests.support.web_apps import example_app

BODIES = [b"", b"{", b"\xff", b"[" * 1000, b'{"title": 1}', b'{"title": "abc"}', b"x" * 300_000]


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return example_app().test_client()


class Unreadable(io.BytesIO):
    """The body of a request that nobody may read."""

    def read(self, size: int | None = -1, /) -> bytes:
        raise AssertionError("the body was read")

    readinto = readline = read  # type: ignore[assignment]


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, orjson.loads(answer.data)["code"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body[:12]))
def test_a_stranger_gets_the_same_answer_whatever_the_body_is(
    client: FlaskClient, body: bytes, kind: str
) -> None:
    answer = client.post("/v1/own-ideas", data=body, content_type=kind)

    assert code_of(answer) == (401, "not-authenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer", "Bearer x.y.z", "Basic eDp5", "x" * 8000])
def test_who_only_claims_a_sign_in_is_a_stranger(client: FlaskClient, header: str) -> None:
    answer = client.post("/v1/own-ideas", data=b"{", headers={"Authorization": header})

    assert code_of(answer) == (401, "not-authenticated")


def test_nothing_of_a_strangers_body_is_read(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/own-ideas", input_stream=Unreadable(b"x" * 1000), content_type="application/json"
    )

    assert answer.status_code == 401


def test_a_body_is_looked_at_once_its_sender_is_known(client: FlaskClient) -> None:
    signed = bearer()

    assert client.post("/v1/own-ideas", json={}, headers=signed).status_code == 422
    assert client.post("/v1/own-ideas", json={"title": "abc"}, headers=signed).status_code == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_every_method_of_a_route_asks_for_the_sign_in(client: FlaskClient, method: str) -> None:
    assert client.open("/v1/own-ideas", method=method).status_code == 401


def test_what_a_route_is_not_is_still_said_to_everybody(client: FlaskClient) -> None:
    assert client.patch("/v1/own-ideas").status_code == 405
    assert client.options("/v1/own-ideas").status_code == 200
    assert client.get("/v1/absent").status_code == 404


def test_a_sign_in_may_be_optional(client: FlaskClient) -> None:
    assert client.get("/v1/choice").json == {"subject": None, "colour": None}
    assert client.get("/v1/choice?colour=red", headers=bearer()).json == {
        "subject": "m-0000000001",
        "colour": "red",
    }


def test_an_operation_that_says_nothing_of_its_security_needs_a_sign_in() -> None:
    routes = Blueprint("plain", "plain")

    @routes.route("/v1/plain", methods=["GET", "PUT"])
    def plain() -> Any:
        return {}

    client = example_app(blueprints=[routes]).test_client()

    assert [client.open("/v1/plain", method=method).status_code for method in ("GET", "PUT")] == [401, 401]


@pytest.mark.parametrize("path", ["/v1/ideas", "/v1/public", "/v1/choice", "/v1/versions/3"])
@pytest.mark.parametrize("name", ["zz", "limit[]", "cursor[$ne]", "$where", "LIMIT", "", "\x00", "ả" * 100])
def test_a_name_that_no_query_of_the_operation_has_is_refused(
    client: FlaskClient, path: str, name: str
) -> None:
    answer = client.get(path, query_string={name: "1"})

    body = orjson.loads(answer.data)
    assert (answer.status_code, body["code"]) == (422, "validation-failed")
    assert body["errors"] == [
        {
            "pointer": f"?{name}",
            "code": "unknown-parameter",
            "detail": "Không có tham số này. Hãy bỏ đi hoặc kiểm tra lại tên.",
        }
    ]


@pytest.mark.parametrize("query", ["", "?", "?&&", "?limit=5", "?limit=5&limit=6", "?limit=5&&"])
def test_known_names_are_taken(client: FlaskClient, query: str) -> None:
    assert client.get(f"/v1/ideas{query}").status_code == 200


def test_only_some_of_very_many_unknown_names_are_listed(client: FlaskClient) -> None:
    answer = client.get("/v1/ideas?" + "&".join(f"a{number}" for number in range(900)))

    assert len(orjson.loads(answer.data)["errors"]) == MOST_ERRORS


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_query_of_a_stranger_gets_the_same_answer(query: str) -> None:
    answer = CLIENT.get("/v1/me", query_string=quote(query))

    assert answer.status_code == 401


CLIENT = example_app().test_client()


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_a_probe_may_ask_as_it_likes(client: FlaskClient, path: str) -> None:
    assert client.get(f"{path}?t=1").status_code == 200
