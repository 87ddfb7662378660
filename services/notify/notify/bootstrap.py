"""The only place where the parts of the service are wired. Every factory is called in the process that plays
the role, after any fork, and imports what only that role needs: a web process has no Kafka client, and a
worker no web framework.
"""

from __future__ import annotations

import os
import random
import socket
import uuid
from datetime import time, timedelta
from email.headerregistry import Address
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

import contracts
from chassis.clock import Clock, utc_now
from chassis.events.codec import EventCodec
from chassis.jobs.store import Jobs
from chassis.mongo.client import connect, database
from chassis.mongo.migrations import migrate as run_migrations
from chassis.mongo.migrations import pending as pending_migrations
from chassis.operations.store import Operations
from notify.adapters import events
from notify.adapters.contacts import MongoContacts
from notify.adapters.deliveries import MongoDeliveries, MongoDoubtfulMails
from notify.adapters.mail import MailComposer
from notify.adapters.messages import MongoExpiredMessages, MongoMessages
from notify.adapters.reads import Document, Store
from notify.adapters.smtp import SmtpServer
from notify.adapters.surroundings import MongoNames, MongoWithdrawals
from notify.adapters.wording import Words
from notify.application.contacts import ContactBook
from notify.application.deliver import DeliverMail
from notify.application.doubtful import SettleDoubts
from notify.application.inbox import Inbox
from notify.application.retention import RemoveExpiredMessages
from notify.application.tell import Tell
from notify.config import Settings
from notify.entrypoints.consumer import EventHandler
from notify.entrypoints.mail import MailLoop
from notify.migrations import MIGRATIONS

if TYPE_CHECKING:
    from flask import Flask

    from chassis.jobs.runner import Work
    from chassis.tokens import TokenVerifier
    from chassis.worker import Worker

SERVICE = "notify"


def event_handler(db: Store, keep: timedelta, clock: Clock = utc_now) -> EventHandler:
    """keep: how long messages are kept."""
    return EventHandler(
        Tell(
            contacts=MongoContacts(db),
            messages=MongoMessages(db),
            names=MongoNames(db),
            withdrawals=MongoWithdrawals(db),
            clock=clock,
            keep=keep,
        )
    )


def work(db: Store, keep: timedelta, clock: Clock = utc_now) -> Work:
    """The jobs of this service, by kind, and what makes them by the clock. keep: how long messages are
    kept."""
    from chassis.jobs import retention
    from chassis.jobs.runner import Work
    from chassis.jobs.steps import Kind
    from chassis.schedule.rules import Daily, Schedule

    expired = RemoveExpiredMessages(MongoExpiredMessages(db), clock, keep)
    return Work(
        kinds=(
            Kind("messages.retention", expired.step),
            retention.RemoveFinishedJobs(db, clock).kind(),
        ),
        schedules=(
            Schedule("retention.daily", Daily(time(2, 0)), "messages.retention"),
            retention.SCHEDULE,
        ),
    )


def mail_delivery(settings: Settings, db: Store, clock: Clock = utc_now) -> DeliverMail:
    sender = settings.mail_from
    return DeliverMail(
        deliveries=MongoDeliveries(db, lambda: str(uuid.uuid4())),
        contacts=MongoContacts(db),
        composer=MailComposer(Words(settings.public_url), sender),
        server=SmtpServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            sender=sender.addr_spec,
            username=settings.smtp_username,
            password=settings.smtp_password,
            starttls=settings.smtp_starttls,
            seconds=settings.smtp_seconds,
        ),
        clock=clock,
        chance=random.random,
        step_seconds=settings.smtp_seconds,
    )


def application(settings: Settings, db: Store, verifier: TokenVerifier, clock: Clock = utc_now) -> Flask:
    """The HTTP application over a database; tests hand in their own."""
    from chassis.web import create_app
    from chassis.web.jobs import jobs_blueprint
    from chassis.web.operations import operations_blueprint
    from notify.entrypoints.http.contacts import contacts_blueprint
    from notify.entrypoints.http.inbox import inbox_blueprint
    from notify.entrypoints.http.problems import problem_of

    messages = MongoMessages(db)
    book = ContactBook(MongoContacts(db), messages)
    return create_app(
        service=SERVICE,
        settings=settings,
        version=version("sangkien-notify"),
        blueprints=(
            inbox_blueprint(Inbox(messages, clock), Words(settings.public_url)),
            contacts_blueprint(book, settings.administration_unit),
            operations_blueprint(SERVICE, Operations(db, clock), settings.administration_unit),
            jobs_blueprint(Jobs(db, clock), settings.administration_unit),
        ),
        verifier=verifier,
        readiness={"database": lambda: _ping(db), "migrations": lambda: _migrated(db)},
        domain_errors=problem_of,
        title="Notify: inbox, contacts, mail",
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
        smtp_host="unused",
        mail_from=Address(addr_spec="unused@unused"),
        public_url="http://unused/",
    )
    verifier = TokenVerifier(issuer="http://unused/", audience="unused", jwks_url="http://unused/")
    # No endpoint is called, so nothing is ever asked of the database.
    client: MongoClient[Document] = MongoClient(connect=False)
    try:
        return document(application(settings, database(client, settings), verifier))
    finally:
        client.close()


def api(settings: Settings) -> Flask:
    """The web application."""
    from chassis.tokens import TokenVerifier

    verifier = TokenVerifier(
        issuer=settings.oidc_issuer, audience=settings.oidc_audience, jwks_url=settings.oidc_jwks_url
    )
    return application(settings, database(connect(settings), settings), verifier)


def worker(settings: Settings) -> Worker:
    """The consumer that tells people, the mail that goes out, and the jobs."""
    from chassis.consumer.loop import ConsumerLoop
    from chassis.consumer.parking import LimitStore
    from chassis.jobs.runner import JobRunner
    from chassis.operations.reporter import Reporter
    from chassis.worker import Task, Worker

    db = database(connect(settings), settings)
    consumer = ConsumerLoop(
        settings,
        group=SERVICE,
        topics=events.TOPICS,
        codec=EventCodec(contracts.topics(), f"/services/{SERVICE}"),
        handler=event_handler(db, settings.keep_messages),
        batch=settings.consumer_batch,
        limits=LimitStore(db, SERVICE, utc_now),
    )
    mail = MailLoop(mail_delivery(settings, db), settings.mail_poll_seconds, random.random)
    reporter = Reporter(settings, group=SERVICE, topics=events.TOPICS, db=db, outboxes=[], clock=utc_now)
    runner = JobRunner(db, work(db, settings.keep_messages), owner=_process_name(), clock=utc_now)
    tasks = [
        Task("mail", mail.run),
        Task("operations", reporter.run),
        Task("jobs", runner.run, runner.idle_seconds),
    ]
    return Worker(settings, consumers=[consumer], tasks=tasks, cut_off=db.client.close)


def relearn(settings: Settings, arguments: list[str]) -> int:
    """The role `relearn`; the exit code."""
    from chassis.consumer.log import TopicLog
    from chassis.consumer.relearning import relearn as play

    known = contracts.topics()
    topics = tuple(events.NAMING)
    client = connect(settings)
    try:
        log = TopicLog(settings, EventCodec({name: known[name] for name in topics}, f"/services/{SERVICE}"))
        handler = event_handler(database(client, settings), settings.keep_messages)
        return play(SERVICE, log, topics, handler.relearn, arguments)
    finally:
        client.close()


def doubtful(settings: Settings, arguments: list[str]) -> int:
    """The operators' command for mails in doubt; the exit code."""
    from notify.entrypoints.doubtful import run

    client = connect(settings)
    try:
        return run(SettleDoubts(MongoDoubtfulMails(database(client, settings)), utc_now), arguments)
    finally:
        client.close()


def jobs(settings: Settings, arguments: list[str]) -> int:
    """The operators' command for jobs; the exit code."""
    from chassis.jobs.command import run

    client = connect(settings)
    try:
        return run(Jobs(database(client, settings), utc_now), SERVICE, arguments)
    finally:
        client.close()


def migrate(settings: Settings) -> None:
    client = connect(settings)
    try:
        run_migrations(database(client, settings), MIGRATIONS, owner=_process_name(), clock=utc_now)
    finally:
        client.close()


def _ping(db: Store) -> None:
    db.command("ping")


def _migrated(db: Store) -> None:
    waiting = pending_migrations(db, MIGRATIONS)
    if waiting:
        raise RuntimeError(f"run the role migrate: {', '.join(m.name for m in waiting)} not applied")


def _process_name() -> str:
    return f"{SERVICE}@{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
