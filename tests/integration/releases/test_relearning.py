"""A field that a release ignored is learnt by reading the topics again, although no version has changed; by
the role itself, on a real broker and database.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from pymongo.database import Database

import contracts
from chassis.clock import utc_now
from chassis.events.codec import PendingEvent
from chassis.mongo.migrations import migrate
from chassis.topics import apply_topics
from notify.migrations import MIGRATIONS as NOTIFY
from review.migrations import MIGRATIONS as REVIEW
from stats.migrations import MIGRATIONS as STATS
from tests.support.messaging import MessagingSettings, publisher, record_of
from tests.support.notify_stage import ENVIRONMENT
from tests.support.review_cases import INITIATIVE
from tests.support.stats_service import CODEC, NOW, Stats, pending_campaign, pending_unit

pytestmark = pytest.mark.tiers("embedded")

MIGRATIONS = {"stats": STATS, "review": REVIEW, "notify": NOTIFY}


class Field:
    """Kafka with all topics, and one database on which the role of any service is played."""

    def __init__(self, kafka: str, mongo: str, db: Database[dict[str, Any]]) -> None:
        self.db = db
        self._kafka = MessagingSettings(kafka)
        addresses = {"MONGO_URI": mongo, "MONGO_DATABASE": db.name, "KAFKA_BOOTSTRAP": kafka}
        self._environment = {**os.environ, **ENVIRONMENT, **addresses}
        apply_topics(self._kafka, contracts.topics().values())

    def publish(self, *events: PendingEvent) -> None:
        with publisher(self._kafka) as target:
            assert target.publish([record_of(event) for event in events]) == [None] * len(events)

    def relearn(self, service: str) -> str:
        migrate(self.db, MIGRATIONS[service], owner="test", clock=utc_now)
        command = [sys.executable, "-m", service, "relearn"]
        played = subprocess.run(command, env=self._environment, capture_output=True, text=True, timeout=120)
        assert played.returncode == 0, played.stderr
        return played.stderr


@pytest.fixture
def field(own_kafka_server: Any, mongo_server: Any, mongo_db: Database[dict[str, Any]]) -> Field:
    return Field(own_kafka_server.bootstrap, mongo_server.uri, mongo_db)


def unit(*path: str, version: int = 1, **changes: Any) -> PendingEvent:
    made = pending_unit(*path)
    data = CODEC.decode(made.topic, made.key.encode(), made.value, made.headers).data
    whole = data | {"version": version, **changes}
    return CODEC.pending(made.topic, subject=path[-1], data=whole, sequence=None, now=NOW)


def test_statistics_learn_the_cluster_that_an_earlier_release_did_not_keep(
    field: Field, mongo_server: Any, mongo_db: Database[dict[str, Any]]
) -> None:
    stats = Stats(mongo_db, mongo_server.uri)
    field.publish(
        unit("TLD"),
        unit("TLD", "A", version=2, cluster="Cụm 1"),
        unit("TLD", "B", cluster="Cụm 2"),
        pending_campaign("c"),
    )
    stats.tell(unit("TLD"), unit("TLD", "A", version=2), unit("TLD", "B", version=3, cluster="Cụm 9"))
    stats.db["units"].update_many({"_id": {"$ne": "B"}}, {"$unset": {"cluster": ""}})
    stats.copy.refresh()

    said = field.relearn("stats")
    stats.copy.refresh()

    assert said.endswith("relearn: 4 events of unit.changed, campaign.changed read again, 0 passed over\n")
    tree = stats.copy.current().tree
    clusters = {code: tree.get(code) for code in ("TLD", "A", "B")}
    # B is known in a newer version than the log says: it stays.
    assert {code: found and found.facts.cluster for code, found in clusters.items()} == {
        "TLD": None,
        "A": "Cụm 1",
        "B": "Cụm 9",
    }
    # Again, and next to events that arrive, it changes nothing.
    stats.tell(unit("TLD", "A", version=3, cluster="Cụm 3"))
    field.relearn("stats")
    stats.copy.refresh()
    found = stats.copy.current().tree.get("A")
    assert found is not None
    assert (found.facts.cluster, found.version) == ("Cụm 3", 3)
    assert "c" in stats.copy.current().campaigns
    stats.close()


def _units(db: Database[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[int]]:
    """The kept units, and the numbers of their changes."""
    found = list(db["units"].find().sort("_id"))
    return found, [document.pop("change") for document in found]


@pytest.mark.parametrize(
    ("service", "kept"), [("review", ("name_en", "level", "cluster")), ("notify", ("names", "path", "block"))]
)
def test_the_other_consumers_learn_what_they_lack(field: Field, service: str, kept: tuple[str, ...]) -> None:
    field.publish(unit("TLD", name_en="Confederation"), unit("TLD", "A", version=4, name_en="Union A"))
    field.relearn(service)
    before, numbers = _units(field.db)
    assert all(kept_field in document for kept_field in kept for document in before)
    field.db["units"].update_many({}, {"$unset": dict.fromkeys(kept, "")})

    field.relearn(service)

    after, later = _units(field.db)
    assert [one["version"] for one in before] == [4, 1]
    assert after == before
    # Higher numbers, so that copies in memory read the units again.
    assert min(later) > max(numbers)


def submission(revision: int, *authors: str) -> PendingEvent:
    data = dict(contracts.examples("initiative.submitted", "1.0").valid["first-submission"])
    data |= {"initiative_id": INITIATIVE, "revision": revision, "author_ids": list(authors)}
    sequence = f"{revision:06d}.000000"
    return CODEC.pending("initiative.submitted", subject=INITIATIVE, data=data, sequence=sequence, now=NOW)


def _involved(field: Field) -> Sequence[str]:
    found = field.db["cases"].find_one({"_id": INITIATIVE})
    assert found is not None
    involved: list[str] = found["involved"]
    return involved


def test_review_learns_from_old_submissions_who_was_an_author(field: Field) -> None:
    field.publish(submission(1, "m-f0rmer0001"), submission(2, "m-auth0r0001"))
    field.relearn("review")
    # As a case of the release that did not keep it.
    field.db["cases"].update_one({}, {"$unset": {"involved": "", "initiative.involved": ""}})

    field.relearn("review")
    once = field.db["cases"].find_one({"_id": INITIATIVE})
    field.relearn("review")

    assert {"m-f0rmer0001", "m-auth0r0001"} <= set(_involved(field))
    assert field.db["cases"].find_one({"_id": INITIATIVE}) == once
