"""The issuer through its HTTP interface, as a browser and a client use it."""

from __future__ import annotations

import base64
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from embedded.issuer.settings import IssuerSettings
from embedded.issuer.throttle import ACCOUNT_FAILURES, ADDRESS_FAILURES, WINDOW_SECONDS
from embedded.issuer.web import make_app
from tests.support.issuer_browser import CALLBACK, URL, Browser, Times, code_of


def claims_of(browser: Browser, token: str) -> dict[str, Any]:
    key_set = KeySet.import_key_set(browser.client.get("/auth/jwks").get_json())
    return dict(jwt.decode(token, key_set, algorithms=["ES256"]).claims)


def test_a_member_signs_in_and_the_portal_gets_tokens_with_the_grants(browser: Browser) -> None:
    tokens = browser.tokens()

    access = claims_of(browser, tokens["access_token"])
    assert access["iss"] == URL
    assert access["aud"] == "sangkien"
    assert access["sub"] == "m-0000000001"
    assert access["client_id"] == "portal"
    assert access["grants"] == [{"role": "member", "unit": "HC-APATIT"}]
    assert "email" not in access
    identity = claims_of(browser, tokens["id_token"])
    assert identity["aud"] == ["portal"]
    assert identity["nonce"] == "n-1"
    assert identity["email"] == "an@example.org"
    assert tokens["expires_in"] == 900


def test_the_state_comes_back_with_the_code(browser: Browser) -> None:
    answer = browser.sign_in("an", "mật khẩu của An")

    assert answer.location.startswith(CALLBACK + "?")
    assert parse_qs(urlsplit(answer.location).query)["state"] == ["s-1"]


def test_a_password_typed_in_decomposed_unicode_is_the_same_password(browser: Browser) -> None:
    import unicodedata

    answer = browser.sign_in("an", unicodedata.normalize("NFD", "mật khẩu của An"))

    assert answer.status_code == 302


def test_a_signed_in_browser_is_not_asked_again_but_for_prompt_login(browser: Browser) -> None:
    browser.sign_in("an", "mật khẩu của An")

    assert browser.open().status_code == 302
    assert browser.open(prompt="login").status_code == 200


def test_prompt_none_without_a_session_sends_login_required_to_the_portal(browser: Browser) -> None:
    answer = browser.open(prompt="none")

    assert parse_qs(urlsplit(answer.location).query)["error"] == ["login_required"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
)
def test_an_authorization_request_without_pkce_s256_is_refused(
    browser: Browser, changes: dict[str, None]
) -> None:
    answer = browser.open(**changes)

    assert "code=" not in answer.headers.get("Location", "")
    assert answer.status_code == 400 or "error=invalid_request" in answer.location


@pytest.mark.parametrize("redirect", ["https://evil.example/", CALLBACK + "/more", None])
def test_an_unknown_redirect_address_gets_an_error_page_and_no_redirect(
    browser: Browser, redirect: str | None
) -> None:
    answer = browser.open(redirect_uri=redirect)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_an_unknown_client_gets_an_error_page(browser: Browser) -> None:
    assert browser.open(client_id="nobody").status_code == 400


def test_a_wrong_verifier_gets_no_token_and_spends_the_code(browser: Browser) -> None:
    code = code_of(browser.sign_in("an", "mật khẩu của An"))

    assert browser.exchange(code, code_verifier="x" * 50).status_code == 400
    assert browser.exchange(code).get_json()["error"] == "invalid_grant"


def test_a_code_is_good_once(browser: Browser) -> None:
    code = code_of(browser.sign_in("an", "mật khẩu của An"))

    assert browser.exchange(code).status_code == 200
    assert browser.exchange(code).status_code == 400


def test_a_refresh_token_is_replaced_at_each_use(browser: Browser) -> None:
    first = browser.tokens()["refresh_token"]

    second = browser.refresh(first).get_json()

    assert second["refresh_token"] != first
    assert claims_of(browser, second["access_token"])["sub"] == "m-0000000001"
    assert browser.refresh(second["refresh_token"]).status_code == 200


def test_a_refresh_token_used_twice_ends_the_whole_sign_in(browser: Browser) -> None:
    first = browser.tokens()["refresh_token"]
    second = browser.refresh(first).get_json()["refresh_token"]

    assert browser.refresh(first).status_code == 400
    assert browser.refresh(second).status_code == 400


def test_keys_and_refresh_tokens_outlive_a_restart(browser: Browser, settings: IssuerSettings) -> None:
    tokens = browser.tokens()

    again = make_app(settings)
    after = Browser(again.test_client())

    assert claims_of(after, tokens["access_token"])["sub"] == "m-0000000001"
    assert after.refresh(tokens["refresh_token"]).status_code == 200
    again.config["ISSUER"].store.close()


def test_the_disk_holds_neither_passwords_nor_tokens(browser: Browser, settings: IssuerSettings) -> None:
    tokens = browser.tokens()

    content = b"".join(file.read_bytes() for file in settings.data.iterdir())

    assert b"$argon2id$" in content
    assert "mật khẩu của An".encode() not in content
    assert tokens["refresh_token"].encode() not in content


def test_userinfo_answers_with_the_claims_of_the_scopes(browser: Browser) -> None:
    token = browser.tokens()["access_token"]

    answer = browser.client.get("/auth/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert answer.get_json() == {
        "sub": "m-0000000001",
        "name": "Nguyễn Văn An",
        "preferred_username": "an",
        "locale": "vi",
        "email": "an@example.org",
        "email_verified": True,
        "grants": [{"role": "member", "unit": "HC-APATIT"}],
    }


@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eA=="}]
)
def test_userinfo_without_a_good_token_is_401(browser: Browser, header: dict[str, str]) -> None:
    answer = browser.client.get("/auth/userinfo", headers=header)

    assert answer.status_code == 401
    assert "Bearer" in answer.headers["WWW-Authenticate"]


def test_an_id_token_is_no_access_token(browser: Browser) -> None:
    token = browser.tokens()["id_token"]

    answer = browser.client.get("/auth/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401


def test_five_wrong_passwords_lock_the_account_here_for_a_while(
    browser: Browser, app: Flask, times: Times
) -> None:
    for _ in range(ACCOUNT_FAILURES):
        assert browser.sign_in("an", "wrong").status_code == 401

    assert browser.sign_in("an", "mật khẩu của An").status_code == 429
    # The owner, from elsewhere, is not locked out by who guesses here.
    elsewhere = Browser(app.test_client())
    elsewhere.client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert elsewhere.sign_in("an", "mật khẩu của An").status_code == 302
    assert browser.sign_in("binh", "mật khẩu của Bình", prompt="login").status_code == 302
    times.seconds += WINDOW_SECONDS
    assert browser.sign_in("an", "mật khẩu của An", prompt="login").status_code == 302


def test_an_unknown_name_looks_like_a_wrong_password(browser: Browser) -> None:
    unknown = browser.sign_in("nobody", "x")
    wrong = browser.sign_in("an", "x")

    assert unknown.status_code == wrong.status_code == 401
    assert "không đúng" in unknown.text
    assert "không đúng" in wrong.text


def test_a_form_without_the_csrf_token_is_refused(browser: Browser) -> None:
    browser.open()

    answer = browser.client.post(
        "/auth/authorize",
        query_string=browser.query(),
        data={"username": "an", "password": "mật khẩu của An"},
    )

    assert answer.status_code == 400


def test_the_page_speaks_vietnamese_by_default_and_english_when_asked(browser: Browser) -> None:
    assert "Mật khẩu" in browser.open().text
    assert "Password" in browser.open(ui_locales="en").text
    english = browser.client.get(
        "/auth/authorize", query_string=browser.query(), headers={"Accept-Language": "en"}
    )
    assert "Password" in english.text


def test_the_page_needs_no_script_and_says_that_it_is_for_evaluation(browser: Browser) -> None:
    answer = browser.open()

    assert "CHỈ DÙNG THỬ" in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8080;" in policy
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_typed_is_escaped_on_the_page(browser: Browser) -> None:
    answer = browser.sign_in('"><script>alert(1)</script>', "x")

    assert "<script" not in answer.text


def test_signing_out_asks_first_then_ends_the_session_and_its_refresh_tokens(browser: Browser) -> None:
    tokens = browser.tokens()

    question = browser.client.get("/auth/logout", query_string={"post_logout_redirect_uri": CALLBACK})
    token = re.search(r'name="csrf_token" value="([^"]+)"', question.text)
    assert token is not None
    answer = browser.client.post(
        "/auth/logout", query_string={"post_logout_redirect_uri": CALLBACK}, data={"csrf_token": token[1]}
    )

    assert answer.location == CALLBACK
    assert browser.open().status_code == 200
    assert browser.refresh(tokens["refresh_token"]).status_code == 400


def test_signing_out_never_redirects_to_a_foreign_place(browser: Browser) -> None:
    answer = browser.client.get(
        "/auth/logout", query_string={"post_logout_redirect_uri": "https://evil.example/"}
    )

    assert answer.status_code == 200


def operators(browser: Browser, *, secret: str | None = None, **form: str) -> TestResponse:
    basic = base64.b64encode(f"sangkienctl:{secret or 'operator-secret'}".encode()).decode()
    return browser.client.post("/auth/token", data=form, headers={"Authorization": f"Basic {basic}"})


def test_the_operators_command_gets_a_token_with_the_roles_it_asks_for(browser: Browser) -> None:
    answer = operators(browser, grant_type="client_credentials", scope="admin")

    claims = claims_of(browser, answer.get_json()["access_token"])
    assert claims["grants"] == [{"role": "admin", "unit": "TLD"}]
    assert claims["sub"] == "m-sangkienctl"
    assert "refresh_token" not in answer.get_json()


def test_the_operators_command_gets_a_token_of_a_demo_account(browser: Browser) -> None:
    answer = operators(browser, grant_type="urn:sangkien:grant-type:demo-account", username="binh")

    claims = claims_of(browser, answer.get_json()["access_token"])
    assert claims["sub"] == "m-0000000002"
    assert claims["grants"] == [{"role": "reviewer", "unit": "CT-HOA-CHAT"}]


def test_a_wrong_client_secret_gets_nothing(browser: Browser) -> None:
    answer = operators(browser, secret="guess", grant_type="client_credentials", scope="admin")

    assert answer.status_code == 401


def test_guessing_passwords_of_many_accounts_stops_the_address_and_no_other(
    browser: Browser, times: Times
) -> None:
    for number in range(ADDRESS_FAILURES):
        assert browser.sign_in(f"guessed-{number}", "wrong").status_code == 401

    stopped = browser.sign_in("binh", "mật khẩu của Bình")
    assert stopped.status_code == 429
    assert 0 < int(stopped.headers["Retry-After"]) <= WINDOW_SECONDS
    browser.client.environ_base["REMOTE_ADDR"] = "192.0.2.9"
    assert browser.sign_in("binh", "mật khẩu của Bình").status_code == 302


def test_guessing_the_secret_of_a_program_stops_neither_the_program_nor_people_at_that_address(
    browser: Browser,
) -> None:
    for number in range(ADDRESS_FAILURES + 5):
        wrong = operators(browser, secret=f"guess-{number}", grant_type="client_credentials", scope="admin")
        assert wrong.status_code == 401

    assert operators(browser, grant_type="client_credentials", scope="admin").status_code == 200
    assert browser.sign_in("an", "mật khẩu của An").status_code == 302


def test_guessing_passwords_stops_no_program_at_that_address(browser: Browser) -> None:
    for number in range(ADDRESS_FAILURES):
        browser.sign_in(f"guessed-{number}", "wrong")
    assert browser.sign_in("an", "mật khẩu của An").status_code == 429

    assert operators(browser, grant_type="client_credentials", scope="admin").status_code == 200


def test_of_forty_guesses_at_once_five_are_looked_at(app: Flask) -> None:
    browsers = [Browser(app.test_client()) for _ in range(40)]

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(lambda browser: browser.sign_in("an", "wrong").status_code, browsers))

    assert Counter(answers) == {401: ACCOUNT_FAILURES, 429: len(browsers) - ACCOUNT_FAILURES}


def test_the_portal_may_not_use_the_grants_of_the_operators_command(browser: Browser) -> None:
    form = {"grant_type": "urn:sangkien:grant-type:demo-account", "client_id": "portal", "username": "an"}

    assert browser.client.post("/auth/token", data=form).status_code in (400, 401)


def test_discovery_names_addresses_under_the_issuer(browser: Browser) -> None:
    document = browser.client.get("/auth/.well-known/openid-configuration").get_json()

    assert document["issuer"] == URL
    assert document["code_challenge_methods_supported"] == ["S256"]
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
        assert document[name].startswith(URL + "/")


def test_the_key_set_shows_no_private_part(browser: Browser) -> None:
    (key,) = browser.client.get("/auth/jwks").get_json()["keys"]

    assert "d" not in key
    assert key["alg"] == "ES256"
    assert key["kid"]
