"""How many requests one person or one address may make, declared once for every service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from chassis.web.limits import client_address
from tests.support import signed_tokens
from tests.support.web_apps import SETTINGS, example_app


def client(**changes: Any) -> FlaskClient:
    """An example whose buckets do not refill within a test."""
    few = {"write_rate": 0.001, "write_burst": 2, "anonymous_rate": 0.001, "anonymous_burst": 3}
    return example_app(settings=replace(SETTINGS, **{**few, **changes})).test_client()


def signed(subject: str) -> dict[str, str]:
    return signed_tokens.bearer(subject)


def post(app: FlaskClient, headers: dict[str, str]) -> Any:
    return app.post("/v1/strict", json={"title": "Cải tiến"}, headers=headers)


def test_changes_are_counted_for_the_person_whatever_the_address() -> None:
    app = client()

    answers = [
        post(app, {**signed("m-0000000001"), "X-Forwarded-For": f"10.0.0.{number}"}) for number in range(3)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert post(app, signed("m-0000000002")).status_code == 200


def test_the_refusal_says_when_to_come_again_and_how_many_there_are() -> None:
    app = client()
    first = post(app, signed("m-0000000001"))
    post(app, signed("m-0000000001"))

    refused = post(app, {**signed("m-0000000001"), "Accept-Language": "en"})

    assert first.headers["RateLimit-Policy"] == '"writes";q=2;w=2000'
    assert first.headers["RateLimit"].startswith('"writes";r=1;t=')
    assert refused.headers["RateLimit"].startswith('"writes";r=0;t=')
    assert refused.json["code"] == "too-many-requests"
    assert 900 <= int(refused.headers["Retry-After"]) <= 1000
    assert refused.headers["Retry-After"] in refused.json["detail"]


def test_reads_of_a_signed_person_are_not_limited() -> None:
    app = client()

    assert {app.get("/v1/me", headers=signed("m-0000000001")).status_code for _ in range(20)} == {200}


@pytest.mark.parametrize(
    "junk", [{}, {"Authorization": "Bearer junk"}, {"Authorization": "Basic x"}, {"Authorization": "Bearer "}]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_nobody_signed_is_counted_for_the_address_with_any_junk_for_a_token(
    method: str, junk: dict[str, str]
) -> None:
    app = client()
    path = "/v1/ideas" if method == "GET" else "/v1/strict"

    statuses = [app.open(path, method=method, headers=junk).status_code for _ in range(4)]

    assert statuses[3] == 429
    assert 429 not in statuses[:3]
    assert app.get("/v1/ideas", headers={"X-Forwarded-For": "192.0.2.7"}).status_code == 200


def test_a_client_cannot_change_its_address_by_a_header_of_its_own() -> None:
    app = client()

    statuses = [
        app.get("/v1/ideas", headers={"X-Forwarded-For": f"203.0.113.{number}, 192.0.2.7"}).status_code
        for number in range(4)
    ]

    assert statuses == [200, 200, 200, 429]


def test_probes_are_never_limited_and_a_rate_of_zero_limits_nothing() -> None:
    app = client()
    assert {app.get(path).status_code for path in ("/livez", "/readyz", "/metrics") for _ in range(9)} == {
        200
    }

    free = client(write_rate=0.0, anonymous_rate=0.0)
    assert {post(free, signed("m-0000000001")).status_code for _ in range(9)} == {200}
    assert {free.get("/v1/ideas").status_code for _ in range(9)} == {200}


def test_public_answers_say_nothing_of_one_client() -> None:
    assert "RateLimit" not in client().get("/v1/ideas").headers


def test_an_empty_bucket_is_found_out_before_the_body_is_read() -> None:
    app = client()
    for _ in range(2):
        post(app, signed("m-0000000001"))

    answer = app.post("/v1/strict", data=b"{", headers=signed("m-0000000001"))

    assert answer.status_code == 429


@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        (None, 1, "127.0.0.1"),
        ("192.0.2.1", 1, "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1", 1, "192.0.2.1"),
        ("6.6.6.6, 192.0.2.1, 10.0.0.1", 2, "192.0.2.1"),
        ("192.0.2.1", 2, "127.0.0.1"),
        ("192.0.2.1", 0, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", 1, "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", 1, "192.0.2.1"),
        ("fe80::1%eth0", 1, "fe80::/64"),
        ("unknown", 1, "unknown"),
        (" , ", 1, "127.0.0.1"),
    ],
)
def test_the_address_is_the_one_that_the_outermost_known_proxy_saw(
    forwarded: str | None, hops: int, address: str
) -> None:
    environ: dict[str, object] = {"REMOTE_ADDR": "127.0.0.1"}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded

    assert client_address(environ, hops) == address
