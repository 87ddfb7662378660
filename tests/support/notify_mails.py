"""People with addresses, their mails, and the outcome of each, for tests of sending mail."""

from __future__ import annotations

from collections import Counter
from typing import Any

from notify.domain.contacts import Contact
from tests.support.notify_news import AUTHOR, event
from tests.support.notify_stage import Notify

READER = Contact(AUTHOR, 1, "Nguyễn Thị Ánh", "anh@example.org")


def members(count: int) -> list[Contact]:
    return [Contact(f"m-{number:010d}", 1, "A", f"a{number}@example.org") for number in range(count)]


def tell(notify: Notify, *people: Contact) -> None:
    """One approval for each person, each with an address."""
    notify.know(*people)
    for person in people:
        notify.handle(event("initiative.approved", {"submitted_by": person.member, "author_ids": []}))


def states(notify: Notify) -> Counter[str]:
    return Counter(row["state"] for row in notify.mails())


def send_all(sender: Any) -> None:
    while sender.sweep().settled:
        pass
