"""The kind of job that removes files which were announced and never completed. It touches no file that is
ready."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from chassis.clock import Clock
from chassis.files.store import Files
from chassis.jobs.job import Job, Progress, Result
from chassis.jobs.steps import Advance, Finish, Kind

KIND: Final = "files.retention"
# An upload over a slow link may go on for days.
KEEP: Final = timedelta(days=7)
CHUNK: Final = 10


class RemoveAbandonedFiles:
    def __init__(self, files: Files, clock: Clock, keep: timedelta = KEEP) -> None:
        self._files = files
        self._clock = clock
        self._keep = keep

    def kind(self) -> Kind:
        return Kind(KIND, self.step)

    def step(self, job: Job) -> Advance | Finish:
        # Removing again what is gone does nothing, so a repeated step does no harm.
        ids = self._files.abandoned(self._clock() - self._keep, CHUNK)
        for id in ids:
            self._files.remove(id)
        done = job.progress.done + len(ids)
        if not ids:
            return Finish(Result({"removed": done}))
        return Advance({}, Progress(done))
