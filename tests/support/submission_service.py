"""The submission service for integration tests: its HTTP application on a real database, with people instead
of tokens, and its consumer, fed with events as received from a broker.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import orjson
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

import contracts
from chassis.events.codec import Event, EventCodec
from chassis.mongo.migrations import migrate
from chassis.operations.store import Operations
from chassis.tokens import Grant, Principal, TokenVerifier
from submission import bootstrap
from submission.adapters.initiatives import MongoInitiatives
from submission.adapters.reference_documents import KIND, campaign_fields, unit_fields
from submission.adapters.review_events import CONSUMED
from submission.adapters.showcase import MongoShowcase
from submission.config import Settings
from submission.domain.campaigns import Campaign, CampaignFacts
from submission.entrypoints.consumer import ReviewEvents
from submission.migrations import MIGRATIONS
from union.kept_copy import number_all
from union.units import Unit, UnitFacts, UnitLevel

# Within phase 1 and the 40 peak days: 30/5/2022, 15:15 in Vietnam.
NOW = datetime(2022, 5, 30, 8, 15, tzinfo=UTC)

PATH = ("TLD", "CD-CONG-THUONG", "CT-HOA-CHAT", "HC-APATIT-VIET-NAM")
UNIT = PATH[-1]
SIBLING = "HC-PIN-HA-NOI"
FOREIGN = ("LD-HA-NOI", "HNI-KCN", "HNI-CANON-VIET-NAM")

MEMBER, COLLEAGUE, OUTSIDER = "m-member0001", "m-member0002", "m-outsider01"
SUPPORT, OFFICIAL, ADMIN = "m-support001", "m-official01", "m-admin00001"

# The topics that review produces: events are encoded with the same strict codec.
REVIEW_CODEC = EventCodec(
    {name: topic for name, topic in contracts.topics().items() if name in CONSUMED}, "/services/review"
)

UNITS = {
    "TLD": (None, "national", "Tổng Liên đoàn Lao động Việt Nam"),
    "CD-CONG-THUONG": ("TLD", "federation", "Công đoàn Công Thương Việt Nam"),
    "CT-HOA-CHAT": ("CD-CONG-THUONG", "superior", "Công đoàn Công nghiệp Hóa chất Việt Nam"),
    "HC-APATIT-VIET-NAM": ("CT-HOA-CHAT", "grassroots", "Công đoàn Công ty TNHH MTV Apatit Việt Nam"),
    "HC-PIN-HA-NOI": ("CT-HOA-CHAT", "grassroots", "Công đoàn Công ty CP Pin Hà Nội"),
    "LD-HA-NOI": ("TLD", "federation", "Liên đoàn Lao động thành phố Hà Nội"),
    "HNI-KCN": ("LD-HA-NOI", "superior", "Công đoàn các Khu công nghiệp và chế xuất Hà Nội"),
    "HNI-CANON-VIET-NAM": ("HNI-KCN", "grassroots", "Công đoàn Công ty TNHH Canon Việt Nam"),
}
CAMPAIGNS = {
    "phase-1": ("Giai đoạn 1", "Phase 1", "2022-01-07T17:00:00Z", "2022-05-31T17:00:00Z"),
    "peak-40-days": (
        "40 ngày cao điểm",
        "40 peak days",
        "2022-04-21T17:00:00Z",
        "2022-05-31T17:00:00Z",
    ),
    "phase-2": ("Giai đoạn 2", "Phase 2", "2022-05-31T17:00:00Z", "2023-09-01T17:00:00Z"),
}


def tree() -> list[Unit]:
    """The units of the tests, parents first."""
    paths: dict[str | None, tuple[str, ...]] = {None: ()}
    units = []
    for code, (parent, level, name) in UNITS.items():
        paths[code] = (*paths[parent], code)
        facts = UnitFacts(name, None, parent, UnitLevel(level), None, None, date(2022, 1, 1), None)
        units.append(Unit(code, paths[code], facts, 1))
    return units


def campaigns() -> list[Campaign]:
    eligible = (date(2021, 9, 1), date(2023, 9, 1))
    return [
        Campaign(
            id,
            CampaignFacts(
                "1-trieu-sang-kien",
                vi,
                en,
                datetime.fromisoformat(opens),
                datetime.fromisoformat(closes),
                *eligible,
            ),
            1,
        )
        for id, (vi, en, opens, closes) in CAMPAIGNS.items()
    ]


def content(**changes: Any) -> dict[str, Any]:
    """A complete initiative of MEMBER, ready to be submitted."""
    complete: dict[str, Any] = {
        "title": "Cải tiến gầu xúc để giảm rơi vãi quặng khi bốc lên toa",
        "solution_type": "ky_thuat",
        "field": "khai-thac-mo",
        "unit": UNIT,
        "campaign": "phase-1",
        "authors": [
            {"member_id": MEMBER, "share": "66.67", "lead": True},
            {"external_name": "Nguyễn Văn Ngoài", "share": "33.33", "lead": False},
        ],
        "problem": "Gầu cũ làm rơi vãi quặng.",
        "solution": "Hàn thêm thành chắn ở miệng gầu.",
        "novelty": "Lần đầu áp dụng tại mỏ.",
        "applicability": "Mọi máy xúc cùng loại.",
        "first_applied_on": "2022-03-01",
        "benefit": {"declared_vnd": 185_000_000, "method": "Quặng không rơi nhân đơn giá", "social": None},
        "declarations": {"not_recognised_elsewhere": True, "lawful": True, "no_ip_conflict": True},
    }
    return complete | changes


class People:
    """Replaces the token verifier: a token is the id of a person that the test declared."""

    def __init__(self) -> None:
        self._people: dict[str, Principal] = {}

    def add(self, subject: str, *grants: tuple[str, str]) -> str:
        self._people[subject] = Principal(subject, tuple(Grant(role, unit) for role, unit in grants))
        return subject

    def verify(self, token: str) -> Principal:
        return self._people[token]


def settings(**changes: Any) -> Settings:
    """Settings for an application whose servers are passed to it."""
    values: dict[str, Any] = {
        # A few people act here, from one address.
        "write_rate": 0.0,
        "anonymous_rate": 0.0,
        "submissions_per_day": 0,
        "submissions_for_others_per_day": 0,
        "open_drafts": 10_000,
        "mongo_uri": "mongodb://127.0.0.1:1/",
        "mongo_database": "submission",
        "kafka_bootstrap": "127.0.0.1:1",
        "oidc_issuer": "http://127.0.0.1:1",
        "oidc_jwks_url": "http://127.0.0.1:1/jwks",
    }
    return Settings(**{**values, **changes})


@dataclass
class SubmissionService:
    """One database with the service on it, the sample tree loaded. now: the clock of everything. changes: of
    the settings."""

    db: Database[dict[str, Any]]
    now: datetime = NOW
    people: People = field(default_factory=People)
    changes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        migrate(self.db, MIGRATIONS, owner="test", clock=self.clock)
        self.parts = bootstrap.parts(settings(**self.changes), self.db, self.clock)
        self.handler = ReviewEvents(MongoInitiatives(self.db), MongoShowcase(self.db))
        verifier = cast("TokenVerifier", self.people)
        operations = Operations(self.db, self.clock)
        app = bootstrap.application(settings(), self.parts, verifier, {}, operations)
        self.app = app
        self.client: FlaskClient = app.test_client()
        self._keys = itertools.count(1)
        self.people.add(MEMBER, ("member", UNIT))
        self.people.add(COLLEAGUE, ("member", UNIT))
        self.people.add(OUTSIDER, ("member", FOREIGN[-1]))
        self.people.add(SUPPORT, ("support", UNIT))
        self.people.add(OFFICIAL, ("official", "CD-CONG-THUONG"))
        self.people.add(ADMIN, ("admin", "TLD"))
        self._load()

    def clock(self) -> datetime:
        return self.now

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def _load(self) -> None:
        """Store tree and campaigns as already published: no event is pending."""
        first = {"version": 1, "changed_at": self.now}
        self.db["units"].insert_many(
            {"_id": unit.code, "kind": "unit", **first, **unit_fields(unit)} for unit in tree()
        )
        self.db["campaigns"].insert_many(
            {"_id": campaign.id, "kind": "campaign", **first, **campaign_fields(campaign)}
            for campaign in campaigns()
        )
        number_all(self.db, KIND)
        self.parts.reference.refresh()

    def get(self, path: str, who: str | None = None, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**_signed(who), **headers})

    def put(
        self, path: str, body: dict[str, Any], who: str | None, version: int | None = None, **headers: str
    ) -> TestResponse:
        match = {} if version is None else {"If-Match": f'"{version}"'}
        return self.app.test_client().put(path, json=body, headers={**_signed(who), **match, **headers})

    def post(
        self,
        path: str,
        body: dict[str, Any] | None = None,
        who: str | None = None,
        *,
        version: int | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """A POST with a new Idempotency-Key unless one is given."""
        sent = {**_signed(who), "Idempotency-Key": key or f"key-{next(self._keys)}", **(headers or {})}
        if version is not None:
            sent["If-Match"] = f'"{version}"'
        # A client of its own, so that requests may run in parallel.
        return self.app.test_client().post(path, json=body, headers=sent)

    def create(
        self, body: dict[str, Any] | None = None, who: str = MEMBER, *, key: str | None = None, **changes: Any
    ) -> TestResponse:
        return self.post("/v1/initiatives", (content() if body is None else body) | changes, who, key=key)

    def draft(self, **changes: Any) -> str:
        """The id of a new draft of MEMBER, version 1."""
        answer = self.create(content(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json["id"])  # type: ignore[index]

    def submitted(self, **changes: Any) -> dict[str, Any]:
        """Submit an initiative of MEMBER; return the answer."""
        answer = self.create(content(**changes), submit=True)
        assert answer.status_code == 201, answer.text
        return cast("dict[str, Any]", answer.json)

    def submit(
        self,
        id: str,
        body: dict[str, Any] | None = None,
        who: str = MEMBER,
        version: int | None = 1,
        key: str | None = None,
        language: str = "vi",
    ) -> TestResponse:
        return self.post(
            f"/v1/initiatives/{id}/submit",
            body,
            who,
            version=version,
            key=key,
            headers={"Accept-Language": language},
        )

    def withdraw(
        self,
        id: str,
        version: int | None,
        who: str = MEMBER,
        key: str | None = None,
        reason: str | None = None,
    ) -> TestResponse:
        body = {"reason": reason}
        return self.post(f"/v1/initiatives/{id}/withdraw", body, who, version=version, key=key)

    def delete(self, id: str, who: str = MEMBER, version: int | None = 1) -> TestResponse:
        match = {} if version is None else {"If-Match": f'"{version}"'}
        return self.client.delete(f"/v1/initiatives/{id}", headers={**_signed(who), **match})

    def seen(self, id: str, who: str = MEMBER) -> dict[str, Any]:
        answer = self.get(f"/v1/initiatives/{id}", who)
        assert answer.status_code == 200, answer.text
        return cast("dict[str, Any]", answer.json)

    def document(self, id: str) -> dict[str, Any]:
        found = self.db["initiatives"].find_one({"_id": id})
        assert found is not None
        return found

    def emitted(self, id: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Topic, sequence and data of the pending events, in order."""
        return [
            (event["topic"], dict(event["headers"])["ce_sequence"], orjson.loads(event["value"]))
            for event in self.document(id).get("outbox", [])
        ]

    def review_event(self, topic: str, id: str, sequence: str, state: str, **changes: Any) -> Event:
        """An event of the review service about a submitted initiative, as the consumer receives it."""
        snapshot = dict(self.emitted(id)[0][2])
        moment = "2022-05-31T02:00:00Z"
        milestones = snapshot["milestones"] | {"in_review": moment}
        if state != "in_review":
            milestones[state] = moment
        details: dict[str, dict[str, Any]] = {
            "review.assigned": {
                "level": 1,
                "levels": 2,
                "unit": UNIT,
                "role": "support",
                "due_on": "2022-06-13",
            },
            "initiative.revision_requested": {"items": [{"pointer": "#/title", "code": "unclear"}]},
            "initiative.validated": {"level": 1, "unit": UNIT},
            "initiative.approved": {},
            "initiative.rejected": {"reason_code": "not-eligible"},
        }
        data = snapshot | {
            "revision": int(sequence[:6]),
            "state": state,
            "level": 1,
            "levels": 2,
            "milestones": milestones,
            "detail": details[topic],
            **changes,
        }
        pending = REVIEW_CODEC.pending(topic, subject=id, data=data, sequence=sequence, now=self.now)
        return REVIEW_CODEC.decode(topic, pending.key.encode(), pending.value, pending.headers)


def _signed(who: str | None) -> dict[str, str]:
    return {} if who is None else {"Authorization": f"Bearer {who}"}


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    assert answer.is_json, answer.text
    return answer.status_code, cast("dict[str, Any]", answer.json)["code"]


def errors(answer: TestResponse) -> set[tuple[str, str]]:
    """Pointer and code of each error of a refusal."""
    body = cast("dict[str, Any]", answer.json)
    return {(error["pointer"], error["code"]) for error in body.get("errors", [])}
