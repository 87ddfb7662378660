"""Owns the use case of removing messages that have been kept long enough, as a job in steps. It must never
touch a message that is younger, nor a contact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from chassis.clock import Clock
from chassis.jobs.job import Job, Progress, Result
from chassis.jobs.steps import Advance, Finish
from notify import metrics
from notify.application.ports import ExpiredMessages

# Messages of one step: removed with its checkpoint in one transaction of well under a second.
CHUNK: Final = 200
REMOVING: Final = "removing-messages"


@dataclass(frozen=True)
class RemoveExpiredMessages:
    """keep: how long a message is kept, from the time of its event on."""

    messages: ExpiredMessages
    clock: Clock
    keep: timedelta

    def step(self, job: Job) -> Advance | Finish:
        if job.checkpoint is None:
            # Fixed for the whole job: what expires meanwhile is for the next one.
            before = self.clock() - self.keep
            return Advance({"before": before}, Progress(0, self.messages.count(before), REMOVING))
        cutoff: datetime = job.checkpoint["before"]
        ids = self.messages.oldest(cutoff, CHUNK)
        done, total = job.progress.done, job.progress.total
        if not ids:
            return Finish(Result({"removed": done}), Progress(done, done))
        metrics.MESSAGES_EXPIRED.inc(len(ids))
        return Advance(
            job.checkpoint,
            Progress(done + len(ids), max(total or 0, done + len(ids)), REMOVING),
            self.messages.removal(ids),
        )
