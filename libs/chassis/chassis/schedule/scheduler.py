"""Turns due schedules into jobs, one per occurrence whatever the number of workers. It runs no job itself.

A schedule's row holds its next occurrence. Due means: enqueue the job whose id names the occurrence, then
move the row on. A death between the two repeats both, and the repeated job has the same id. Occurrences
missed while no worker ran are not made up for one by one: the earliest of them fires once, then the row moves
past the present.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis import metrics
from chassis.clock import Clock, rfc3339
from chassis.jobs.job import NewJob
from chassis.jobs.store import Jobs
from chassis.schedule.rules import Schedule

log = logging.getLogger(__name__)

COLLECTION: Final = "schedules"


class Scheduler:
    """schedules: all that the service declares. Raises ValueError if two share a name."""

    def __init__(
        self, db: Database[dict[str, Any]], schedules: Sequence[Schedule], jobs: Jobs, clock: Clock
    ) -> None:
        names = [schedule.name for schedule in schedules]
        if len(set(names)) != len(names):
            raise ValueError(f"two schedules share a name: {sorted(names)}")
        self._rows = db[COLLECTION]
        self._schedules = tuple(schedules)
        self._jobs = jobs
        self._clock = clock

    def fire(self) -> int:
        """Enqueue what is due now; the number of jobs that this process was the first to enqueue."""
        if not self._schedules:
            return 0
        # A handful of rows, one per schedule.
        rows = {row["_id"]: row for row in self._rows.find()}
        return sum(self._fire(schedule, rows.get(schedule.name)) for schedule in self._schedules)

    def _fire(self, schedule: Schedule, row: dict[str, Any] | None) -> int:
        now = self._clock()
        if row is None or row["rule"] != str(schedule.rule):
            self._plan(schedule, row, now)
            return 0
        occurrence: datetime = row["next_at"]
        if occurrence > now:
            return 0
        new = self._jobs.enqueue(
            NewJob(
                id=f"{schedule.name}:{rfc3339(occurrence)}",
                kind=schedule.kind,
                args={**schedule.args, "occurrence": occurrence},
            )
        )
        self._rows.update_one(
            {"_id": schedule.name, "next_at": occurrence},
            {"$set": {"next_at": schedule.rule.next_after(now), "last_at": occurrence}},
        )
        if new:
            metrics.SCHEDULES_FIRED.labels(schedule.name).inc()
            late = (now - occurrence).total_seconds()
            log.info("schedule fired", extra={"schedule": schedule.name, "late_seconds": late})
        return int(new)

    def _plan(self, schedule: Schedule, row: dict[str, Any] | None, now: datetime) -> None:
        """Set the next occurrence of a schedule that is new or whose rule has changed."""
        planned = {"rule": str(schedule.rule), "next_at": schedule.rule.next_after(now)}
        if row is not None:
            self._rows.update_one({"_id": schedule.name, "rule": row["rule"]}, {"$set": planned})
            return
        try:
            self._rows.update_one({"_id": schedule.name}, {"$setOnInsert": planned}, upsert=True)
        except DuplicateKeyError:
            log.debug("schedule planned by another worker", extra={"schedule": schedule.name})
