"""The stats service for integration and load tests: its use cases on a real database, events as received from
a broker, and its HTTP application with people instead of tokens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, cast

import orjson
from flask.testing import FlaskClient
from pymongo import MongoClient
from pymongo.database import Database
from werkzeug.test import TestResponse

import contracts
from chassis.clock import LOCAL_ZONE, rfc3339, utc_now
from chassis.events.codec import Event, EventCodec, PendingEvent
from chassis.mongo.migrations import migrate
from chassis.tokens import Grant, Principal, TokenVerifier
from stats import bootstrap
from stats.adapters.audit import MongoAudit
from stats.adapters.figures import MongoFigures
from stats.adapters.generations import Generations
from stats.adapters.payloads import CAMPAIGN_TOPIC, UNIT_TOPIC
from stats.adapters.projection import MongoProjectionStore
from stats.adapters.rebuilding import MongoRebuild
from stats.adapters.reference import MongoReferenceStore, ReferenceCopy
from stats.application.count_initiatives import count_initiatives
from stats.application.reconcile import Expected, Reconciliation, reconcile
from stats.config import Settings
from stats.domain.counting import Tally
from stats.domain.snapshots import Basis, Snapshot
from stats.entrypoints.consumer import EventHandler
from stats.migrations import MIGRATIONS
from tests.support.round_trips import RoundTrips

# The topics that submission and review produce: events are encoded with the same strict codec.
CODEC = EventCodec(contracts.topics(), "/services/submission")
NOW = datetime(2022, 6, 20, 5, tzinfo=UTC)
OPENS, CLOSES = datetime(2022, 1, 7, 17, tzinfo=UTC), datetime(2022, 5, 31, 17, tzinfo=UTC)
TOPIC_OF = {
    None: "initiative.submitted",
    Basis.APPROVED: "initiative.approved",
    Basis.REJECTED: "initiative.rejected",
    Basis.WITHDRAWN: "initiative.withdrawn",
}
DETAIL_OF: dict[Basis | None, dict[str, Any]] = {
    None: {"resubmission": False},
    Basis.APPROVED: {},
    Basis.REJECTED: {"reason_code": "not-new"},
    Basis.WITHDRAWN: {},
}


def settings(**changes: Any) -> Settings:
    """Settings for a service whose servers are passed to it."""
    values: dict[str, Any] = {
        # A few people act here, from one address.
        "write_rate": 0.0,
        "anonymous_rate": 0.0,
        "mongo_uri": "mongodb://127.0.0.1:1/",
        "mongo_database": "stats",
        "kafka_bootstrap": "127.0.0.1:1",
        "oidc_issuer": "http://127.0.0.1:1",
        "oidc_jwks_url": "http://127.0.0.1:1/jwks",
        "answer_seconds": 0.0,
    }
    return Settings(**{**values, **changes})


def midday(day: date) -> datetime:
    """Noon of that day in Vietnam."""
    return datetime.combine(day, time(12), LOCAL_ZONE).astimezone(UTC)


def initiative_id(name: str) -> str:
    """A UUID for a short name of a test."""
    return f"00000000-0000-4000-8000-{name.removeprefix('i-').rjust(12, '0')}"


def pending(snapshot: Snapshot) -> PendingEvent:
    """The event with this snapshot, as its producer puts it into the outbox."""
    revision = int(snapshot.sequence.partition(".")[0])
    ended = {basis.value: None for basis in (Basis.APPROVED, Basis.REJECTED, Basis.WITHDRAWN)}
    submitted = rfc3339(midday(snapshot.submitted_on))
    milestones: dict[str, Any] = {"submitted": submitted, "resubmitted": None, "revision_requested": None}
    milestones |= {"in_review": submitted, "validated": [], **ended}
    if snapshot.ending is not None and snapshot.ended_on is not None:
        milestones[snapshot.ending.value] = rfc3339(midday(snapshot.ended_on))
    levels = 1 if snapshot.ending in (Basis.APPROVED, Basis.REJECTED) else 0
    data = {
        "initiative_id": initiative_id(snapshot.initiative),
        "code": "A-1-2022-12345678",
        "revision": revision,
        "state": snapshot.ending.value if snapshot.ending else "submitted",
        "title": None,
        "confidential": True,
        "source": "self",
        "programme": "1-trieu-sang-kien",
        "campaign": snapshot.campaigns[0],
        "campaigns": list(snapshot.campaigns),
        "unit": snapshot.unit_path[-1],
        "unit_path": list(snapshot.unit_path),
        "block": snapshot.block,
        "field": "co-khi",
        "solution_type": snapshot.solution_type,
        "author_count": snapshot.authors,
        "author_ids": [],
        "submitted_by": "m-0000000001",
        "benefit_declared": snapshot.benefit if snapshot.quantified else snapshot.benefit or None,
        "benefit_verified": snapshot.verified,
        "level": levels,
        "levels": levels,
        "expected_answer_on": "2022-08-31",
        "milestones": milestones,
        "detail": DETAIL_OF[snapshot.ending],
    }
    return CODEC.pending(
        TOPIC_OF[snapshot.ending],
        subject=initiative_id(snapshot.initiative),
        data=data,
        sequence=snapshot.sequence,
        now=snapshot.at,
    )


def pending_unit(*path: str, version: int = 1, name: str | None = None) -> PendingEvent:
    data = {
        "code": path[-1],
        "name_vi": name or f"Công đoàn {path[-1]}",
        "name_en": None,
        "parent": path[-2] if len(path) > 1 else None,
        "path": list(path),
        "level": "national" if len(path) == 1 else "federation",
        "block": None,
        "cluster": None,
        "valid_from": "2022-01-01",
        "valid_to": None,
        "version": version,
    }
    return CODEC.pending(UNIT_TOPIC, subject=path[-1], data=data, sequence=None, now=NOW)


def pending_campaign(id: str, version: int = 1, **changes: Any) -> PendingEvent:
    data = {
        "id": id,
        "programme": "1-trieu-sang-kien",
        "name_vi": f"Đợt {id}",
        "name_en": f"Campaign {id}",
        "opens_at": rfc3339(OPENS),
        "closes_at": rfc3339(CLOSES),
        "eligible_from": "2021-09-01",
        "eligible_to": "2023-09-01",
        "version": version,
        **changes,
    }
    return CODEC.pending(CAMPAIGN_TOPIC, subject=id, data=data, sequence=None, now=NOW)


def received(event: PendingEvent) -> Event:
    """The event as a consumer receives it."""
    return CODEC.decode(event.topic, event.key.encode(), event.value, event.headers)


class People:
    """Replaces the token verifier: a token is the name of a person that the test declared."""

    def __init__(self) -> None:
        self._people: dict[str, Principal] = {}

    def add(self, subject: str, *grants: tuple[str, str]) -> str:
        self._people[subject] = Principal(subject, tuple(Grant(role, unit) for role, unit in grants))
        return subject

    def verify(self, token: str) -> Principal:
        return self._people[token]


class Stats:
    """One migrated database with the service on it; its clock is fixed at `now`."""

    def __init__(self, db: Database[dict[str, Any]], uri: str, **changes: Any) -> None:
        migrate(db, MIGRATIONS, owner="test", clock=utc_now)
        self.now = NOW
        self.db = db
        self.trips = RoundTrips()
        # The service's own connection, so that only its round trips are counted.
        self.client: MongoClient[dict[str, Any]] = MongoClient(
            uri,
            tz_aware=True,
            w="majority",
            journal=True,
            timeoutMS=10_000,
            event_listeners=[self.trips],
        )
        own = self.client[db.name]
        self.generations = Generations(own, utc_now)
        self.store = MongoProjectionStore(own, CODEC, self.generations)
        self.reference = MongoReferenceStore(own)
        self.figures = MongoFigures(self.generations)
        self.audit = MongoAudit(self.generations, "test")
        self.copy = ReferenceCopy(own)
        self.people = People()
        self.handler = EventHandler(self.store, self.reference, self.clock)
        verifier = cast("TokenVerifier", self.people)
        self.http: FlaskClient = bootstrap.web(
            settings(**changes), own, self.copy, verifier, self.clock
        ).test_client()

    def close(self) -> None:
        self.copy.close()
        self.client.close()

    def clock(self) -> datetime:
        return self.now

    def count(self, *snapshots: Snapshot) -> int:
        return count_initiatives(self.store, snapshots, self.clock)

    def tell(self, *events: PendingEvent) -> None:
        self.handler([received(event) for event in events])

    def tell_tree(
        self, paths: Iterable[Sequence[str]], campaigns: Iterable[str] = ("phase-1", "peak")
    ) -> None:
        """Deliver the units of these paths, and campaigns, to the service."""
        prefixes = dict.fromkeys(tuple(path[: depth + 1]) for path in paths for depth in range(len(path)))
        self.tell(*(pending_unit(*path) for path in prefixes), *map(pending_campaign, campaigns))
        self.copy.refresh()

    def rebuild(self, owner: str = "rebuild-1") -> MongoRebuild:
        return MongoRebuild(self.generations, owner)

    def counters(self) -> tuple[Tally, Tally]:
        """The stored days and totals."""
        with self.audit.reading(hold=False) as reading:
            return reading.counters()

    def reconcile(self, against: dict[str, Expected] | None = None) -> Reconciliation:
        return reconcile(self.audit, against)

    def get(self, path: str, who: str | None = None, /, *, headers: Any = None, **query: Any) -> TestResponse:
        signed = {} if who is None else {"Authorization": f"Bearer {who}"}
        return self.http.get(path, query_string=query, headers={**signed, **(headers or {})})

    def progress(self, unit: str, **query: Any) -> dict[str, Any]:
        answer = self.get(f"/v1/units/{unit}/progress", **{"campaign": "phase-1", **query})
        assert answer.status_code == 200, answer.json
        return cast("dict[str, Any]", answer.json)

    def put_target(
        self, unit: str, target: Any, who: str | None, *, version: int | None = 0, campaign: str = "phase-1"
    ) -> TestResponse:
        headers = {} if who is None else {"Authorization": f"Bearer {who}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self.http.put(f"/v1/targets/{campaign}/{unit}", json={"target": target}, headers=headers)

    def announced(self) -> list[tuple[str, dict[str, Any]]]:
        """Key and data of each pending target.reached event."""
        return [
            (event["key"], orjson.loads(event["value"]))
            for document in self.db["targets"].find()
            for event in document.get("outbox", [])
        ]

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)
