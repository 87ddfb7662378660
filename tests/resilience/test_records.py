"""Odd records do what the contract says of them, on the running platform, and the next record flows."""

from __future__ import annotations

import copy
import json
import uuid
from functools import partial
from typing import Any

import pytest

import contracts
from tests.support.journey import Person, case, poll
from tests.support.light_load import counts
from tests.support.platform import RunningPlatform
from tests.support.records import dead_letters, headers_of, produce

TOPIC = "initiative.submitted"
UNIT, CAMPAIGN = "HC-APATIT-VIET-NAM", "evaluation"


def submitted(**changes: Any) -> dict[str, Any]:
    """The data of a well-formed first submission of a fresh initiative."""
    data: dict[str, Any] = copy.deepcopy(next(iter(contracts.examples(TOPIC).valid.values())))
    data |= {"initiative_id": str(uuid.uuid4()), "campaign": CAMPAIGN, "campaigns": [CAMPAIGN]}
    data |= {"unit": UNIT, "unit_path": ["TLD", "CD-CONG-THUONG", "CT-HOA-CHAT", UNIT]}
    return data | changes


def send(platform: RunningPlatform, data: dict[str, Any], sequence: str, **headers: str) -> None:
    subject = data["initiative_id"]
    produce(
        platform, TOPIC, subject, json.dumps(data).encode(), headers_of(TOPIC, subject, sequence, **headers)
    )


def wait_until_seen(platform: RunningPlatform, data: dict[str, Any]) -> None:
    """The review has a case of it: whatever stood before it in the log did not stop the flow."""
    with Person(platform, "apatit.support") as support:
        poll(f"case {data['initiative_id']}", partial(case, support, data["initiative_id"]))


def aside(platform: RunningPlatform, group: str, subject: str) -> list[str]:
    """The reasons for which a group set records of this key aside."""
    return [
        letter.headers["dlq_error_code"] for letter in dead_letters(platform, group) if letter.key == subject
    ]


@pytest.mark.parametrize("group", ["review", "stats", "notify"])
def test_poison_is_set_aside_byte_for_byte_and_the_next_record_flows(
    disturbed: RunningPlatform, group: str
) -> None:
    key, poison = str(uuid.uuid4()), b"\x00\xff not JSON"
    after = submitted(initiative_id=key)

    produce(disturbed, TOPIC, key, poison, headers_of(TOPIC, key, "000001.000000"))
    send(disturbed, after, "000001.000000")

    wait_until_seen(disturbed, after)
    poll("set aside", lambda: aside(disturbed, group, key) or None)
    letters = [letter for letter in dead_letters(disturbed, group) if letter.key == key]
    assert [letter.value for letter in letters] == [poison]
    assert letters[0].headers["dlq_topic"] == TOPIC


def test_an_unknown_minor_with_unknown_fields_is_taken_like_any_other(disturbed: RunningPlatform) -> None:
    data = submitted() | {"colour": "a field of a later minor"}

    send(disturbed, data, "000001.000000", ce_dataschema=f"/contracts/schemas/{TOPIC}/1.7.json")

    wait_until_seen(disturbed, data)
    assert aside(disturbed, "review", data["initiative_id"]) == []


def test_an_unknown_type_is_skipped_and_the_next_record_flows(disturbed: RunningPlatform) -> None:
    stranger, after = submitted(), submitted()

    send(disturbed, stranger, "000001.000000", ce_type="vn.sangkien.initiative.painted.v1")
    send(disturbed, after, "000001.000000")

    wait_until_seen(disturbed, after)
    with Person(disturbed, "apatit.support") as support:
        assert case(support, stranger["initiative_id"]) is None
    assert aside(disturbed, "review", stranger["initiative_id"]) == []


def test_an_event_that_breaks_its_schema_is_set_aside(disturbed: RunningPlatform) -> None:
    broken = submitted(revision="one")

    send(disturbed, broken, "000001.000000")

    poll("set aside", lambda: aside(disturbed, "stats", broken["initiative_id"]) or None)


def test_a_duplicate_and_an_old_event_change_no_count(disturbed: RunningPlatform) -> None:
    before = counts(disturbed, UNIT, CAMPAIGN)
    withdrawn_later = submitted()
    old = copy.deepcopy(withdrawn_later)
    newer = withdrawn_later | {"revision": 3}

    send(disturbed, newer, "000003.000000")
    send(disturbed, newer, "000003.000000")
    send(disturbed, old, "000001.000000")
    marker = submitted()
    send(disturbed, marker, "000001.000000")

    wait_until_seen(disturbed, marker)
    poll(
        "both are counted, each once",
        lambda: counts(disturbed, UNIT, CAMPAIGN)["submitted"] == before["submitted"] + 2 or None,
    )
    with Person(disturbed, "apatit.support") as support:
        kept = poll("the case", lambda: case(support, newer["initiative_id"]))
    assert kept["revision"] == 3
