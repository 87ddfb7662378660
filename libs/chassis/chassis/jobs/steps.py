"""What a handler of jobs is: a function from a job to its next step's outcome. Handlers are registered in one
table per service, in its bootstrap.

A step is a bounded piece of work, a few seconds at most: between two steps a job can be cancelled, handed to
another worker or stopped. Its effect takes one of two forms:
- In the service's own database: `effect` runs in the transaction that also writes the checkpoint, so that
  effect and checkpoint happen together and once.
- Anywhere else: inside the handler itself, and idempotent by `Job.step_id`, because a worker that dies before
  the checkpoint is written leaves the step to be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from pymongo.client_session import ClientSession

from chassis.jobs.job import CODE_PATTERN, Job, Progress, Result

# May run more than once until its transaction commits, so it does nothing but write through the session.
Effect = Callable[[ClientSession], None]

LEASE: Final = timedelta(seconds=60)
ATTEMPTS: Final = 20


class JobFailed(Exception):
    """The job cannot succeed, today or tomorrow. `code` is stable; it names no person and no content."""

    def __init__(self, code: str) -> None:
        if CODE_PATTERN.fullmatch(code) is None:
            raise ValueError(f"not a code: {code!r}")
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Advance:
    """A step was done and more follow. checkpoint: where the next one begins."""

    checkpoint: Mapping[str, Any]
    progress: Progress
    effect: Effect | None = None


@dataclass(frozen=True)
class Finish:
    """The last step was done. progress: None keeps the last one, with `done` raised to the total."""

    result: Result = field(default_factory=Result)
    progress: Progress | None = None
    effect: Effect | None = None


Step = Callable[[Job], Advance | Finish]


@dataclass(frozen=True)
class Kind:
    """A kind of job and its handler.

    step: does the next step of a job. It raises JobFailed for what no retry mends, Transient or an error of
    pymongo's for what passes; anything else is retried a few times.
    lease: a step must end within it; a longer one is repeated by another worker, and its own end not
    recorded. attempts: how often one step is begun at most.
    """

    name: str
    step: Step
    lease: timedelta = LEASE
    attempts: int = ATTEMPTS
