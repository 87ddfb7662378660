"""The main tasks of people, through the gateway and by public paths only.

Every request that changes something carries the same Idempotency-Key on all attempts, and is retried while
the platform is unavailable (no connection, 502, 503, 504), as a phone on a bad connection does.
"""

from __future__ import annotations

import json
import ssl
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
ACCOUNTS: list[dict[str, Any]] = json.loads((ROOT / "deploy/sample/accounts.json").read_text())
MEMBER_IDS: dict[str, str] = {account["username"]: account["member_id"] for account in ACCOUNTS}

INITIATIVES = "/api/submission/v1/initiatives"
CASES = "/api/review/v1/cases"

UNAVAILABLE = frozenset({502, 503, 504})

# Created once: reading the system's certificates takes longer than many requests.
TLS = ssl.create_default_context()


class Running(Protocol):
    """A running platform, as users see it."""

    @property
    def gateway(self) -> str: ...

    def token(self, username: str) -> str: ...


class Refused(AssertionError):
    """The platform answered with a problem; `.problem` is its body."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(
            f"{response.request.method} {response.request.url}: {response.status_code} {response.text}"
        )
        self.response = response
        self.status = response.status_code
        self.problem: dict[str, Any] = response.json() if "json" in response.headers["content-type"] else {}


class NotSeen(AssertionError):
    """A condition that a test waited for was not met in time."""


def poll(what: str, look: Callable[[], T | None], seconds: float = 60.0) -> T:
    """Poll until the result is not None; after `seconds` fail and name the condition."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while True:
        seen = look()
        if seen is not None:
            return seen
        if time.monotonic() > deadline:
            raise NotSeen(f"not within {seconds:.0f} s: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.5)


@dataclass
class Person:
    """One signed-in account (anonymous without a user name) with its own connection."""

    platform: Running
    username: str | None = None
    patience: float = 60.0
    http: httpx.Client = field(init=False)
    _token: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.platform.gateway, timeout=15.0, trust_env=False, verify=TLS)

    def close(self) -> None:
        self.http.close()

    def __enter__(self) -> Person:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        return self.call("GET", path, params=params).json()  # type: ignore[no-any-return]

    def post(self, path: str, body: Mapping[str, Any] | None = None, **headers: str) -> httpx.Response:
        sent = {"Idempotency-Key": str(uuid.uuid4())} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.call("POST", path, json=body or {}, headers=sent)

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """One request, repeated while the platform is unavailable. Raises `Refused` for any other failure."""
        headers = dict(request.pop("headers", None) or {})
        deadline = time.monotonic() + self.patience
        while True:
            try:
                if self.username is not None:
                    self._token = self._token or self.platform.token(self.username)
                    headers["Authorization"] = f"Bearer {self._token}"
                response = self.http.request(method, path, headers=headers, **request)
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
                continue
            if response.status_code in UNAVAILABLE and time.monotonic() < deadline:
                time.sleep(0.2)
                continue
            if response.is_error:
                raise Refused(response)
            return response


def content(unit: str, campaign: str, member_id: str, **changes: Any) -> dict[str, Any]:
    """A complete initiative, ready to be submitted."""
    complete: dict[str, Any] = {
        "title": f"Cải tiến đồ gá khoan để giảm thời gian gá đặt chi tiết ({uuid.uuid4().hex[:6]})",
        "solution_type": "ky_thuat",
        "field": "co-khi",
        "unit": unit,
        "campaign": campaign,
        "authors": [{"member_id": member_id, "share": "100.00", "lead": True}],
        "problem": "Mỗi lần gá đặt mất 12 phút vì phải căn chỉnh bằng tay, dễ sai lệch và phải làm lại.",
        "solution": "Làm đồ gá có chốt định vị và kẹp nhanh, dùng chung cho ba loại chi tiết của phân xưởng.",
        "novelty": "Lần đầu áp dụng tại phân xưởng, không phải mua đồ gá chuyên dùng.",
        "applicability": "Áp dụng được cho mọi máy khoan đứng trong đơn vị.",
        "applied_where": "Phân xưởng cơ khí",
        "conditions": "Máy khoan đứng, thợ bậc 3 trở lên",
        "first_applied_on": (date.today() - timedelta(days=60)).isoformat(),
        "benefit": {
            "declared_vnd": 120_000_000,
            "method": "Giờ công tiết kiệm nhân đơn giá giờ công",
            "social": None,
        },
        "recognition": None,
        "declarations": {"not_recognised_elsewhere": True, "lawful": True, "no_ip_conflict": True},
        "confidential": False,
        "consent_to_publish": True,
        "on_behalf_of": None,
    }
    return complete | changes


def submit(author: Person, body: Mapping[str, Any]) -> dict[str, Any]:
    """Submit complete content at once; the answer with id, code and version."""
    return author.post(INITIATIVES, {**body, "submit": True}).json()  # type: ignore[no-any-return]


def in_state(person: Person, initiative: str, *states: str) -> dict[str, Any] | None:
    """The initiative as a person sees it, if it is in one of the states."""
    seen = person.get(f"{INITIATIVES}/{initiative}")
    return seen if seen["state"] in states else None


def case(person: Person, initiative: str, **wanted: Any) -> dict[str, Any] | None:
    """The case of an initiative as a reviewer sees it, if it exists and matches."""
    try:
        seen: dict[str, Any] = person.call("GET", f"{CASES}/{initiative}").json()
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return seen if all(seen[name] == value for name, value in wanted.items()) else None


def decide(person: Person, initiative: str, level: int, decision: Mapping[str, Any]) -> dict[str, Any]:
    """Wait until the case is at a level, and decide there; return the answer."""
    seen = poll(
        f"case {initiative} in review at level {level}",
        lambda: case(person, initiative, level=level, state="in_review"),
        seconds=person.patience,
    )
    return person.post(  # type: ignore[no-any-return]
        f"{CASES}/{initiative}/decisions",
        {**decision, "expected_level": level},
        **{"If-Match": f'"{seen["version"]}"'},
    ).json()


def withdraw(author: Person, initiative: str) -> dict[str, Any]:
    """Withdraw, even if the review changes the case meanwhile: read it again if the version is newer."""
    while True:
        seen = author.get(f"{INITIATIVES}/{initiative}")
        try:
            return author.post(  # type: ignore[no-any-return]
                f"{INITIATIVES}/{initiative}/withdraw",
                {"reason": "Trùng với sáng kiến của tổ khác."},
                **{"If-Match": f'"{seen["version"]}"'},
            ).json()
        except Refused as refused:
            if refused.status != 412:
                raise
