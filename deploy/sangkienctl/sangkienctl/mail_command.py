"""The commands for mails in doubt. They play the role that the notification service has for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sangkienctl.service_roles import run_role


@click.group()
def mail() -> None:
    """Mails in doubt: nobody knows whether the mail server has them, so none is sent again by itself."""


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
    """Have mails sent again; somebody may then have one twice."""
    run_role(home, "notify", "doubtful", "resend", *ids, *(["--all"] if all_of_them else []))


@mail.command("discard")
@_which
@click.pass_obj
def discard_doubtful(home: Path, ids: tuple[str, ...], all_of_them: bool) -> None:
    """Take mails as sent."""
    run_role(home, "notify", "doubtful", "discard", *ids, *(["--all"] if all_of_them else []))
