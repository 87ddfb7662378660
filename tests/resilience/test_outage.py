"""Kafka away for a while: intake goes on, and everything arrives afterwards."""

from __future__ import annotations

from collections import Counter
from functools import partial

from tests.support.journey import MEMBER_IDS, Person, case, content, poll, submit
from tests.support.light_load import Journal, counts, entries, settled, turns
from tests.support.platform import RunningPlatform
from tests.support.processes import accepts_connections

UNIT, CAMPAIGN, AUTHOR, SUPPORT = "HNI-CANON-VIET-NAM", "evaluation", "canon.member", "canon.support"
OUTAGE_SECONDS, PAUSE_SECONDS = 60, 0.5


def test_intake_goes_on_while_kafka_is_down_for_a_minute_and_everything_arrives_after(
    disturbed: RunningPlatform,
) -> None:
    before = counts(disturbed, UNIT, CAMPAIGN)
    journal = Journal()
    kafka = int(disturbed.kafka_bootstrap.rpartition(":")[2])

    disturbed.control.halt("broker")
    with Person(
        disturbed, AUTHOR, patience=0
    ) as author:  # whatever is not acknowledged at once fails the test
        for _ in turns(OUTAGE_SECONDS, PAUSE_SECONDS):
            answer = submit(author, content(UNIT, CAMPAIGN, MEMBER_IDS[AUTHOR]))
            journal.write(answer["id"], "in_review")
            assert not accepts_connections(kafka)
    assert counts(disturbed, UNIT, CAMPAIGN) == before

    disturbed.control.launch("broker")

    submitted = len(journal.expected)
    assert submitted > 10
    settled(disturbed, AUTHOR, journal)
    with Person(disturbed, SUPPORT) as support:
        assert all(case(support, initiative, level=1, state="in_review") for initiative in journal.expected)
    wanted = Counter(submitted=submitted, in_review=submitted)
    poll("all are counted", lambda: counts(disturbed, UNIT, CAMPAIGN) - before == wanted or None, 120)
    for person, kind in ((AUTHOR, "submitted"), (SUPPORT, "assigned")):
        poll(f"{person} is told", partial(_told_once, disturbed, person, kind, journal), 120)
    reconciled = disturbed.sangkienctl("stats", "reconcile")
    assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr


def _told_once(platform: RunningPlatform, username: str, kind: str, journal: Journal) -> bool | None:
    seen = entries(platform, username)
    assert max(seen.values(), default=1) == 1
    return all((kind, initiative) in seen for initiative in journal.expected) or None


def test_a_database_that_is_down_gives_503_with_retry_after_and_the_other_services_go_on(
    disturbed: RunningPlatform,
) -> None:
    disturbed.control.halt("submission-db")
    try:
        with Person(disturbed, AUTHOR, patience=0) as author:
            refused = author.http.get(
                "/api/submission/v1/initiatives",
                headers={"Authorization": f"Bearer {disturbed.token(AUTHOR)}", "Accept-Language": "en"},
            )
            inbox = author.get("/api/notify/v1/inbox")
    finally:
        disturbed.control.launch("submission-db")

    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert "items" in inbox
    with Person(disturbed, AUTHOR) as author:
        assert "items" in author.get("/api/submission/v1/initiatives")
