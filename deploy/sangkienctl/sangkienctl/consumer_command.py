"""The commands for consumers that are parked. They play the role that every service has for it."""

from __future__ import annotations

from pathlib import Path

import click

from sangkienctl.ports import SERVICES
from sangkienctl.service_roles import run_role


@click.group()
def consumer() -> None:
    """Consumers: whether one is parked after too many dead letters in a row, and its release."""


@consumer.command("status")
@click.argument("service", type=click.Choice(SERVICES))
@click.pass_obj
def show_status(home: Path, service: str) -> None:
    """Show whether it is parked, where and why; exit code 1 if it is."""
    run_role(home, service, "consumer", "status")


@consumer.command("release")
@click.argument("service", type=click.Choice(SERVICES))
@click.pass_obj
def release(home: Path, service: str) -> None:
    """Let it go on, once the cause is fixed."""
    run_role(home, service, "consumer", "release")
