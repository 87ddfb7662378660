"""Measures how fast mail goes out: a fan-out to one group, against a bare loop of the standard library that
hands over one ready-made mail again and again. Prints ratios of one run; it is a benchmark, not a test.

    python -m tests.load.mail_fanout [--mails 600] [--rounds 5]

The database is the embedded one and the mail server accepts at once, so what shows is this service's own
cost; a real mail server takes longer for each mail, which raises the ratio.
"""

from __future__ import annotations

import argparse
import os
import smtplib
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from pymongo import MongoClient
from pymongo.database import Database

from chassis.settings import load
from notify import bootstrap
from notify.adapters.contacts import MongoContacts
from notify.adapters.events import occurrence
from notify.adapters.mail import MailComposer
from notify.adapters.messages import MongoMessages
from notify.adapters.wording import Words
from notify.config import Settings
from notify.domain.contacts import Contact, Grant
from notify.domain.messages import AddressBook, Message, messages_for
from notify.domain.names import Bearer
from notify.migrations import MIGRATIONS
from tests.support.mongo_servers import EmbeddedMongo
from tests.support.notify_news import event
from tests.support.notify_stage import ENVIRONMENT
from tests.support.processes import ServerProcess, free_port

UNIT = "HC-APATIT-VIET-NAM"
NAMES = {
    Bearer.UNIT: {UNIT: {"vi": "Công đoàn Công ty Apatit Việt Nam", "en": "Apatit Vietnam Company union"}}
}


@dataclass(frozen=True)
class Cost:
    """Mails per second, and CPU per mail in each process: milliseconds."""

    rate: float
    own: float
    database: float
    server: float


@dataclass(frozen=True)
class Stage:
    db: Database[dict[str, Any]]
    database: EmbeddedMongo
    smtp: ServerProcess

    @property
    def settings(self) -> Settings:
        return load(Settings, {**ENVIRONMENT, "SMTP_PORT": str(self.smtp.port)})

    def cost(self, mails: int, work: Callable[[], object]) -> Cost:
        before = self._cpu()
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
        own, database, server = (
            1000 * (after - earlier) / mails for after, earlier in zip(self._cpu(), before, strict=True)
        )
        return Cost(mails / took, own, database, server)

    def _cpu(self) -> tuple[float, float, float]:
        database, server = (
            sum(psutil.Process(process.pid).cpu_times()[:2]) for process in (self.database, self.smtp)
        )
        return time.process_time(), database, server


def group(count: int) -> list[Contact]:
    grant = (Grant("support", UNIT),)
    return [
        Contact(f"m-{n:010d}", 1, f"Nguyễn Thị Ánh {n}", f"a{n}@example.org", grants=grant)
        for n in range(count)
    ]


def send_bare(stage: Stage, mail: bytes, mails: int) -> None:
    """What any sender costs at least: one connection, one mail that is there already."""
    with smtplib.SMTP("127.0.0.1", stage.smtp.port, local_hostname="localhost", timeout=30) as client:
        for number in range(mails):
            client.sendmail("no-reply@example.org", [f"a{number}@example.org"], mail)


def tell_group(stage: Stage, people: list[Contact]) -> list[Message]:
    """Store one assignment for everybody of the group: as many mails that are due."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
    news = event("review.assigned", {"initiative_id": str(uuid.uuid4()), "author_ids": []}, at=now)
    told = occurrence(news)
    messages = list(messages_for(told, AddressBook(people), NAMES, now))
    for start in range(0, len(messages), 200):
        MongoMessages(stage.db).add(messages[start : start + 200], now)
    return messages


def send_due(stage: Stage, mails: int) -> None:
    """As the worker does it: pass after pass until nothing is due."""
    sender = bootstrap.mail_delivery(stage.settings, stage.db)
    settled = 0
    while done := sender.sweep().settled:
        settled += done
    if settled != mails or stage.db["messages"].find_one({"channel": "email", "state": {"$ne": "sent"}}):
        sys.exit(f"{settled} of {mails} mails settled")


@contextmanager
def stage() -> Iterator[Stage]:
    """The embedded database and a mail server that accepts at once and keeps nothing, each a process."""
    with tempfile.TemporaryDirectory(prefix="mail-load-") as folder:
        port = free_port()
        command = [sys.executable, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}"]
        command += ["-c", "aiosmtpd.handlers.Sink"]
        smtp = ServerProcess("mail server", command, port, Path(folder) / "smtp.log")
        with EmbeddedMongo(Path(folder)) as database, smtp:
            client: MongoClient[dict[str, Any]] = MongoClient(
                database.uri, tz_aware=True, uuidRepresentation="standard"
            )
            try:
                yield Stage(client["load"], database, smtp)
            finally:
                client.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=600, help="mails of one round")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, after one to warm up")
    options = parser.parse_args()
    bare: list[Cost] = []
    service: list[Cost] = []
    with stage() as on:
        for migration in MIGRATIONS:
            migration.run(on.db)
        people = group(options.mails)
        for person in people:
            MongoContacts(on.db).save(person, replacing=0)
        for _ in range(1 + options.rounds):
            messages = tell_group(on, people)
            sample = composed(on.settings, messages[0], people[0])
            bare.append(on.cost(options.mails, partial(send_bare, on, sample, options.mails)))
            service.append(on.cost(options.mails, partial(send_due, on, options.mails)))
        report(bare[1:], service[1:])


def composed(settings: Settings, message: Message, reader: Contact) -> bytes:
    return MailComposer(Words(settings.public_url), settings.mail_from).compose(message, reader, message.at)


def report(bare: list[Cost], service: list[Cost]) -> None:
    print(f"load average {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {len(bare)} rounds, medians")
    for name, costs in (("bare loop", bare), ("service", service)):
        rate, own, database, server = (
            statistics.median(getattr(one, field) for one in costs)
            for field in ("rate", "own", "database", "server")
        )
        print(
            f"{name:<9} {rate:6.0f} mails/s; CPU per mail {own:5.2f} ms in the sender, "
            f"{database:5.2f} ms in the database, {server:5.2f} ms in the mail server"
        )
    ratios = [ours.rate / theirs.rate for ours, theirs in zip(service, bare, strict=True)]
    print(f"ratio     {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")
    print(f"memory    {psutil.Process().memory_full_info().uss / 2**20:.0f} MiB USS, this benchmark included")


if __name__ == "__main__":
    main()
