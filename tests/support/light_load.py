"""A light load of members who submit and withdraw, a journal of the acknowledged requests, and checks from
outside that each of them, and each mail, is found.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from tests.support.journey import MEMBER_IDS, Person, content, in_state, poll, submit, withdraw
from tests.support.platform import RunningPlatform

PAUSE_SECONDS = 0.25
BASES = ("submitted", "in_review", "approved", "rejected", "withdrawn")


@dataclass
class Journal:
    """The acknowledged requests: initiative id -> the correct states once the platform is idle."""

    expected: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, initiative: str, state: str) -> None:
        with self.lock:
            self.expected[initiative] = state

    def counts(self) -> Counter[str]:
        with self.lock:
            counted = Counter(self.expected.values())
        counted["submitted"] = sum(counted.values())
        return counted


@dataclass
class LightLoad:
    """One member who submits repeatedly and withdraws every third; leaving it raises any failure."""

    platform: RunningPlatform
    username: str
    unit: str
    campaign: str
    journal: Journal
    _stop: threading.Event = field(default_factory=threading.Event)
    _error: list[BaseException] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name=f"load-{self.username}")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error:
            raise self._error[0]

    def _run(self) -> None:
        try:
            with Person(self.platform, self.username, patience=120) as author:
                turn = 0
                while not self._stop.wait(PAUSE_SECONDS):
                    turn += 1
                    self._act(author, turn)
        except BaseException as error:
            self._error.append(error)

    def _act(self, author: Person, turn: int) -> None:
        answer = submit(author, content(self.unit, self.campaign, MEMBER_IDS[self.username]))
        self.journal.write(answer["id"], "in_review")
        if turn % 3 == 0:
            withdraw(author, answer["id"])
            self.journal.write(answer["id"], "withdrawn")


def turns(seconds: float, every: float) -> Iterator[int]:
    """Repeat at the interval `every`, until `seconds` have passed."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    turn = 0
    while time.monotonic() < deadline:
        yield turn
        turn += 1
        never.wait(every)


def settled(platform: RunningPlatform, username: str, journal: Journal, seconds: float = 120) -> None:
    """Wait until every journalled initiative of this author has a correct state."""
    with Person(platform, username) as author:
        for initiative, state in journal.expected.items():
            poll(f"{initiative} is {state}", partial(in_state, author, initiative, state), seconds)


def counts(platform: RunningPlatform, unit: str, campaign: str) -> Counter[str]:
    """The public counts of a unit, by basis."""
    with Person(platform) as public:
        progress = public.get(f"/api/stats/v1/units/{unit}/progress", campaign=campaign)
    return Counter({basis: progress["bases"][basis]["count"] for basis in BASES})


def entries(platform: RunningPlatform, username: str) -> Counter[tuple[str, str]]:
    """(kind, initiative) of every inbox entry of a person."""
    seen: Counter[tuple[str, str]] = Counter()
    with Person(platform, username) as person:
        parameters: dict[str, Any] = {"limit": 100}
        while True:
            page = person.get("/api/notify/v1/inbox", **parameters)
            seen.update((item["kind"], item["initiative_id"]) for item in page["items"])
            if page["next"] is None:
                return seen
            parameters["cursor"] = page["next"]


def mail_ids(platform: RunningPlatform) -> list[str]:
    """The Message-ID of every caught mail."""
    # By the mailbox's own number: a mail that comes in meanwhile moves the others to the next page.
    found: dict[str, str] = {}
    start = 0
    with Person(platform) as public:
        while page := public.get(f"{platform.mail_api}/messages", start=start, limit=500)["messages"]:
            start += len(page)
            found |= {mail["ID"]: mail["MessageID"] for mail in page}
    return list(found.values())
