"""Strangers and forgers at the gateway of a whole platform. What each role may do is walked in
tests/integration/security; here it is shown that nothing on the way opens it again.
"""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.support.journey import CASES, INITIATIVES, MEMBER_IDS, Person, case, content, poll, submit
from tests.support.platform import RunningPlatform

# Neither people nor tokens depend on the broker.
pytestmark = pytest.mark.tiers("embedded")

UNIT, CAMPAIGN, AUTHOR = "HC-APATIT-VIET-NAM", "evaluation", "apatit.member"


@pytest.fixture(scope="module")
def initiative(seeded_platform: RunningPlatform) -> str:
    """A submitted initiative of AUTHOR whose case is open."""
    with Person(seeded_platform, AUTHOR) as author:
        id: str = submit(author, content(UNIT, CAMPAIGN, MEMBER_IDS[AUTHOR]))["id"]
        poll("its case", lambda: case(author, id))
    return id


@pytest.fixture(scope="module")
def public(seeded_platform: RunningPlatform) -> Iterator[httpx.Client]:
    with seeded_platform.client() as client:
        yield client


def status(client: httpx.Client, path: str, token: str | None) -> int:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return client.get(path, headers=headers).status_code


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (None, 401),
        ("apatit.member", 200),
        ("apatit.support", 200),
        ("hoachat.reviewer", 200),
        ("tld.official", 200),
        ("apatit.member2", 404),
        ("lamthao.support", 404),
        ("hanoi.admin", 404),
        ("tld.operator", 404),
    ],
)
def test_an_initiative_and_its_case_are_seen_by_their_people_and_those_above(
    seeded_platform: RunningPlatform, public: httpx.Client, initiative: str, who: str | None, expected: int
) -> None:
    token = None if who is None else seeded_platform.token(who)

    for path in (f"{INITIATIVES}/{initiative}", f"{CASES}/{initiative}"):
        assert status(public, path, token) == expected, path


def parts(platform: RunningPlatform) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Header and claims of a good token, and the issuer's public key."""
    key = httpx.get(f"{platform.issuer}/jwks", trust_env=False).json()["keys"][0]
    read = jwt.decode(platform.token("tld.admin"), ECKey.import_key(key), algorithms=["ES256"])
    return dict(read.header), dict(read.claims), key


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def forged(platform: RunningPlatform) -> Mapping[str, str]:
    header, claims, key = parts(platform)
    good, own, now = platform.token("tld.admin"), ECKey.generate_key("P-256"), int(time.time())
    head, body, signature = good.split(".")
    other = platform.token(AUTHOR).split(".")[1]
    public_pem = ECKey.import_key(key).as_pem(private=False)
    none = _encoded(json.dumps({**header, "alg": "none"}).encode())
    symmetric = f"{_encoded(json.dumps({**header, 'alg': 'HS256'}).encode())}.{body}"
    mac = hmac.digest(public_pem, symmetric.encode(), "sha256")

    def signed(by: ECKey, **changes: Any) -> str:
        return jwt.encode(header, {**claims, **changes}, by, algorithms=["ES256"])

    return {
        "signed by a key of its own": signed(own),
        "signed by its own key and expired": signed(own, exp=now - 3600),
        "HS256 by the public key": f"{symmetric}.{_encoded(mac)}",
        "none, with an empty signature": f"{none}.{body}.",
        "none, with a signature": f"{none}.{body}.{signature}",
        "unsigned": f"{head}.{body}.",
        "another person's claims": f"{head}.{other}.{signature}",
        "a part too few": f"{head}.{body}",
    }


def test_a_forged_token_opens_nothing(
    seeded_platform: RunningPlatform, public: httpx.Client, initiative: str
) -> None:
    tokens = forged(seeded_platform)

    for name, token in tokens.items():
        for path in (f"{INITIATIVES}/{initiative}", f"{CASES}/{initiative}", "/api/notify/v1/inbox"):
            assert status(public, path, token) == 401, (name, path)
        # One that does not hold is refused where none is needed, too.
        assert status(public, f"/api/stats/v1/targets/{CAMPAIGN}/{UNIT}", token) == 401, name
    assert status(public, f"{INITIATIVES}/{initiative}", seeded_platform.token("tld.admin")) == 200


def test_a_token_of_the_issuer_for_something_else_opens_nothing(
    seeded_platform: RunningPlatform, public: httpx.Client
) -> None:
    # The key set is public, and so is the issuer's own page: neither is a token.
    for token in ("null", "undefined", "Bearer", MEMBER_IDS["tld.admin"]):
        assert status(public, "/api/notify/v1/inbox", token) == 401


def test_a_claimed_identity_in_headers_is_not_believed(
    seeded_platform: RunningPlatform, public: httpx.Client, initiative: str
) -> None:
    claims = {
        "X-Forwarded-User": MEMBER_IDS["tld.admin"],
        "X-Remote-User": "tld.admin",
        "X-Original-URL": "/metrics",
        "X-Rewrite-URL": "/metrics",
        "X-HTTP-Method-Override": "DELETE",
        "X-Forwarded-Prefix": "/internal",
        "Forwarded": "for=127.0.0.1;host=localhost",
    }

    assert public.get(f"{INITIATIVES}/{initiative}", headers=claims).status_code == 401
    for path in (
        "/api/submission/v1/../metrics",
        "/api/submission/v1/%2e%2e/metrics",
        "/api/submission//metrics",
    ):
        answer = public.get(path, headers=claims)
        assert answer.status_code in (400, 404), path
        assert "http_request_seconds" not in answer.text
