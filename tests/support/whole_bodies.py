"""Requests whose bodies contain every text field of their schemas, and functions that replace the value at
one place. The expected answers are in tests/integration/security.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.test import TestResponse

from tests.support.four_services import CAMPAIGN_FACTS, CONTACT, SUBMITTER, UNIT, FourServices, signed

EVERYTHING = signed(
    SUBMITTER, ("member", UNIT), *((role, "TLD") for role in ("support", "reviewer", "official", "admin"))
)
Pointer = tuple[str | int, ...]


@dataclass(frozen=True)
class Body:
    """A request whose body contains every text field of its schema. made: the object that its path names
    first."""

    service: str
    method: str
    template: str
    body: Mapping[str, Any]
    version: int | None = None

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.template}"


WHOLE_CONTENT = {
    "recognition": {
        "decision_no": "12/QĐ",
        "decided_on": "2022-03-02",
        "issuer": "Giám đốc",
        "level": "cơ sở",
    },
    "benefit": {"declared_vnd": 1, "method": "Đếm", "social": "Bớt nặng nhọc", "confirmed": True},
    "applied_where": "Mỏ Cóc",
    "conditions": "Không",
    "on_behalf_of": None,
    "confidential": False,
    "consent_to_publish": True,
}
UNIT_BODY = {
    "name_vi": "Công đoàn",
    "name_en": "Union",
    "parent": "TLD",
    "level": "superior",
    "block": "enterprise",
    "cluster": "khoi-1",
    "valid_from": "2022-01-01",
    "valid_to": "2030-01-01",
}
DECISION = {
    "decision": "request_revision",
    "items": [{"pointer": "#/problem", "code": "too-vague", "text": "Nêu rõ hơn."}],
    "reason_code": "not-new",
    "text": "Xin bổ sung.",
    "decided_at": "2022-05-10T02:00:00Z",
}
GRANT = {"role": "member", "unit": UNIT}


def content(on: FourServices) -> dict[str, Any]:
    whole = on.content(**copy.deepcopy(WHOLE_CONTENT))
    whole["authors"][1] = {"external_name": "Trần Văn Ngoài", "share": "40.00", "lead": False}
    return whole


def bodies(on: FourServices) -> Iterator[Body]:
    new = content(on) | {"submit": True, "source": "import", "registered_at": "2022-05-03T02:00:00Z"}
    yield Body("submission", "POST", "/v1/initiatives", new)
    yield Body("submission", "PUT", "/v1/initiatives/{draft}", content(on), 1)
    yield Body("submission", "POST", "/v1/initiatives/{draft}/submit", content(on), 1)
    yield Body("submission", "POST", "/v1/initiatives/{submitted}/withdraw", {"reason": "Trùng."}, 1)
    yield Body("submission", "PUT", "/v1/units/NEW", UNIT_BODY)
    yield Body("submission", "PUT", "/v1/campaigns/new", CAMPAIGN_FACTS)
    yield Body("review", "POST", "/v1/cases/{case}/decisions", DECISION, 1)
    yield Body("stats", "PUT", "/v1/targets/phase-1/CT-HOA-CHAT", {"target": 5}, 0)
    yield Body("notify", "PUT", "/v1/contacts/me", {"locale": "vi", "mail": {"approved": True}}, 0)
    yield Body("notify", "PUT", "/v1/contacts/m-0ther00001", {**CONTACT, "grants": [GRANT]})


def path_of(on: FourServices, body: Body) -> str:
    path = body.template
    for kind in ("draft", "submitted", "case"):
        path = path.replace(f"{{{kind}}}", on.kept(kind))
    return path


def send(on: FourServices, body: Body, sent: Any) -> TestResponse:
    return on.ask(body.service, body.method, path_of(on, body), EVERYTHING, body=sent, version=body.version)


def send_raw(on: FourServices, body: Body, sent: str) -> TestResponse:
    headers = {"Idempotency-Key": on.key(), "If-Match": f'"{body.version or 0}"'}
    return on.client(body.service).open(
        path_of(on, body),
        method=body.method,
        data=sent,
        headers={**EVERYTHING, **headers, "Content-Type": "application/json"},
    )


def leaves(value: Any, pointer: Pointer = ()) -> Iterator[Pointer]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*pointer, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*pointer, index))
    else:
        yield pointer


def texts(body: Mapping[str, Any]) -> list[Pointer]:
    return [pointer for pointer in leaves(body) if isinstance(value_at(body, pointer), str)]


def value_at(value: Any, pointer: Pointer) -> Any:
    for part in pointer:
        value = value[part]
    return value


def changed(body: Mapping[str, Any], pointer: Pointer, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(dict(body))
    value_at(made, pointer[:-1])[pointer[-1]] = value
    return made


def fragment(pointer: Pointer) -> str:
    return "#/" + "/".join(map(str, pointer))


def refused_at(answer: TestResponse) -> set[str]:
    return {error["pointer"] for error in (answer.json or {}).get("errors", [])}
