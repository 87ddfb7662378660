"""The only place where the parts of the service are wired. Every factory is called in the process that
plays the role, after any fork, and imports what only that role needs: a web process has no Kafka client, and
a worker no web framework.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from pymongo.database import Database

import contracts
from chassis.clock import Clock, utc_now
from chassis.events.codec import EventCodec
from chassis.mongo.client import connect, database
from chassis.mongo.leases import Leases
from chassis.mongo.migrations import migrate as run_migrations
from chassis.mongo.migrations import pending as pending_migrations
from chassis.operations.store import Operations
from stats.adapters.figures import MongoFigures
from stats.adapters.generations import Generations
from stats.adapters.projection import TARGETS, MongoProjectionStore
from stats.adapters.reference import MongoReferenceStore, ReferenceCopy
from stats.adapters.target_events import PRODUCED
from stats.config import Settings
from stats.migrations import MIGRATIONS

if TYPE_CHECKING:
    from flask import Flask

    from chassis.tokens import TokenVerifier
    from chassis.worker import Worker
    from stats.entrypoints.http.parts import Parts

SERVICE = "stats"


def codec(consumed: Iterable[str] = ()) -> EventCodec:
    """The codec of the topics that stats produces, in the versions that it implements, and of those that it
    consumes; each costs time to compile, and every start waits for it."""
    known = contracts.topics()
    topics = {name: known[name] for name in consumed} | contracts.implementing(PRODUCED)
    return EventCodec(topics, f"/services/{SERVICE}")


def api(settings: Settings) -> Flask:
    """The web application, with its copy of units, campaigns and targets kept fresh by a thread."""
    db = database(connect(settings), settings)
    copy = ReferenceCopy(db, settings.refresh_seconds)
    copy.start()
    return web(settings, db, copy)


def web(
    settings: Settings,
    db: Database[dict[str, Any]],
    copy: ReferenceCopy,
    verifier: TokenVerifier | None = None,
    clock: Clock = utc_now,
) -> Flask:
    """The web application on a database and a copy that the caller keeps fresh."""
    from chassis.tokens import TokenVerifier
    from stats.entrypoints.http.answers import Answers
    from stats.entrypoints.http.parts import Parts

    generations = Generations(db, utc_now)
    parts = Parts(
        reader=MongoFigures(generations),
        store=MongoProjectionStore(db, codec(), generations),
        reference=copy,
        answers=Answers(settings.answer_seconds),
        clock=clock,
    )
    readiness = {
        "database": lambda: _ping(db),
        "migrations": lambda: _migrated(db),
        "reference": lambda: _loaded(copy),
    }
    default = TokenVerifier(
        issuer=settings.oidc_issuer, audience=settings.oidc_audience, jwks_url=settings.oidc_jwks_url
    )
    return application(settings, parts, verifier or default, readiness, Operations(db, clock))


def application(
    settings: Settings,
    parts: Parts,
    verifier: TokenVerifier,
    readiness: Mapping[str, Callable[[], None]],
    operations: Operations | None = None,
) -> Flask:
    """The web application from its parts."""
    from chassis.web import create_app
    from chassis.web.operations import operations_blueprint
    from stats.entrypoints.http import figures, targets
    from stats.entrypoints.http.problems import problem_of

    return create_app(
        service=SERVICE,
        settings=settings,
        version=version("sangkien-stats"),
        blueprints=[
            figures.blueprint(parts),
            targets.blueprint(parts),
            operations_blueprint(SERVICE, operations, settings.administration_unit),
        ],
        verifier=verifier,
        readiness=readiness,
        domain_errors=problem_of,
        title="Stats: counts, targets, progress",
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
    return document(application(settings, cast("Parts", None), verifier, {}))


def worker(settings: Settings) -> Worker:
    """The consumer that counts, and the relay of `target.reached`."""
    from chassis.consumer.loop import ConsumerLoop
    from chassis.consumer.parking import LimitStore
    from chassis.events.relay import Relay
    from chassis.operations.reporter import Reporter
    from chassis.producer import make_producer
    from chassis.worker import Task, Worker
    from stats.adapters.payloads import CONSUMED_TOPICS
    from stats.entrypoints.consumer import EventHandler
    from stats.metrics import batch_applied

    db = database(connect(settings), settings)
    events = codec(CONSUMED_TOPICS)
    generations = Generations(db, utc_now)
    store = MongoProjectionStore(db, events, generations)
    consumer = ConsumerLoop(
        settings,
        group=SERVICE,
        topics=CONSUMED_TOPICS,
        codec=events,
        handler=EventHandler(store, MongoReferenceStore(db), utc_now, batch_applied),
        batch=settings.consumer_batch,
        limits=LimitStore(db, SERVICE, utc_now),
    )
    relay = Relay(
        db,
        [TARGETS],
        lambda: make_producer(settings),
        Leases(db["leases"], utc_now),
        process_name(),
        utc_now,
    )
    reporter = Reporter(
        settings, group=SERVICE, topics=CONSUMED_TOPICS, db=db, outboxes=[TARGETS], clock=utc_now
    )
    return Worker(
        settings,
        consumers=[consumer],
        tasks=[
            Task("relay", relay.run),
            Task("generations", generations.sweep),
            Task("operations", reporter.run),
        ],
        cut_off=db.client.close,
    )


def migrate(settings: Settings) -> None:
    """Bring the database up to date."""
    run_migrations(database(connect(settings), settings), MIGRATIONS, owner=process_name(), clock=utc_now)


def relearn(settings: Settings, arguments: list[str]) -> int:
    """The role `relearn`; the exit code."""
    from chassis.consumer.log import TopicLog
    from chassis.consumer.relearning import relearn as play
    from stats.adapters.payloads import REFERENCE_TOPICS
    from stats.entrypoints.consumer import EventHandler

    with connect(settings) as client:
        db = database(client, settings)
        events = codec(REFERENCE_TOPICS)
        store = MongoProjectionStore(db, events, Generations(db, utc_now))
        handler = EventHandler(store, MongoReferenceStore(db), utc_now)
        return play(SERVICE, TopicLog(settings, events), REFERENCE_TOPICS, handler.relearn, arguments)


def rebuild(settings: Settings, arguments: list[str]) -> int:
    """The role `rebuild`; the exit code."""
    from stats.adapters.event_log import KafkaEventLog
    from stats.adapters.payloads import CONSUMED_TOPICS
    from stats.adapters.rebuilding import MongoRebuild
    from stats.application.rebuild import RebuildParts
    from stats.entrypoints.commands import rebuild_command

    with connect(settings) as client:
        db = database(client, settings)
        generations = Generations(db, utc_now)
        events = codec(CONSUMED_TOPICS)
        parts = RebuildParts(
            log=KafkaEventLog(settings, events),
            target=MongoRebuild(generations, process_name()),
            reference=MongoReferenceStore(db),
            projection=MongoProjectionStore(db, events, generations),
            clock=utc_now,
        )
        return rebuild_command(parts, arguments)


def reconcile(settings: Settings, arguments: list[str]) -> int:
    """The role `reconcile`; the exit code."""
    from stats.adapters.audit import MongoAudit
    from stats.entrypoints.commands import reconcile_command

    with connect(settings) as client:
        generations = Generations(database(client, settings), utc_now)
        return reconcile_command(MongoAudit(generations, process_name()), arguments)


def process_name() -> str:
    return f"{SERVICE}@{socket.gethostname()}:{os.getpid()}"


def _ping(db: Database[dict[str, Any]]) -> None:
    db.command("ping")


def _migrated(db: Database[dict[str, Any]]) -> None:
    waiting = pending_migrations(db, MIGRATIONS)
    if waiting:
        names = ", ".join(migration.name for migration in waiting)
        raise RuntimeError(f"run the role migrate: {names} not applied")


def _loaded(copy: ReferenceCopy) -> None:
    copy.current()
