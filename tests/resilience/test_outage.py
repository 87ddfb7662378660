"""Kafka away for a while: intake goes on, and everything arrives afterwards."""

from __future__ import annotations

from collections import Counter

from tests.support.journey import MEMBER_IDS, Person, content, poll, submit
from tests.support.light_load import Journal, counts, settled
from tests.support.platform import RunningPlatform

UNIT, CAMPAIGN, AUTHOR = "HNI-CANON-VIET-NAM", "evaluation", "canon.member"
SUBMISSIONS = 40


def test_intake_goes_on_while_kafka_is_down_and_everything_arrives_after(disturbed: RunningPlatform) -> None:
    before = counts(disturbed, UNIT, CAMPAIGN)
    journal = Journal()

    disturbed.control.halt("broker")
    with Person(disturbed, AUTHOR, patience=0) as author:
        for _ in range(SUBMISSIONS):
            answer = submit(author, content(UNIT, CAMPAIGN, MEMBER_IDS[AUTHOR]))
            journal.write(answer["id"], "in_review")
    assert counts(disturbed, UNIT, CAMPAIGN) == before

    disturbed.control.launch("broker")

    settled(disturbed, AUTHOR, journal)
    wanted = Counter(submitted=SUBMISSIONS, in_review=SUBMISSIONS)
    poll("all are counted", lambda: counts(disturbed, UNIT, CAMPAIGN) - before == wanted or None, seconds=60)


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
