"""What the drill asks of mail, and the only place that says so.

A person gets at most one mail about an event. A kill between the mail server's acceptance and the record of
it leaves a mail in doubt, so what is promised of mail differs from what is promised of the inbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx

PAGE = 1000


@dataclass(frozen=True)
class Mail:
    """One caught mail. id: its Message-ID, which is made of the event and the person."""

    id: str
    to: str


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
