"""The drill's expectations about mail, all in this module.

A person gets at most one mail about an event. A mail that a kill leaves unconfirmed is not sent again but
listed, so a missing mail must be in that list. Mails that a killed worker had leased wait until the lease
expires, so this is only checked after that time.
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
# Characters of the digest in a Message-ID.
MARK = 40
# The lease of a killed worker's mails (5 minutes), and time to send them.
MAIL_SECONDS = 420.0


@dataclass(frozen=True)
class Mail:
    """One caught mail. id: its Message-ID, derived from the event and the person."""

    id: str
    to: str

    @property
    def mark(self) -> str:
        return self.id.strip("<>").partition("@")[0]


def caught_mails(api: str) -> list[Mail]:
    """All mails in the mailbox. api: the address of its API."""
    # By the mailbox's own number: a mail that comes in meanwhile moves the others to the next page.
    mails: dict[str, Mail] = {}
    start = 0
    with httpx.Client(timeout=30, trust_env=False) as client:
        while True:
            answer = client.get(f"{api}/messages", params={"start": start, "limit": PAGE})
            page = answer.raise_for_status().json()["messages"]
            start += len(page)
            mails |= {one["ID"]: Mail(one["MessageID"], ",".join(map(str, one["To"]))) for one in page}
            if len(page) < PAGE:
                return list(mails.values())


def sent_twice(mails: Iterable[Mail]) -> Iterator[tuple[str, int]]:
    """(Message-ID, how often) of every mail that arrived more than once."""
    for id, count in sorted(Counter(mail.id for mail in mails).items()):
        if count > 1:
            yield id, count


def missing(due: Iterable[tuple[str, str]], mails: Iterable[Mail], unconfirmed: Collection[str]) -> list[str]:
    """The `due` mails, by (event id, member id), that were neither delivered nor are unconfirmed."""
    came = {mail.mark for mail in mails}
    ids = {f"{event}:{member}:email" for event, member in due} - set(unconfirmed)
    return sorted(id for id in ids if hashlib.sha256(id.encode()).hexdigest()[:MARK] not in came)


def unconfirmed_mails(home: Path) -> frozenset[str]:
    """The ids of the unconfirmed mails, as listed by the operators' command."""
    command = [sys.executable, "-m", "sangkienctl", "--home", str(home), "mail", "doubtful"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return frozenset(line.split()[-1] for line in listed if line.endswith(":email"))
