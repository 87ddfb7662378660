"""A browser at the issuer's pages, the portal that redirected it there, and the issuer's accounts."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

URL = "http://127.0.0.1:8080/auth"
CALLBACK = "http://127.0.0.1:8080/callback"
ACCOUNTS = [
    {
        "username": "an",
        "password": "mật khẩu của An",
        "member_id": "m-0000000001",
        "name": "Nguyễn Văn An",
        "email": "an@example.org",
        "locale": "vi",
        "grants": [{"role": "member", "unit": "HC-APATIT"}],
    },
    {
        "username": "binh",
        "password": "mật khẩu của Bình",
        "member_id": "m-0000000002",
        "name": "Trần Thị Bình",
        "email": "binh@example.org",
        "locale": "en",
        "grants": [{"role": "reviewer", "unit": "CT-HOA-CHAT"}],
    },
]


@dataclass
class Times:
    """Clocks that a test sets."""

    seconds: float = 1_800_000_000.0

    def now(self) -> float:
        return self.seconds


@dataclass
class Browser:
    """A browser at the issuer's pages, and the portal that redirected it there."""

    client: FlaskClient
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    def query(self, **changes: Any) -> dict[str, Any]:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode()
        asked = {
            "response_type": "code",
            "client_id": "portal",
            "redirect_uri": CALLBACK,
            "scope": "openid profile email",
            "state": "s-1",
            "nonce": "n-1",
            "code_challenge": challenge.rstrip("="),
            "code_challenge_method": "S256",
        } | changes
        return {name: value for name, value in asked.items() if value is not None}

    def open(self, **changes: Any) -> TestResponse:
        return self.client.get("/auth/authorize", query_string=self.query(**changes))

    def sign_in(self, username: str, password: str, **changes: Any) -> TestResponse:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.open(**changes).text)
        form = {"username": username, "password": password, "csrf_token": token[1] if token else ""}
        return self.client.post("/auth/authorize", query_string=self.query(**changes), data=form)

    def exchange(self, code: str, **changes: Any) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "client_id": "portal",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": self.verifier,
        } | changes
        return self.client.post("/auth/token", data=form)

    def tokens(self) -> dict[str, Any]:
        answer = self.exchange(code_of(self.sign_in("an", "mật khẩu của An")))
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def refresh(self, token: str) -> TestResponse:
        form = {"grant_type": "refresh_token", "client_id": "portal", "refresh_token": token}
        return self.client.post("/auth/token", data=form)


def code_of(answer: TestResponse) -> str:
    assert answer.status_code == 302, answer.text
    return parse_qs(urlsplit(answer.location).query)["code"][0]
