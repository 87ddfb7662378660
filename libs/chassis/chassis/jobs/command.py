"""The operators' command for jobs, the role `jobs` of a service: list, show, retry, cancel. It shows ids,
codes and figures, never the arguments of a job."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from chassis.clock import rfc3339
from chassis.jobs.job import Job, State
from chassis.jobs.store import JobEnded, JobNotEnded, Jobs

AT_MOST: Final = 100


def run(jobs: Jobs, service: str, arguments: Sequence[str]) -> int:
    """The exit code: 1 when a job does not exist or is not in a state for this."""
    parser = argparse.ArgumentParser(prog=f"python -m {service} jobs")
    actions = parser.add_subparsers(dest="action", required=True)
    lister = actions.add_parser("list", help=f"the newest {AT_MOST}")
    lister.add_argument(
        "--state", choices=[state.value for state in State], help="of these, only those in this state"
    )
    for action in ("show", "retry", "cancel"):
        actions.add_parser(action).add_argument("id", metavar="ID")
    given = parser.parse_args(list(arguments))
    if given.action == "list":
        return _list(jobs, given.state)
    try:
        job = {"show": jobs.find, "retry": jobs.retry, "cancel": jobs.cancel}[given.action](given.id)
    except JobEnded:
        return _refuse("the job has ended; it cannot be cancelled")
    except JobNotEnded:
        return _refuse("only a job that failed or was cancelled can be retried")
    if job is None:
        return _refuse("there is no such job")
    _show(job)
    return 0


def _list(jobs: Jobs, state: str | None) -> int:
    page = jobs.page(owner=None, after=None, limit=AT_MOST)
    for job in page.jobs:
        if state is None or job.state.value == state:
            print(f"{rfc3339(job.created_at)}  {_state(job):<16}  {_progress(job):>15}  {job.id}")
    return 0


def _show(job: Job) -> None:
    lines = {
        "id": job.id,
        "kind": job.kind,
        "state": _state(job),
        "progress": _progress(job),
        "note": job.progress.note,
        "error": job.error,
        "step": job.step,
        "attempts": job.attempts,
        "owner": job.owner,
        "unit": "/".join(job.unit_path) or None,
        "created": rfc3339(job.created_at),
        "due": None if job.due is None else rfc3339(job.due),
        "ended": None if job.ended_at is None else rfc3339(job.ended_at),
        "result": None if job.result is None else dict(job.result.counts),
    }
    for name, value in lines.items():
        if value is not None:
            print(f"{name:<9} {value}")


def _state(job: Job) -> str:
    cancelling = job.cancel_requested and not job.ended
    return f"{job.state.value}, cancelling" if cancelling else job.state.value


def _progress(job: Job) -> str:
    total = "" if job.progress.total is None else f"/{job.progress.total}"
    return f"{job.progress.done}{total}"


def _refuse(reason: str) -> int:
    print(reason)
    return 1
