"""What the drill asks of mail, and the only place that says so.

A person gets at most one mail about an event. One that a kill leaves in doubt is not sent again but listed,
so a mail that did not come must be in that list. What a killed worker had leased waits for the end of the
lease, so this is only asked when there was time for it.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

PAGE = 1000
# Signs of the digest in a Message-ID.
MARK = 40
# The lease of a killed worker's mails (5 minutes), and time to send them.
MAIL_SECONDS = 420.0


@dataclass(frozen=True)
class Mail:
    """One caught mail. id: its Message-ID, which is made of the event and the person."""

    id: str
    to: str

    @property
    def mark(self) -> str:
        return self.id.strip("<>").partition("@")[0]


def caught_mails(api: str) -> list[Mail]:
    """All mails in the mailbox. api: the address of its API."""
    mails: list[Mail] = []
    with httpx.Client(timeout=30, trust_env=False) as client:
        while True:
            answer = client.get(f"{api}/messages", params={"start": len(mails), "limit": PAGE})
            page = answer.raise_for_status().json()["messages"]
            mails += [Mail(entry["MessageID"], ",".join(map(str, entry["To"]))) for entry in page]
            if len(page) < PAGE:
                return mails


def sent_twice(mails: Iterable[Mail]) -> Iterator[tuple[str, int]]:
    """(Message-ID, how often) of every mail that arrived more than once."""
    for id, count in sorted(Counter(mail.id for mail in mails).items()):
        if count > 1:
            yield id, count


def missing(due: Iterable[tuple[str, str]], mails: Iterable[Mail], doubtful: Collection[str]) -> list[str]:
    """Of the mails that are `due`, by (event id, member id), those that neither came nor are in doubt."""
    came = {mail.mark for mail in mails}
    ids = {f"{event}:{member}:email" for event, member in due} - set(doubtful)
    return sorted(id for id in ids if hashlib.sha256(id.encode()).hexdigest()[:MARK] not in came)


def mails_in_doubt(home: Path) -> frozenset[str]:
    """What the operators' command says of mails that may or may not have gone out: their ids."""
    command = [sys.executable, "-m", "sangkienctl", "--home", str(home), "mail", "doubtful"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return frozenset(line.split()[-1] for line in listed if line.endswith(":email"))
