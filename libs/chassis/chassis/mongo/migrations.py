"""Runs numbered, idempotent migrations, forward only, each recorded once. Two processes may start at the same
time: one migrates under a lease, the other waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pymongo.database import Database

from chassis.mongo.leases import Lease, Leases

log = logging.getLogger(__name__)

LEASE = "migrations"
LEASE_TIME = timedelta(seconds=30)
WAIT_SECONDS = 300.0


class MigrationError(Exception):
    """The migrations cannot run; the message says what to do."""


@dataclass(frozen=True)
class Migration:
    """`run` may be called again after a crash halfway through, so it must be idempotent."""

    number: int
    name: str
    run: Callable[[Database[dict[str, Any]]], None]


def pending(db: Database[dict[str, Any]], migrations: Sequence[Migration]) -> list[Migration]:
    """The migrations that are not recorded yet, in order. Raises MigrationError if two share a number."""
    ordered = sorted(migrations, key=lambda migration: migration.number)
    numbers = [migration.number for migration in ordered]
    if len(set(numbers)) != len(numbers):
        raise MigrationError(f"two migrations share a number: {numbers}")
    # Each record is queried by _id, which every engine serves from an index.
    return [
        migration for migration in ordered if db["migrations"].find_one({"_id": migration.number}) is None
    ]


def migrate(
    db: Database[dict[str, Any]],
    migrations: Sequence[Migration],
    *,
    owner: str,
    clock: Callable[[], datetime],
    wait_seconds: float = WAIT_SECONDS,
) -> list[Migration]:
    """Run the pending migrations and return them; wait if another process is migrating.

    Raises MigrationError if the other process does not finish within `wait_seconds`, and any error of a
    migration; the migrations before it stay recorded.
    """
    if not pending(db, migrations):
        return []
    with _leased(Leases(db["leases"], clock), owner, wait_seconds) as lost:
        done = []
        for migration in pending(db, migrations):
            if lost.is_set():
                raise MigrationError("the lease on the migrations was lost; run them again")
            log.info("migration started", extra={"number": migration.number, "migration": migration.name})
            migration.run(db)
            record = {"name": migration.name, "owner": owner, "applied_at": clock()}
            db["migrations"].update_one({"_id": migration.number}, {"$setOnInsert": record}, upsert=True)
            done.append(migration)
            log.info("migration applied", extra={"number": migration.number, "migration": migration.name})
        return done


@contextmanager
def _leased(leases: Leases, owner: str, wait_seconds: float) -> Iterator[threading.Event]:
    """Hold the lease, which a thread renews; the yielded event is set if the lease is lost."""
    lease = _acquire(leases, owner, wait_seconds)
    stop, lost = threading.Event(), threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(leases, lease, stop, lost), name="migration-lease", daemon=True
    )
    keeper.start()
    try:
        yield lost
    finally:
        stop.set()
        keeper.join()
        leases.release(lease)


def _acquire(leases: Leases, owner: str, wait_seconds: float) -> Lease:
    deadline = time.monotonic() + wait_seconds
    while True:
        lease = leases.acquire(LEASE, owner, LEASE_TIME)
        if lease is not None:
            return lease
        if time.monotonic() > deadline:
            raise MigrationError(
                f"another process has been migrating for more than {wait_seconds:g} s; see its log"
            )
        time.sleep(0.2)


def _keep(leases: Leases, lease: Lease, stop: threading.Event, lost: threading.Event) -> None:
    while not stop.wait(LEASE_TIME.total_seconds() / 3):
        renewed = leases.renew(lease, LEASE_TIME)
        if renewed is None:
            lost.set()
            return
        lease = renewed
