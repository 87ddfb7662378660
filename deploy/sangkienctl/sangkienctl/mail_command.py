"""The commands for unconfirmed mails. They run the notification service's role for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sangkienctl.service_roles import run_role


@click.group()
def mail() -> None:
    """Unconfirmed mails: the mail server may or may not have them, so none is resent automatically."""


@mail.command("doubtful")
@click.pass_obj
def list_doubtful(home: Path) -> None:
    """List them, the oldest first."""
    run_role(home, "notify", "doubtful", "list")


def _which(command: Any) -> Any:
    command = click.option("--all", "all_of_them", is_flag=True, help="All that the list shows.")(command)
    return click.argument("ids", nargs=-1, metavar="[ID]...")(command)


@mail.command("resend")
@_which
@click.pass_obj
def resend_doubtful(home: Path, ids: tuple[str, ...], all_of_them: bool) -> None:
    """Send mails again; a person may then get one twice."""
    run_role(home, "notify", "doubtful", "resend", *ids, *(["--all"] if all_of_them else []))


@mail.command("discard")
@_which
@click.pass_obj
def discard_doubtful(home: Path, ids: tuple[str, ...], all_of_them: bool) -> None:
    """Mark mails as sent."""
    run_role(home, "notify", "doubtful", "discard", *ids, *(["--all"] if all_of_them else []))
