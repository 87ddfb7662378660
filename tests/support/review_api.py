"""The review service for integration tests: its HTTP application on a real database, with people instead of
tokens, and its consumer fed with events as they leave a broker.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import orjson
from flask.testing import FlaskClient
from pymongo.database import Database
from werkzeug.test import TestResponse

import contracts
from chassis.events.codec import Event, EventCodec
from chassis.mongo.migrations import migrate
from chassis.operations.store import Operations
from chassis.tokens import Principal, TokenVerifier
from review import bootstrap
from review.adapters import contract
from review.adapters.mongo_cases import MongoCases
from review.adapters.mongo_units import MongoUnits, UnitCopy
from review.config import Settings
from review.domain.intake import Kind, Told
from review.entrypoints.consumer import EventHandler
from review.entrypoints.http.routes import Parts
from review.migrations import MIGRATIONS
from tests.support.review_cases import PATH, RULES, SUBMITTED_AT, Ticking, person

# The topics that submission produces: events are encoded with the same strict codec.
SUBMISSION_CODEC = EventCodec(contracts.topics(), "/services/submission")


class People:
    """Replaces the token verifier: a token is the name of a person that the test declared."""

    def __init__(self) -> None:
        self._people: dict[str, Principal] = {}

    def add(self, principal: Principal) -> str:
        self._people[principal.subject] = principal
        return principal.subject

    def verify(self, token: str) -> Principal:
        return self._people[token]


def settings(**changes: Any) -> Settings:
    """Settings for an application whose servers are passed to it."""
    values: dict[str, Any] = {
        # A few people act here, from one address.
        "write_rate": 0.0,
        "anonymous_rate": 0.0,
        "mongo_uri": "mongodb://127.0.0.1:1/",
        "mongo_database": "review",
        "kafka_bootstrap": "127.0.0.1:1",
        "oidc_issuer": "http://127.0.0.1:1",
        "oidc_jwks_url": "http://127.0.0.1:1/jwks",
    }
    return Settings(**{**values, **changes})


def event_of(told: Told, traceparent: str | None = None) -> Event:
    """The event about it, as review's consumer receives it."""
    topic = {Kind.SUBMITTED: contract.SUBMITTED, Kind.WITHDRAWN: contract.WITHDRAWN}[told.kind]
    withdrawn = told.kind is Kind.WITHDRAWN
    data = {
        **contract.write_initiative(told.initiative),
        "state": "withdrawn" if withdrawn else "submitted",
        "benefit_verified": told.benefit_verified,
        "level": told.level,
        "levels": 2 if told.level else 0,
        "milestones": contract.write_milestones(told.milestones),
        "detail": {} if withdrawn else {"resubmission": told.initiative.revision > 1},
    }
    return _round_trip(
        topic, told.initiative.id, data, f"{told.initiative.revision:06d}.000000", told.at, traceparent
    )


def unit_event(code: str, path: Sequence[str], version: int = 1, name: str | None = None) -> Event:
    data = {
        "code": code,
        "name_vi": name or f"Công đoàn {code}",
        "name_en": f"Union of {code}",
        "parent": path[-2] if len(path) > 1 else None,
        "path": list(path),
        "level": "national" if len(path) == 1 else "grassroots",
        "block": None,
        "cluster": None,
        "valid_from": "2022-01-01",
        "valid_to": None,
        "version": version,
    }
    return _round_trip(contract.UNIT_CHANGED, code, data, None, SUBMITTED_AT, None)


def _round_trip(
    topic: str, subject: str, data: dict[str, Any], sequence: str | None, at: Any, traceparent: str | None
) -> Event:
    pending = SUBMISSION_CODEC.pending(
        topic, subject=subject, data=data, sequence=sequence, now=at, traceparent=traceparent
    )
    return SUBMISSION_CODEC.decode(topic, pending.key.encode(), pending.value, pending.headers)


@dataclass
class ReviewService:
    """One database with the service on it. now: the clock of both the API and the consumer."""

    db: Database[dict[str, Any]]
    clock: Ticking = field(default_factory=Ticking)
    people: People = field(default_factory=People)

    def __post_init__(self) -> None:
        migrate(self.db, MIGRATIONS, owner="test", clock=self.clock)
        self.cases = MongoCases(self.db, bootstrap.codec(), self.clock)
        self.units = UnitCopy(self.db, every=60)
        self.handler = EventHandler(self.cases, MongoUnits(self.db), RULES)
        verifier = cast("TokenVerifier", self.people)
        parts = Parts(self.cases, self.units, RULES, self.clock)
        app = bootstrap.application(settings(), parts, verifier, {}, Operations(self.db, self.clock))
        self.client: FlaskClient = app.test_client()
        self._keys = itertools.count(1)

    def tell(self, *told: Told) -> None:
        self.handler([event_of(one) for one in told])

    def tell_units(self, *paths: Sequence[str]) -> None:
        self.handler([unit_event(path[-1], path) for path in paths])
        self.units.refresh()

    def tell_path(self, path: Sequence[str] = PATH) -> None:
        self.tell_units(*(path[: n + 1] for n in range(len(path))))

    def person(self, subject: str, *grants: tuple[str, str]) -> str:
        return self.people.add(person(subject, *grants))

    def get(self, path: str, who: str | None, **headers: str) -> TestResponse:
        return self.client.get(path, headers={**self._signed(who), **headers})

    def case(self, case_id: str, who: str) -> TestResponse:
        return self.get(f"/v1/cases/{case_id}", who)

    def decide(
        self,
        case_id: str,
        who: str,
        decision: dict[str, Any],
        *,
        version: int | None = None,
        key: str | None = None,
    ) -> TestResponse:
        """Decide on the version that `who` reads now, or on one that was read before."""
        if version is None:
            version = self.document(case_id)["version"]
        headers = {
            **self._signed(who),
            "If-Match": f'"{version}"',
            "Idempotency-Key": key or f"key-{next(self._keys)}",
        }
        return self.client.post(f"/v1/cases/{case_id}/decisions", json=decision, headers=headers)

    def document(self, case_id: str) -> dict[str, Any]:
        found = self.db["cases"].find_one({"_id": case_id})
        assert found is not None
        return found

    def emitted(self, case_id: str) -> list[tuple[str, str, dict[str, Any]]]:
        """Topic, sequence and data of the pending events in the case's outbox, in order."""
        return [
            (event["topic"], dict(event["headers"])["ce_sequence"], orjson.loads(event["value"]))
            for event in self.document(case_id).get("outbox", [])
        ]

    def later(self, **time: float) -> None:
        self.clock.now += timedelta(**time)

    @staticmethod
    def _signed(who: str | None) -> dict[str, str]:
        return {} if who is None else {"Authorization": f"Bearer {who}"}


def every_stage(used: Iterable[dict[str, Any]]) -> set[str]:
    """The stages of the plans of some explained queries."""
    stages: set[str] = set()

    def walk(plan: dict[str, Any]) -> None:
        stages.add(plan["stage"])
        for inner in [plan.get("inputStage"), *plan.get("inputStages", [])]:
            if inner:
                walk(inner)

    for explained in used:
        walk(explained["queryPlanner"]["winningPlan"])
    return stages
