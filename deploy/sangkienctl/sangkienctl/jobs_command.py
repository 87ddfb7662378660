"""The commands for background jobs. They play the role `jobs` that a service with jobs has for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from sangkienctl.service_roles import run_role

# A test compares them with the services' command lines.
SERVICES_WITH_JOBS: Final = ("notify",)


@click.group()
def jobs() -> None:
    """Background jobs of a service: list, show, retry, cancel."""


def _service(command: Any) -> Any:
    return click.option(
        "--service",
        type=click.Choice(SERVICES_WITH_JOBS),
        default=SERVICES_WITH_JOBS[0],
        show_default=True,
        help="Whose jobs.",
    )(command)


@jobs.command("list")
@_service
@click.option(
    "--state",
    type=click.Choice(["waiting", "running", "done", "failed", "cancelled"]),
    help="Only those in this state.",
)
@click.pass_obj
def list_jobs(home: Path, service: str, state: str | None) -> None:
    """List the newest jobs."""
    run_role(home, service, "jobs", "list", *([] if state is None else ["--state", state]))


@jobs.command("show")
@click.argument("id")
@_service
@click.pass_obj
def show_job(home: Path, service: str, id: str) -> None:
    """Show one job: state, progress, error, result."""
    run_role(home, service, "jobs", "show", id)


@jobs.command("retry")
@click.argument("id")
@_service
@click.pass_obj
def retry_job(home: Path, service: str, id: str) -> None:
    """Run a failed or cancelled job again, from its last checkpoint."""
    run_role(home, service, "jobs", "retry", id)


@jobs.command("cancel")
@click.argument("id")
@_service
@click.pass_obj
def cancel_job(home: Path, service: str, id: str) -> None:
    """Cancel a job before its next step."""
    run_role(home, service, "jobs", "cancel", id)
