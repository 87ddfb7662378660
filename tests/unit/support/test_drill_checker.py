"""The rules of the drill's checker, each against what breaks it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import pytest

from tests.resilience.drill import journal as j
from tests.resilience.drill.checker import Matter, check
from tests.resilience.drill.log import DEAD_LETTER_TOPICS, EVENT_TOPICS, POISON_KEY, Entry
from tests.resilience.drill.mails import Mail
from tests.resilience.drill.observed import Observed
from tests.resilience.drill.recount import recount

ID, AUTHOR, MEMBER = "7c1ae3d2-1111-4222-8333-444455556666", "apatit.member", "m-6oqx67yqxx"
PATH = ["TLD", "CD-CONG-THUONG", "CT-HOA-CHAT", "HC-APATIT-VIET-NAM"]
CODE, SUBMITTED, REJECTED = "HC-1", "2026-03-01T18:30:00Z", "2026-03-02T18:30:00Z"


def event(topic: str, id: str, sequence: str, offset: int = 0, **data: Any) -> Entry:
    values = {"initiative_id": ID, "revision": 1, "author_ids": [MEMBER], "submitted_by": MEMBER} | data
    headers = {"ce_id": id, "ce_subject": ID, "ce_sequence": sequence}
    encoded = tuple((name, value.encode()) for name, value in headers.items())
    return Entry(topic, (0, offset), ID.encode(), json.dumps(values).encode(), encoded)


def message_id(event: str) -> str:
    return f"<{hashlib.sha256(f'{event}:{MEMBER}:email'.encode()).hexdigest()[:40]}@sangkien.example>"


def line(act: str, **values: Any) -> j.Line:
    return j.Line("2026-03-01", "author", AUTHOR, act, ID, values)


class World:
    """An initiative that was submitted and rejected, with all as it must be; tests spoil a part of it."""

    def __init__(self) -> None:
        facts = {"version": 1, "revision": 1, "code": CODE, "submitted_at": SUBMITTED, "title": "T"}
        self.lines = [
            line(j.SUBMIT, **facts, state="submitted"),
            line(j.DECIDE, mark="a", version=2, state="rejected", decision="reject"),
        ]
        self.initiative: dict[str, Any] = {
            "id": ID, "version": 3, "state": "rejected", "revision": 1, "level": 1, "code": CODE,
            "submitted_at": SUBMITTED, "unit_path": PATH, "campaigns": ["evaluation"],
            "milestones": {"submitted": SUBMITTED, "rejected": REJECTED},
            "content": {"title": "T", "benefit": {"declared_vnd": 5}, "authors": [{"member_id": MEMBER}]},
        }  # fmt: skip
        self.case: dict[str, Any] = {
            "state": "rejected", "level": 1, "levels": 2, "revision": 1,
            "history": [
                {"what": "opened", "revision": 1, "level": 1, "text": None},
                {"what": "reject", "revision": 1, "level": 1, "text": "Phiếu a"},
            ],
        }  # fmt: skip
        self.listed = Counter({ID: 1})
        self.log: dict[str, list[Entry]] = {topic: [] for topic in (*EVENT_TOPICS, *DEAD_LETTER_TOPICS)}
        self.log["initiative.submitted"] = [event("initiative.submitted", "e1", "000001.000000")]
        assigned = {"role": "nobody", "unit": "TLD"}
        self.log["review.assigned"] = [event("review.assigned", "e2", "000001.000001", detail=assigned)]
        self.log["initiative.rejected"] = [event("initiative.rejected", "e3", "000001.000002")]
        self.inbox = Counter({"e1": 1, "e3": 1})
        self.mails = [Mail(message_id(id), "a") for id in ("e1", "e3")]
        self.unconfirmed: frozenset[str] = frozenset()
        self.poison: dict[str, list[str]] = {}
        self.figures = recount([self.initiative], "evaluation")

    def rules(self) -> set[str]:
        seen = Observed(
            initiatives={ID: self.initiative},
            cases={ID: self.case},
            listed=self.listed,
            figures=self.figures,
            targets={},
            inboxes={AUTHOR: self.inbox},
            mails=self.mails,
            unconfirmed=self.unconfirmed,
            log=self.log,
        )
        return {finding.rule for finding in check(Matter(self.lines, seen, self.poison, all_mail=True))}


@pytest.fixture
def world() -> World:
    made = World()
    assert made.rules() == set(), "as it must be"
    return made


def test_a_title_that_went_back_is_a_lost_write(world: World) -> None:
    world.lines.append(line(j.SAVE, version=2, title="newer"))

    assert world.rules() == {"write lost"}


def test_a_withdrawal_that_did_not_hold_is_a_lost_write(world: World) -> None:
    world.lines.append(line(j.WITHDRAW, version=2, state="withdrawn"))

    assert world.rules() == {"write lost"}


def test_a_decision_that_is_not_in_the_history_is_lost(world: World) -> None:
    world.lines.append(line(j.DECIDE, mark="b", version=2))

    assert world.rules() == {"decision lost"}


def test_two_cases_in_the_lists_are_found(world: World) -> None:
    world.listed[ID] = 2

    assert world.rules() == {"cases"}


def test_services_that_say_different_things_are_found(world: World) -> None:
    world.initiative["level"] = 2

    assert world.rules() == {"services differ"}


def test_a_decision_with_two_events_is_found(world: World) -> None:
    world.log["initiative.rejected"].append(event("initiative.rejected", "e9", "000001.000002", 1))
    world.inbox["e9"] = 1
    world.mails.append(Mail(message_id("e9"), "a"))

    assert world.rules() == {"events"}


def test_a_copy_of_an_event_is_no_finding_unless_it_differs(world: World) -> None:
    world.log["initiative.rejected"].append(event("initiative.rejected", "e3", "000001.000002", 1))
    assert world.rules() == set()

    world.log["initiative.rejected"].append(event("initiative.rejected", "e3", "000001.000002", 2, title="x"))
    assert world.rules() == {"events"}


def test_a_wrong_day_in_the_statistics_is_found(world: World) -> None:
    figures = world.figures[PATH[0]]
    # 18:30 UTC is the next day in Vietnam.
    assert figures.days["submitted"] == {"2026-03-02": 1}
    assert figures.days["in_review"] == {"2026-03-02": 1, "2026-03-03": -1}
    world.initiative["milestones"]["rejected"] = "2026-03-05T00:00:00Z"

    assert world.rules() == {"statistics"}


def test_an_entry_that_is_missing_doubled_or_made_up_is_found(world: World) -> None:
    world.inbox = Counter({"e3": 2, "e7": 1})

    assert world.rules() == {"not notified", "notified twice", "notified wrongly"}


def test_a_mail_that_came_twice_is_found(world: World) -> None:
    world.mails *= 2

    assert world.rules() == {"mailed twice"}


def test_a_missing_mail_is_found_unless_it_is_unconfirmed(world: World) -> None:
    world.mails = world.mails[:1]
    assert world.rules() == {"no mail"}

    world.unconfirmed = frozenset({f"e3:{MEMBER}:email"})
    assert world.rules() == set()


def test_a_dead_letter_that_is_not_poison_is_found_and_so_is_poison_that_is_none(world: World) -> None:
    key = f"{POISON_KEY}1"
    world.poison = {"initiative.submitted": [key]}
    letters = [Entry(dead, (0, 0), key.encode(), None, ()) for dead in DEAD_LETTER_TOPICS]
    for letter in letters:
        world.log[letter.topic] = [letter]
    assert world.rules() == set()

    world.log["stats.dlq"] = [event("stats.dlq", "e1", "000001.000000")]
    assert world.rules() == {"dead letters"}


@pytest.mark.parametrize("act", [j.UNANSWERED, j.UNEXPECTED])
def test_a_request_without_a_good_answer_is_found(world: World, act: str) -> None:
    world.lines.append(line(act, status=500))

    assert world.rules() == {f"answer {act}"}
