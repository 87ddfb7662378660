"""The only place that wires: settings in, a running application, worker or migration out. Every factory is
called in the process that plays the role, after any fork, and imports what only that role needs: a web
process has no Kafka client.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from pymongo.database import Database

import contracts
from chassis.clock import Clock, utc_now
from chassis.events.codec import EventCodec
from chassis.mongo.client import connect, database
from chassis.mongo.leases import Leases
from chassis.mongo.migrations import migrate as run_migrations
from chassis.mongo.migrations import pending
from chassis.operations.store import Operations
from submission.adapters.benefit_limits import benefit_limits
from submission.adapters.contract import PRODUCED, ContractAnnouncements
from submission.adapters.fields import field_names
from submission.adapters.initiatives import COLLECTION, MongoInitiatives
from submission.adapters.reference import ReferenceCopy
from submission.adapters.reference_documents import CAMPAIGNS, UNITS, MongoCampaigns, MongoUnits
from submission.adapters.showcase import MongoShowcase
from submission.adapters.tree_lock import TreeLock
from submission.application.administration import Administration
from submission.application.intake import Intake
from submission.application.permissions import PERMISSIONS
from submission.application.ports import Draw
from submission.application.quotas import Quota, Quotas
from submission.application.reading import Reading
from submission.application.registering import Registrar
from submission.config import Settings
from submission.domain.deadlines import expected_answer_on
from submission.migrations import MIGRATIONS
from union.workdays import WorkCalendar

if TYPE_CHECKING:
    from flask import Flask

    from chassis.tokens import TokenVerifier
    from chassis.worker import Worker

SERVICE = "submission"
OUTBOXES = (COLLECTION, UNITS, CAMPAIGNS)


@dataclass(frozen=True)
class Parts:
    """The use cases over one database."""

    intake: Intake
    reading: Reading
    administration: Administration
    reference: ReferenceCopy


@cache
def producing() -> EventCodec:
    """The codec of the topics that this service writes, in the versions that it implements."""
    return EventCodec(contracts.implementing(PRODUCED), f"/services/{SERVICE}")


def consuming(topics: Iterable[str]) -> EventCodec:
    """For these topics only: compiling a schema takes time, and a start waits for it."""
    known = contracts.topics()
    return EventCodec({name: known[name] for name in topics}, f"/services/{SERVICE}")


def parts(
    settings: Settings,
    db: Database[dict[str, Any]],
    clock: Clock = utc_now,
    draw: Draw = secrets.randbelow,
) -> Parts:
    """Tests hand in their own database, clock and draw."""
    calendar = WorkCalendar.load()

    @lru_cache(maxsize=1024)
    def answer_on(day: date) -> date:
        return expected_answer_on(day, calendar)

    initiatives = MongoInitiatives(db)
    announcements = ContractAnnouncements(producing())
    reference = ReferenceCopy(db, settings.reference_refresh_seconds)
    fields, limits = frozenset(field_names()), benefit_limits()
    registrar = Registrar(reference, PERMISSIONS, fields, limits, answer_on, draw)
    quotas = Quotas(
        Quota(settings.submissions_per_day, settings.open_drafts),
        Quota(settings.submissions_for_others_per_day, settings.open_drafts_for_others),
        initiatives.count_drafts,
    )
    return Parts(
        intake=Intake(initiatives, registrar, announcements, PERMISSIONS, clock, quotas),
        reading=Reading(initiatives, MongoShowcase(db), reference, PERMISSIONS),
        administration=Administration(
            MongoUnits(db, clock),
            MongoCampaigns(db, clock),
            reference,
            announcements,
            PERMISSIONS,
            clock,
            TreeLock(Leases(db["leases"], clock), _process_name(), clock),
            settings.administration_unit,
        ),
        reference=reference,
    )


def application(
    settings: Settings,
    made: Parts,
    verifier: TokenVerifier,
    readiness: Mapping[str, Callable[[], None]],
    operations: Operations | None = None,
) -> Flask:
    """The web application on given parts."""
    from chassis.web import create_app
    from chassis.web.operations import operations_blueprint
    from submission.entrypoints.http.benefit_limits import benefit_limits_blueprint
    from submission.entrypoints.http.campaigns import campaigns_blueprint
    from submission.entrypoints.http.fields import fields_blueprint
    from submission.entrypoints.http.initiatives import initiatives_blueprint
    from submission.entrypoints.http.problems import problem_of
    from submission.entrypoints.http.receipts import receipts_blueprint
    from submission.entrypoints.http.showcase import showcase_blueprint
    from submission.entrypoints.http.units import units_blueprint

    return create_app(
        service=SERVICE,
        settings=settings,
        version=version("sangkien-submission"),
        blueprints=[
            initiatives_blueprint(made.intake, made.reading),
            receipts_blueprint(made.reading, made.reference),
            showcase_blueprint(made.reading),
            units_blueprint(made.administration, made.reference),
            campaigns_blueprint(made.administration, made.reference),
            fields_blueprint(field_names()),
            benefit_limits_blueprint(benefit_limits()),
            operations_blueprint(SERVICE, operations, settings.administration_unit),
        ],
        verifier=verifier,
        readiness=readiness,
        domain_errors=problem_of,
        title="Tiếp nhận sáng kiến · Submission",
    )


def api(settings: Settings) -> Flask:
    """The web application, with its copy of units and campaigns kept fresh by a thread. It knows no Kafka."""
    from chassis.tokens import TokenVerifier

    db = database(connect(settings), settings)
    made = parts(settings, db)
    made.reference.start()
    verifier = TokenVerifier(
        issuer=settings.oidc_issuer, audience=settings.oidc_audience, jwks_url=settings.oidc_jwks_url
    )
    readiness = {
        "database": lambda: _ping(db),
        "migrations": lambda: _migrated(db),
        "reference": made.reference.check,
    }
    return application(settings, made, verifier, readiness, Operations(db, utc_now))


def worker(settings: Settings) -> Worker:
    """The consumer of the review service's events and the relay of this service's own."""
    from chassis.consumer.loop import ConsumerLoop
    from chassis.consumer.parking import LimitStore
    from chassis.events.relay import Relay
    from chassis.operations.reporter import Reporter
    from chassis.producer import make_producer
    from chassis.worker import Task, Worker
    from submission.adapters.review_events import CONSUMED
    from submission.entrypoints.consumer import ReviewEvents

    db = database(connect(settings), settings)
    consumer = ConsumerLoop(
        settings,
        group=SERVICE,
        topics=CONSUMED,
        codec=consuming(CONSUMED),
        handler=ReviewEvents(MongoInitiatives(db), MongoShowcase(db)),
        batch=settings.consumer_batch,
        limits=LimitStore(db, SERVICE, utc_now),
    )
    leases = Leases(db["leases"], utc_now)
    relay = Relay(db, OUTBOXES, lambda: make_producer(settings), leases, _process_name(), utc_now)
    reporter = Reporter(settings, group=SERVICE, topics=CONSUMED, db=db, outboxes=OUTBOXES, clock=utc_now)
    tasks = [Task("relay", relay.run), Task("operations", reporter.run)]
    return Worker(settings, consumers=[consumer], tasks=tasks, cut_off=db.client.close)


def migrate(settings: Settings) -> None:
    """Bring the database up to date."""
    client = connect(settings)
    try:
        run_migrations(database(client, settings), MIGRATIONS, owner=_process_name(), clock=utc_now)
    finally:
        client.close()


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document as the API serves it; needs no server and no settings."""
    from chassis.tokens import TokenVerifier
    from chassis.web.openapi import document

    nowhere = "http://unused/"
    settings = Settings(
        mongo_uri="mongodb://unused/",
        mongo_database=SERVICE,
        kafka_bootstrap="unused:1",
        oidc_issuer=nowhere,
        oidc_jwks_url=nowhere,
    )
    unused = cast("Any", None)
    verifier = TokenVerifier(issuer=nowhere, audience="unused", jwks_url=nowhere)
    # No endpoint is called, so none of its parts is needed.
    app = application(settings, Parts(unused, unused, unused, unused), verifier, {})
    return document(app)


def _ping(db: Database[dict[str, Any]]) -> None:
    db.command("ping")


def _migrated(db: Database[dict[str, Any]]) -> None:
    waiting = pending(db, MIGRATIONS)
    if waiting:
        raise RuntimeError(f"run the role migrate: {', '.join(m.name for m in waiting)} not applied")


def _process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
