"""The issuer's session of a browser: what its cookie is worth, and when it ends."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from embedded.issuer.settings import IssuerSettings
from embedded.issuer.web import SESSION_SECONDS, make_app
from tests.support.issuer_browser import ACCOUNTS, Browser, Times, code_of


def sign_out(browser: Browser, **query: str) -> TestResponse:
    question = browser.client.get("/auth/logout", query_string=query)
    token = re.search(r'name="csrf_token" value="([^"]+)"', question.text)
    assert token is not None, question.text
    return browser.client.post("/auth/logout", query_string=query, data={"csrf_token": token[1]})


def copy_of(browser: Browser, app: Flask) -> Browser:
    """A browser somewhere else with the same cookie."""
    cookie = browser.client.get_cookie("sangkien_issuer", path="/auth/")
    assert cookie is not None
    thief = Browser(app.test_client())
    thief.client.set_cookie("sangkien_issuer", cookie.value, path="/auth/")
    return thief


@pytest.mark.parametrize("query", [{}, {"max_age": "0"}, {"max_age": "-1"}])
def test_a_copied_cookie_is_worth_nothing_after_the_sign_out(
    browser: Browser, app: Flask, query: dict[str, str]
) -> None:
    browser.sign_in("an", "mật khẩu của An")
    thief = copy_of(browser, app)
    assert "code=" in thief.open().location

    sign_out(browser, **query)

    assert thief.open().status_code == 200
    assert parse_qs(urlsplit(thief.open(prompt="none").location).query)["error"] == ["login_required"]


def test_a_code_that_was_not_exchanged_yet_ends_with_the_sign_out(browser: Browser) -> None:
    code = code_of(browser.sign_in("an", "mật khẩu của An"))

    sign_out(browser)

    assert browser.exchange(code).get_json()["error"] == "invalid_grant"


def test_the_session_of_before_ends_with_a_new_sign_in(browser: Browser, app: Flask) -> None:
    browser.sign_in("an", "mật khẩu của An")
    thief = copy_of(browser, app)

    browser.sign_in("binh", "mật khẩu của Bình", prompt="login")

    assert thief.open().status_code == 200


def test_a_session_ends_after_its_hours(settings: IssuerSettings) -> None:
    times = Times()
    app = make_app(settings, clock=times.now, monotonic=times.now)
    browser = Browser(app.test_client())
    browser.sign_in("an", "mật khẩu của An")

    times.seconds += SESSION_SECONDS
    assert browser.open().status_code == 302
    times.seconds += 1

    assert browser.open().status_code == 200
    app.config["ISSUER"].store.close()


def test_a_changed_password_signs_its_owner_out_everywhere_and_nobody_else(
    browser: Browser, settings: IssuerSettings, app: Flask
) -> None:
    refresh_token = browser.tokens()["refresh_token"]
    binh = Browser(app.test_client())
    binh.sign_in("binh", "mật khẩu của Bình")
    changed = [ACCOUNTS[0] | {"password": "một mật khẩu khác"}, ACCOUNTS[1]]
    settings.accounts.write_text(json.dumps(changed), encoding="utf-8")

    again = make_app(settings)

    an_after, binh_after = copy_of(browser, again), copy_of(binh, again)
    assert an_after.open().status_code == 200
    assert an_after.refresh(refresh_token).status_code == 400
    assert binh_after.open().status_code == 302
    again.config["ISSUER"].store.close()


def test_the_disk_holds_no_session_that_a_cookie_could_be_made_of(
    browser: Browser, app: Flask, settings: IssuerSettings
) -> None:
    browser.sign_in("an", "mật khẩu của An")
    with browser.client.session_transaction("/auth/") as kept:
        identifier = str(kept["id"])

    content = b"".join(file.read_bytes() for file in settings.data.iterdir())

    assert identifier.encode() not in content
