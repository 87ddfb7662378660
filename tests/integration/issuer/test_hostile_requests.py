"""The issuer asked with anything in its forms, queries and headers: an answer below 500, no redirect to where
nobody registered, nothing of what was sent in a header.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder, run_wsgi_app

from embedded.issuer.settings import IssuerSettings
from embedded.issuer.web import make_app
from tests.support.hostile_values import TEXTS, cpu_seconds

URL = "http://127.0.0.1:8080/auth"
CALLBACK = "http://127.0.0.1:8080/callback"
ROUTES = {"authorize": "GET", "token": "POST", "userinfo": "GET", "logout": "POST"}
GOOD = {
    "client_id": "portal",
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "openid profile",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
    "code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    "grant_type": "authorization_code",
    "post_logout_redirect_uri": CALLBACK,
}
MORE = (
    "code",
    "refresh_token",
    "client_secret",
    "username",
    "state",
    "nonce",
    "max_age",
    "prompt",
    "ui_locales",
)
HEADER = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=80)
ANY = st.one_of(
    HEADER,
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.sampled_from(
        ["\0", "\r\nSet-Cookie: a=b", "//evil.example", "https://evil.example/", "-1", "9" * 400]
    ),
)
FORM = st.dictionaries(st.sampled_from((*GOOD, *MORE)), ANY, max_size=3)
HEADERS = st.dictionaries(
    st.sampled_from(["Authorization", "Cookie", "Accept-Language", "X-Forwarded-Host", "X-Forwarded-Proto"]),
    st.one_of(
        HEADER, st.sampled_from(["Basic /////w==", "Basic !", "Basic Og==", "Bearer a.b.c", "Bearer "])
    ),
    max_size=2,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    folder = tmp_path_factory.mktemp("issuer")
    (folder / "accounts.json").write_text(json.dumps([]), encoding="utf-8")
    app = make_app(
        IssuerSettings(
            bind="127.0.0.1:0",
            url=URL,
            audience="sangkien",
            data=folder / "data",
            accounts=folder / "accounts.json",
            operator_secret="operator-secret",
            redirect_uris=(CALLBACK,),
        ),
        # Each request is a minute after the last, so that no limit ends the test early.
        monotonic=iter(range(0, 10**9, 60)).__next__,
    )
    yield app.test_client(use_cookies=False)
    app.config["ISSUER"].store.close()


@pytest.mark.parametrize("route", ROUTES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(form=FORM, headers=HEADERS)
@example(form={"code": "\0", "grant_type": "authorization_code"}, headers={"Authorization": "Basic /////w=="})
@example(form={"state": "\r\nSet-Cookie: a=b"}, headers={})
def test_any_request_is_answered_or_refused(
    client: FlaskClient, route: str, form: dict[str, str], headers: dict[str, str]
) -> None:
    sent: dict[str, Any] = {**GOOD, **form}
    method = ROUTES[route]
    query, body = (sent, None) if method == "GET" else (None, sent)

    answer = client.open(f"/auth/{route}", method=method, headers=headers, query_string=query, data=body)

    assert answer.status_code < 500
    assert all(value.isascii() and value.isprintable() for _, value in answer.headers)
    if answer.location is not None:
        target = urlsplit(answer.location)
        assert f"{target.scheme}://{target.netloc}{target.path}" == CALLBACK


MOST_SECONDS = 0.020
# What the server takes of a line and a header, and the issuer of a form.
LINE_CHARACTERS, HEADER_CHARACTERS, FORM_CHARACTERS = 300, 8000, 1500


@pytest.mark.parametrize("shape", TEXTS)
@pytest.mark.parametrize("route", ROUTES)
def test_no_form_and_no_query_costs_much(client: FlaskClient, route: str, shape: str) -> None:
    method = ROUTES[route]
    for name in (*GOOD, *MORE, TEXTS[shape](20)):
        text = TEXTS[shape](LINE_CHARACTERS if method == "GET" else FORM_CHARACTERS)
        sent = {**GOOD, name: text}
        query, body = (sent, None) if method == "GET" else (None, sent)
        builder = EnvironBuilder(f"/auth/{route}", method=method, query_string=query, data=body)
        assert_cheap(client, builder, route, name)


@pytest.mark.parametrize(
    "name", ["Authorization", "Cookie", "Accept-Language", "X-Forwarded-For", "Content-Type"]
)
@pytest.mark.parametrize(
    "part", ["a", "a=b; ", "en;q=0.9, ", "Basic !", "=", ",", ";", '"\\', "Bearer ey.", "é"]
)
def test_no_header_costs_much(client: FlaskClient, name: str, part: str) -> None:
    value = (part * HEADER_CHARACTERS)[:HEADER_CHARACTERS].strip()
    for route, method in ROUTES.items():
        builder = EnvironBuilder(f"/auth/{route}", method=method, headers=Headers([(name, value)]), data=GOOD)
        assert_cheap(client, builder, route, name)


def assert_cheap(client: FlaskClient, builder: EnvironBuilder, *what: str) -> None:
    environ = builder.get_environ()
    body: bytes = environ["wsgi.input"].read()
    statuses = []

    def ask() -> None:
        once = {**environ, "wsgi.input": io.BytesIO(body)}
        statuses.append(int(run_wsgi_app(client.application, once)[1].split()[0]))

    seconds = cpu_seconds(ask, MOST_SECONDS)
    assert seconds < MOST_SECONDS, f"{seconds * 1000:.0f} ms of CPU for {what}"
    assert max(statuses) < 500
