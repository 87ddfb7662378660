"""The only place where the parts of the service are wired. Every factory is called in the process that
plays the role, after any fork, and imports what only that role needs: a web process has no Kafka client, and
a worker no web framework.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pymongo.database import Database

import contracts
from chassis.clock import local_day, utc_now
from chassis.events.codec import EventCodec
from chassis.mongo.client import connect, database
from chassis.mongo.leases import Leases
from chassis.mongo.migrations import migrate as run_migrations
from chassis.mongo.migrations import pending as pending_migrations
from chassis.operations.store import Operations
from review.adapters import contract
from review.adapters.mongo_cases import COLLECTION, MongoCases
from review.adapters.mongo_units import MongoUnits, UnitCopy
from review.adapters.policy_files import PACKAGED, load_policies
from review.config import Settings
from review.domain.rulebook import Rulebook
from review.migrations import MIGRATIONS
from union.workdays import WorkCalendar

if TYPE_CHECKING:
    from flask import Flask

    from chassis.tokens import TokenVerifier
    from chassis.worker import Worker
    from review.entrypoints.http.routes import Parts

SERVICE = "review"


def rulebook(settings: Settings) -> Rulebook:
    """Packs, calendar and local day. Raises PolicyFileError."""
    folder = Path(settings.policy_folder) if settings.policy_folder else PACKAGED
    return Rulebook(load_policies(folder), WorkCalendar.load(), local_day)


def codec(consumed: Iterable[str] = ()) -> EventCodec:
    """The codec of the topics that review produces, in the versions that it implements, and of those that it
    consumes; each costs time to compile."""
    known = contracts.topics()
    topics = {name: known[name] for name in consumed} | contracts.implementing(contract.PRODUCED)
    return EventCodec(topics, f"/services/{SERVICE}")


def api(settings: Settings) -> Flask:
    """The web application, with its copy of the union tree kept fresh by a thread."""
    from chassis.tokens import TokenVerifier
    from review.entrypoints.http.routes import Parts

    db = _database(settings)
    units = UnitCopy(db, settings.refresh_seconds)
    units.start()
    verifier = TokenVerifier(
        issuer=settings.oidc_issuer, audience=settings.oidc_audience, jwks_url=settings.oidc_jwks_url
    )
    readiness = {
        "database": lambda: _ping(db),
        "migrations": lambda: _migrated(db),
        "units": units.ensure_loaded,
    }
    parts = Parts(MongoCases(db, codec(), utc_now), units, rulebook(settings), utc_now)
    return application(settings, parts, verifier, readiness, Operations(db, utc_now))


def application(
    settings: Settings,
    parts: Parts,
    verifier: TokenVerifier,
    readiness: Mapping[str, Callable[[], None]],
    operations: Operations | None = None,
) -> Flask:
    """The web application on given parts."""
    from chassis.web import create_app
    from chassis.web.operations import operations_blueprint
    from review.entrypoints.http.problems import problem_of
    from review.entrypoints.http.routes import blueprint

    return create_app(
        service=SERVICE,
        settings=settings,
        version=version("sangkien-review"),
        blueprints=[
            blueprint(parts),
            operations_blueprint(SERVICE, operations, settings.administration_unit),
        ],
        verifier=verifier,
        readiness=readiness,
        domain_errors=lambda error: problem_of(error, parts.units),
        title="Review: cases, levels, decisions",
    )


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document as the API serves it; needs no server and no settings."""
    from chassis.tokens import TokenVerifier
    from chassis.web.openapi import document

    settings = Settings(
        mongo_uri="mongodb://unused/",
        mongo_database=SERVICE,
        kafka_bootstrap="unused:1",
        oidc_issuer="http://unused/",
        oidc_jwks_url="http://unused/",
    )
    verifier = TokenVerifier(issuer="http://unused/", audience="unused", jwks_url="http://unused/")
    # No endpoint is called, so none of its parts is needed.
    app = application(settings, cast("Parts", None), verifier, {})
    return document(app)


def worker(settings: Settings) -> Worker:
    """The consumer of submission's events and the relay of the cases' own."""
    from chassis.consumer.loop import ConsumerLoop
    from chassis.consumer.parking import LimitStore
    from chassis.events.relay import Relay
    from chassis.operations.reporter import Reporter
    from chassis.producer import make_producer
    from chassis.worker import Task, Worker
    from review.entrypoints.consumer import EventHandler

    db = _database(settings)
    events = codec(contract.CONSUMED)
    handler = EventHandler(MongoCases(db, events, utc_now), MongoUnits(db), rulebook(settings))
    consumer = ConsumerLoop(
        settings,
        group=SERVICE,
        topics=contract.CONSUMED,
        codec=events,
        handler=handler,
        batch=settings.consumer_batch,
        limits=LimitStore(db, SERVICE, utc_now),
    )
    relay = Relay(
        db,
        [COLLECTION],
        lambda: make_producer(settings),
        Leases(db["leases"], utc_now),
        _process_name(),
        utc_now,
    )
    reporter = Reporter(
        settings, group=SERVICE, topics=contract.CONSUMED, db=db, outboxes=[COLLECTION], clock=utc_now
    )
    tasks = [Task("relay", relay.run), Task("operations", reporter.run)]
    return Worker(settings, consumers=[consumer], tasks=tasks, cut_off=db.client.close)


def relearn(settings: Settings, arguments: list[str]) -> int:
    """The role `relearn`; the exit code."""
    from chassis.consumer.log import TopicLog
    from chassis.consumer.relearning import relearn as play
    from review.entrypoints.consumer import EventHandler

    with connect(settings) as client:
        db = database(client, settings)
        events = codec(contract.RELEARNT)
        handler = EventHandler(MongoCases(db, events, utc_now), MongoUnits(db), rulebook(settings))
        log = TopicLog(settings, events)
        return play(SERVICE, log, contract.RELEARNT, handler.relearn, arguments)


def migrate(settings: Settings) -> None:
    """Bring the database up to date."""
    run_migrations(_database(settings), MIGRATIONS, owner=_process_name(), clock=utc_now)


def _database(settings: Settings) -> Database[dict[str, Any]]:
    return database(connect(settings), settings)


def _ping(db: Database[dict[str, Any]]) -> None:
    db.command("ping")


def _migrated(db: Database[dict[str, Any]]) -> None:
    waiting = pending_migrations(db, MIGRATIONS)
    if waiting:
        raise RuntimeError(f"run the role migrate: {', '.join(m.name for m in waiting)} not applied")


def _process_name() -> str:
    return f"{SERVICE}@{socket.gethostname()}:{os.getpid()}"
