"""Access tokens: what holds becomes a principal, everything else is refused without saying why."""

from __future__ import annotations

import base64
import threading
import time
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives import hashes, hmac
from joserfc import jwk, jws

from chassis import issuer_keys, tokens
from chassis.problems import Problem
from chassis.tokens import Grant, Principal, TokenVerifier
from tests.support import signed_tokens
from tests.support.signed_tokens import JWKS_URL, ec_key, key_set, rsa_key, token, verifier


def refused(check: TokenVerifier, text: str) -> str:
    with pytest.raises(Problem) as caught:
        check.verify(text)
    return caught.value.type.code


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class KeyServer:
    """The issuer's key set, which counts its readers and can be away."""

    def __init__(self, *keys: jwk.Key) -> None:
        self.document: Mapping[str, Any] = key_set(*keys)
        self.reads = 0
        self.error: Exception | None = None

    def __call__(self, url: str) -> Mapping[str, Any]:
        assert url == JWKS_URL
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.document


def test_a_good_token_gives_its_principal() -> None:
    grants = [{"role": "support", "unit": "LD-HA-NOI"}, {"role": "reviewer", "unit": "TLD"}]

    principal = verifier().verify(token(grants=grants, name="Nguyễn Văn A", client_id="portal"))

    assert principal == Principal(
        "m-0000000001", (Grant("support", "LD-HA-NOI"), Grant("reviewer", "TLD")), "Nguyễn Văn A", "portal"
    )
    assert principal.units("support") == {"LD-HA-NOI"}
    assert principal.units("admin") == frozenset()


def test_a_token_signed_on_an_elliptic_curve_holds_too() -> None:
    assert verifier().verify(token(key=ec_key(), algorithm="ES256")).subject == "m-0000000001"


@pytest.mark.parametrize("typ", ["JWT", "at+jwt", None])
def test_the_usual_types_of_access_tokens_are_taken(typ: str | None) -> None:
    assert verifier().verify(token(header={"typ": typ})).subject == "m-0000000001"


@pytest.mark.parametrize("audience", ["sangkien", ["account", "sangkien"]])
def test_the_audience_may_be_one_of_several(audience: str | list[str]) -> None:
    assert verifier().verify(token(aud=audience)).subject == "m-0000000001"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.test"},
        {"iss": None},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": None},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": int(time.time()) + 3600},
        {"nbf": "x"},
        {"iat": int(time.time()) + 3600},
        {"subject": ""},
        {"subject": "x" * 201},
        {"subject": 7},
        {"grants": {"role": "admin"}},
        {"grants": ["admin"]},
        {"grants": [{"role": "admin"}]},
        {"grants": [{"role": "admin", "unit": 1}]},
        {"grants": [{"role": "admin", "unit": "TLD"}] * 201},
    ],
)
def test_a_token_whose_claims_do_not_hold_is_refused(changes: dict[str, Any]) -> None:
    assert refused(verifier(), token(**changes)) == "not-authenticated"


def test_an_expired_token_says_so() -> None:
    now = int(time.time())

    assert refused(verifier(), token(exp=now - 60)) == "token-expired"


def test_a_refusal_tells_the_client_how_to_authenticate() -> None:
    with pytest.raises(Problem) as caught:
        verifier().verify("x")

    assert caught.value.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a.b.c",
        "é",
        "a" * 8193,
        encoded([1]) + ".e30.",
        encoded({"alg": "RS256", "kid": "rsa-1"}) + ".e30.x",
        encoded({"alg": "RS256", "kid": "rsa-1"}),
        encoded({"alg": 5, "kid": "rsa-1"}) + ".e30.x",
        encoded({"alg": "RS256", "kid": 5}) + ".e30.x",
        encoded({"alg": "RS256", "kid": "rsa-1", "crit": ["b64"], "b64": False}) + ".e30.x",
        encoded({"alg": "RS256", "kid": "rsa-1", "typ": "logout+jwt"}) + ".e30.x",
    ],
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert refused(verifier(), text) == "not-authenticated"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "RS512", "ES384", "EdDSA", "XX999"])
def test_only_the_pinned_algorithms_are_taken(algorithm: str) -> None:
    _, payload, signature = token().split(".")

    assert (
        refused(verifier(), f"{encoded({'alg': algorithm, 'kid': 'rsa-1'})}.{payload}.")
        == "not-authenticated"
    )
    forged = f"{encoded({'alg': algorithm, 'kid': 'rsa-1'})}.{payload}.{signature}"
    assert refused(verifier(), forged) == "not-authenticated"


@pytest.mark.parametrize("form", ["pem", "jwk"])
def test_the_public_key_is_no_secret_for_hs256(form: str) -> None:
    public = (
        rsa_key().as_pem(private=False) if form == "pem" else orjson.dumps(rsa_key().as_dict(private=False))
    )
    signed = f"{encoded({'alg': 'HS256', 'kid': 'rsa-1'})}.{encoded(signed_tokens.claims())}"
    mac = hmac.HMAC(public, hashes.SHA256())
    mac.update(signed.encode())
    forged = signed + "." + base64.urlsafe_b64encode(mac.finalize()).rstrip(b"=").decode()

    assert refused(verifier(), forged) == "not-authenticated"


def test_a_verifier_cannot_be_made_for_a_shared_secret() -> None:
    with pytest.raises(ValueError, match="asymmetric"):
        verifier(algorithms=("RS256", "HS256"))
    with pytest.raises(ValueError, match="asymmetric"):
        verifier(algorithms=())


def test_a_changed_payload_breaks_the_signature() -> None:
    header, _, signature = token().split(".")
    forged = encoded(signed_tokens.claims("m-9999999999"))

    assert refused(verifier(), f"{header}.{forged}.{signature}") == "not-authenticated"


def test_a_key_of_another_type_does_not_verify() -> None:
    text = token(key=ec_key(), algorithm="ES256", header={"kid": "rsa-1"})

    assert refused(verifier(), text) == "not-authenticated"


def test_a_signed_payload_that_is_no_object_is_refused() -> None:
    signed = jws.serialize_compact({"alg": "RS256", "kid": "rsa-1"}, b"[1]", rsa_key())

    assert refused(verifier(), signed) == "not-authenticated"


def test_without_a_key_id_the_only_key_of_the_algorithm_serves() -> None:
    text = token(header={"kid": None})

    assert verifier(rsa_key()).verify(text).subject == "m-0000000001"
    assert refused(verifier(rsa_key(), rsa_key("rsa-2")), text) == "not-authenticated"


def test_a_known_token_is_not_verified_again_but_still_expires() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)
    text = token()
    first = check.verify(text)

    assert check.verify(text) is first
    clock.pass_(299 + tokens.LEEWAY_SECONDS)
    assert check.verify(text) is first
    clock.pass_(2)
    assert refused(check, text) == "token-expired"
    assert refused(check, text) == "token-expired"
    assert server.reads == 1


def test_the_memory_of_known_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "CACHE_SIZE", 3)
    check = verifier()
    texts = [token(subject=f"m-000000000{n}") for n in range(5)]

    for text in texts:
        check.verify(text)

    assert len(check._known) == 3


def test_a_key_that_the_issuer_withdraws_ends_the_tokens_known_by_it() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)
    text = token(exp=int(time.time()) + 36000)
    check.verify(text)

    server.document = key_set(rsa_key("rsa-2"))
    clock.pass_(issuer_keys.RETRY_SECONDS + 1)
    check.verify(token(key=rsa_key("rsa-2")))

    assert refused(check, text) == "not-authenticated"


def test_another_key_under_the_same_id_ends_the_tokens_known_by_the_one_before() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)
    text = token(exp=int(time.time()) + 36000)
    check.verify(text)

    another = jwk.RSAKey.generate_key(2048, {"kid": "rsa-1"})
    server.document = key_set(another, rsa_key("rsa-2"))
    clock.pass_(issuer_keys.RETRY_SECONDS + 1)
    check.verify(token(key=rsa_key("rsa-2")))

    assert refused(check, text) == "not-authenticated"
    assert check.verify(token(key=another)).subject == "m-0000000001"


def test_the_same_keys_again_end_nothing() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)
    text = token(exp=int(time.time()) + 36000)
    first = check.verify(text)

    clock.pass_(issuer_keys.FRESH_SECONDS + 1)
    check.verify(token(subject="m-0000000002", exp=int(time.time()) + 36000))

    assert server.reads == 2
    assert check.verify(text) is first


def test_a_new_key_is_fetched_when_its_id_is_first_seen() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)
    check.verify(token())

    server.document = key_set(rsa_key(), rsa_key("rsa-2"))
    clock.pass_(issuer_keys.RETRY_SECONDS + 1)

    assert check.verify(token(key=rsa_key("rsa-2"))).subject == "m-0000000001"


def test_unknown_key_ids_do_not_flood_the_issuer() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)

    for number in range(20):
        assert refused(check, token(header={"kid": f"unknown-{number}"})) == "not-authenticated"
        clock.pass_(1)

    assert server.reads <= 3


def test_while_the_issuer_is_away_its_known_keys_stay_good() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)
    check.verify(token())

    server.error = OSError("away")
    clock.pass_(issuer_keys.FRESH_SECONDS + 1)

    assert check.verify(token(subject="m-0000000002", exp=int(time.time()) + 3600)).subject == "m-0000000002"
    assert server.reads == 2


def test_before_any_key_was_seen_an_absent_issuer_is_an_outage_not_a_refusal() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    check = verifier(clock=clock, fetch=server)
    server.error = ValueError("no JSON")

    assert refused(check, token()) == "unavailable"
    assert refused(check, token()) == "unavailable"
    assert server.reads == 1

    server.error = None
    clock.pass_(issuer_keys.RETRY_SECONDS + 1)
    assert check.verify(token()).subject == "m-0000000001"


def test_one_thread_renews_stale_keys_while_others_go_on() -> None:
    clock, server = Clock(), KeyServer(rsa_key())
    asked, answer = threading.Event(), threading.Event()

    def slow(url: str) -> Mapping[str, Any]:
        if server.reads:
            asked.set()
            assert answer.wait(10)
        return server(url)

    check = verifier(clock=clock, fetch=slow)
    check.verify(token())
    clock.pass_(issuer_keys.FRESH_SECONDS + 1)
    long = int(time.time()) + 36000
    renewing = threading.Thread(target=lambda: check.verify(token(subject="m-a", exp=long)))
    renewing.start()
    assert asked.wait(10)

    assert check.verify(token(subject="m-b", exp=long)).subject == "m-b"

    answer.set()
    renewing.join(10)
    assert server.reads == 2


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"kty": "EC"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"n": "AQAB"},
        {"n": 5},
        {"n": None},
    ],
)
def test_a_published_key_that_may_not_verify_is_left_out(change: dict[str, Any]) -> None:
    entry = {**rsa_key().as_dict(private=False), **change}
    check = verifier(fetch=lambda url: {"keys": [entry, "no key"]})

    assert refused(check, token()) == "not-authenticated"


def test_a_short_rsa_key_is_left_out() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weak = jwk.RSAKey.generate_key(1024, {"kid": "rsa-1"})
        entry = weak.as_dict(private=False)
        check = verifier(fetch=lambda url: {"keys": [entry]})

        assert refused(check, token(key=weak)) == "not-authenticated"


def test_a_curve_other_than_the_algorithms_is_left_out() -> None:
    check = verifier(ec_key("ec-1", "P-384"))

    assert refused(check, token(key=ec_key(), algorithm="ES256")) == "not-authenticated"


def test_a_key_without_an_id_serves_tokens_without_one() -> None:
    entry = {name: value for name, value in rsa_key().as_dict(private=False).items() if name != "kid"}

    check = verifier(fetch=lambda url: {"keys": [entry]})

    assert check.verify(token(header={"kid": None})).subject == "m-0000000001"


@pytest.mark.parametrize("document", [{}, {"keys": None}, {"keys": "x"}])
def test_a_document_that_is_no_key_set_counts_as_an_outage(document: dict[str, Any]) -> None:
    assert refused(verifier(fetch=lambda url: document), token()) == "unavailable"
