"""kill -9 of every process in turn, in the middle of the main job and under a light load.

Nothing acknowledged is lost, nothing happens twice, and the statistics agree with what the members were told.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import pymongo
import pytest

from sangkienctl.home import PlatformError
from tests.support.journey import MEMBER_IDS, NotSeen, Person, content, decide, in_state, poll, submit
from tests.support.light_load import Journal, LightLoad, counts, entries, mail_ids, settled
from tests.support.platform import RunningPlatform
from tests.support.records import dead_letters, events

UNIT, UPPER, CAMPAIGN = "HC-APATIT-VIET-NAM", "CT-HOA-CHAT", "evaluation"
PATH = ("TLD", "CD-CONG-THUONG", UPPER, UNIT)
MEMBERS = ("apatit.member", "apatit.member2")
SERVICES = ("submission", "review", "stats", "notify")
VICTIMS = (
    "broker",
    *(f"{service}-db" for service in SERVICES),
    *(f"{service}-api" for service in SERVICES),
    *(f"{service}-worker" for service in SERVICES),
    "gateway",
    "mailbox",
)
# Each victim dies twice in a round. One round belongs to every run of the tests; a drill asks for more.
ROUNDS = int(os.environ.get("RESILIENCE_ROUNDS", "1"))


def walk(platform: RunningPlatform, people: dict[str, Person], victim: str, journal: Journal) -> None:
    """The main job, with `victim` killed after the submission and again between the two levels."""
    author = people["apatit.member3"]
    initiative = submit(author, content(UNIT, CAMPAIGN, MEMBER_IDS["apatit.member3"]))["id"]
    journal.write(initiative, "approved")

    platform.kill(victim)
    decide(people["apatit.support"], initiative, 1, {"decision": "validate"})
    poll(f"{victim} is back", lambda: _kill_when_up(platform, victim), seconds=60)
    decide(people["hoachat.reviewer"], initiative, 2, {"decision": "validate"})

    poll(
        f"approved after the death of {victim}",
        lambda: in_state(author, initiative, "approved"),
        seconds=90,
    )


def _kill_when_up(platform: RunningPlatform, victim: str) -> int | None:
    try:
        platform.wait_ready(victim)
    except PlatformError:
        return None  # the supervisor is in the middle of its backoff
    return platform.kill(victim)


@pytest.fixture(scope="module")
def after_the_kills(disturbed: RunningPlatform) -> tuple[RunningPlatform, dict[str, Journal]]:
    """The platform after every victim was killed in each round, and what it had acknowledged."""
    names = (*MEMBERS, "apatit.member3", "apatit.support", "hoachat.reviewer")
    journals = {name: Journal() for name in (*MEMBERS, "apatit.member3")}
    with ExitStack() as stack:
        people = {name: stack.enter_context(Person(disturbed, name, patience=120)) for name in names}
        for name in MEMBERS:
            stack.enter_context(LightLoad(disturbed, name, UNIT, CAMPAIGN, journals[name]))
        for _ in range(ROUNDS):
            for victim in VICTIMS:
                walk(disturbed, people, victim, journals["apatit.member3"])
                disturbed.wait_ready(victim)
    return disturbed, journals


def test_every_acknowledged_initiative_is_there_in_its_right_state(
    after_the_kills: tuple[RunningPlatform, dict[str, Journal]],
) -> None:
    platform, journals = after_the_kills

    for name, journal in journals.items():
        assert journal.expected
        settled(platform, name, journal)


def test_each_event_was_published_once_per_id_and_each_approval_has_one(
    after_the_kills: tuple[RunningPlatform, dict[str, Journal]],
) -> None:
    platform, journals = after_the_kills
    acknowledged = {i: state for journal in journals.values() for i, state in journal.expected.items()}

    submitted = {event.subject: event.id for event in events(platform, "initiative.submitted")}
    approvals = Counter(
        subject for subject, _ in {(e.subject, e.id) for e in events(platform, "initiative.approved")}
    )

    assert set(acknowledged) <= set(submitted)
    assert approvals == Counter({i: 1 for i, state in acknowledged.items() if state == "approved"})


def test_the_counts_equal_what_was_acknowledged(
    after_the_kills: tuple[RunningPlatform, dict[str, Journal]],
) -> None:
    platform, journals = after_the_kills
    total = sum((journal.counts() for journal in journals.values()), Counter[str]())

    with suppress(NotSeen):
        poll("the nation counts all", partial(_counts, platform, PATH[0], total), 120)
    assert {unit: counts(platform, unit, CAMPAIGN) for unit in PATH} == dict.fromkeys(PATH, total)
    reconciled = platform.sangkienctl("stats", "reconcile")
    assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr


def test_each_person_was_told_each_thing_once(
    after_the_kills: tuple[RunningPlatform, dict[str, Journal]],
) -> None:
    platform, journals = after_the_kills
    kinds_by_state = {
        "in_review": {"submitted"},
        "withdrawn": {"withdrawn"},
        "approved": {"submitted", "validated", "approved"},
    }
    withdrawn = {i for journal in journals.values() for i, s in journal.expected.items() if s == "withdrawn"}

    for name, journal in journals.items():
        expected = Counter(
            (kind, initiative)
            for initiative, state in journal.expected.items()
            for kind in kinds_by_state[state]
        )
        poll(f"{name} is told", partial(_told, platform, name, expected, withdrawn), 60)


def _counts(platform: RunningPlatform, unit: str, total: Counter[str]) -> bool | None:
    return counts(platform, unit, CAMPAIGN) == total or None


def _told(
    platform: RunningPlatform, name: str, expected: Counter[tuple[str, str]], withdrawn: set[str]
) -> bool | None:
    """Whether a person has each entry once; an overtaken "submitted" of a withdrawn one may be silent."""
    seen = entries(platform, name)
    assert max(seen.values(), default=1) == 1
    overtaken = {entry for entry in seen if entry[0] == "submitted" and entry[1] in withdrawn}
    return Counter(set(seen) - overtaken) == expected or None


def test_nobody_was_mailed_anything_twice_and_what_is_missing_is_owned_up_to(
    after_the_kills: tuple[RunningPlatform, dict[str, Journal]],
) -> None:
    """Mails that a killed worker held wait for its lease to end, which is longer than a test."""
    platform, _ = after_the_kills
    uri = platform.mongo_uri("notify")

    with pymongo.MongoClient[dict[str, Any]](uri, uuidRepresentation="standard") as client:
        rows = client["notify"]["messages"]
        poll("no mail is due", lambda: rows.count_documents({"state": "due"}) == 0 or None, 120)
        state = Counter(row["state"] for row in rows.find({"channel": "email"}, {"state": 1}))
    ids = mail_ids(platform)

    assert Counter(ids).most_common(1)[0][1] == 1
    assert state["failed"] == 0
    # A kill of the worker, of its database or of the mail server leaves one mail in doubt at most.
    assert state["in_doubt"] <= 2 * 3 * ROUNDS
    assert state["sent"] <= len(ids) <= state["sent"] + state["in_doubt"] + state["leased"]


def test_no_record_was_set_aside(after_the_kills: tuple[RunningPlatform, dict[str, Journal]]) -> None:
    platform, _ = after_the_kills

    assert {service: dead_letters(platform, service) for service in SERVICES} == {
        service: [] for service in SERVICES
    }
