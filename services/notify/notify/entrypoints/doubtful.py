"""The command for mails in doubt: list, resend, discard. It shows member ids, which name nobody, and must
never show an address."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

from notify.application.doubtful import SettleDoubts
from notify.application.ports import Doubtful

AT_MOST: Final = 1000


def run(doubts: SettleDoubts, arguments: Sequence[str]) -> int:
    """The exit code: 1 when an id that was named is of no mail in doubt."""
    parser = argparse.ArgumentParser(prog="python -m notify doubtful")
    parser.add_argument("action", nargs="?", choices=("list", "resend", "discard"), default="list")
    parser.add_argument("ids", nargs="*", metavar="ID", help="as the list shows them")
    parser.add_argument("--all", action="store_true", help=f"the oldest {AT_MOST}")
    given = parser.parse_args(arguments)
    if given.action == "list":
        _show(doubts.oldest(AT_MOST))
        return 0
    if bool(given.ids) == given.all:
        parser.error("give either ids or --all")
    ids = [one.message.id for one in doubts.oldest(AT_MOST)] if given.all else given.ids
    if given.action == "resend":
        changed, done = doubts.resend(ids), "sent again"
    else:
        changed, done = doubts.discard(ids), "discarded"
    print(f"{changed} of {len(ids)} {done}")
    return 0 if changed == len(ids) else 1


def _show(doubtful: Sequence[Doubtful]) -> None:
    for one in doubtful:
        print(f"{one.since:%Y-%m-%dT%H:%M:%SZ}  {one.reason}  {one.message.kind}  {one.message.id}")
    print(f"{len(doubtful)} mails in doubt")
