"""A member's initiative from the draft to the count and the messages, by public paths of the gateway only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from tests.support.journey import (
    ACCOUNTS,
    CASES,
    INITIATIVES,
    MEMBER_IDS,
    Person,
    Refused,
    case,
    content,
    decide,
    in_state,
    poll,
    submit,
    withdraw,
)
from tests.support.platform import RunningPlatform

UNIT = "HC-APATIT-VIET-NAM"
PATH = ("TLD", "CD-CONG-THUONG", "CT-HOA-CHAT", UNIT)
ELSEWHERE = ("LD-HA-NOI", "CT-VEAM", "HC-SUPE-PHOT-PHAT-VA-HOA-CHAT-L")
CAMPAIGN = "evaluation"
AUTHOR, SUPPORT, REVIEWER = "apatit.member", "apatit.support", "hoachat.reviewer"


class People:
    """Every demo account, signed in when first needed."""

    def __init__(self, platform: RunningPlatform, stack: ExitStack) -> None:
        self._platform = platform
        self._stack = stack
        self._signed_in: dict[str | None, Person] = {}

    def __getitem__(self, username: str | None) -> Person:
        if username not in self._signed_in:
            self._signed_in[username] = self._stack.enter_context(Person(self._platform, username))
        return self._signed_in[username]

    @property
    def public(self) -> Person:
        return self[None]


@pytest.fixture
def people(seeded_platform: RunningPlatform) -> Iterator[People]:
    with ExitStack() as stack:
        yield People(seeded_platform, stack)


def counts(people: People, unit: str) -> Counter[str]:
    """The public count of every basis of a unit."""
    progress = people.public.get(f"/api/stats/v1/units/{unit}/progress", campaign=CAMPAIGN)
    return Counter({basis: figures["count"] for basis, figures in progress["bases"].items()})


def inbox(people: People, username: str) -> Counter[tuple[str, str]]:
    """(kind, initiative) of every entry of a person's inbox."""
    seen: Counter[tuple[str, str]] = Counter()
    cursor = None
    while True:
        page = people[username].get("/api/notify/v1/inbox", **({"cursor": cursor} if cursor else {}))
        seen.update((item["kind"], item["initiative_id"]) for item in page["items"])
        cursor = page["next"]
        if cursor is None:
            return seen


def told(people: People, username: str, initiative: str) -> Counter[str]:
    """The kinds of a person's entries about an initiative."""
    return Counter(kind for kind, about in inbox(people, username).elements() if about == initiative)


def mailed(platform: RunningPlatform, people: People, code: str) -> Counter[str]:
    """Who got how many mails about an initiative, of all that the catcher holds."""
    response = people.public.http.get(f"{platform.mail_api}/messages", params={"limit": 1000})
    mails = response.raise_for_status().json()["messages"]
    # Its approval may also be the one that reaches a target, which others are told.
    return Counter(to["Address"] for mail in mails if code in mail["Subject"] for to in mail["To"])


def test_a_submission_is_validated_up_the_tree_counted_once_and_told_to_the_right_people(
    seeded_platform: RunningPlatform, people: People
) -> None:
    before = {unit: counts(people, unit) for unit in (*PATH, *ELSEWHERE)}
    author, support, reviewer = people[AUTHOR], people[SUPPORT], people[REVIEWER]
    submitted = content(UNIT, CAMPAIGN, MEMBER_IDS[AUTHOR])

    # A draft, kept incomplete, then completed and submitted as seen on the screen.
    created = author.post(INITIATIVES, {"unit": UNIT, "title": submitted["title"]})
    initiative = created.json()["id"]
    saved = author.call(
        "PUT",
        f"{INITIATIVES}/{initiative}",
        json=submitted,
        headers={"If-Match": created.headers["ETag"]},
    )
    answer = author.post(
        f"{INITIATIVES}/{initiative}/submit", submitted, **{"If-Match": saved.headers["ETag"]}
    ).json()
    assert answer["state"] == "submitted"

    # Anybody who knows the code can see where it stands, and nothing personal.
    receipt = people.public.get(f"/api/submission/v1/receipts/{answer['code']}")
    assert receipt["expected_answer_on"] == answer["expected_answer_on"]
    assert submitted["title"] not in json.dumps(receipt, ensure_ascii=False)

    # Level 1: the support group of the unit; level 2: the reviewer of the upper level.
    for level, person in ((1, support), (2, reviewer)):
        poll(f"the case in the queue of {person.username}", partial(_queued, person, initiative))
        decide(person, initiative, level, {"decision": "validate"})

    poll(
        "the author sees approved",
        lambda: author.get(f"{INITIATIVES}/{initiative}")["state"] == "approved" or None,
    )

    # Each unit on the path counts exactly one more; nobody else does.
    for unit in PATH:
        poll(f"{unit} counts it", partial(_counted, people, unit, before[unit]["approved"] + 1))
        assert counts(people, unit) - before[unit] == Counter(submitted=1, approved=1)
    for unit in ELSEWHERE:
        assert counts(people, unit) == before[unit]

    # One entry and one mail per event for author, support group and reviewer; none for anyone else.
    expected = {
        AUTHOR: Counter({"submitted": 1, "validated": 1, "approved": 1}),
        SUPPORT: Counter({"assigned": 1}),
        REVIEWER: Counter({"assigned": 1}),
    }

    for username, kinds in expected.items():
        poll(f"{username} is told", partial(_is_told, people, username, initiative, kinds))
    for account in ACCOUNTS:
        username = account["username"]
        assert told(people, username, initiative) == expected.get(username, Counter()), username

    wanted = Counter({f"{u}@example.org": kinds.total() for u, kinds in expected.items()})
    code = answer["code"]
    poll("every mail", lambda: mailed(seeded_platform, people, code).total() >= wanted.total() or None)
    assert mailed(seeded_platform, people, code) == wanted


def test_a_revision_is_asked_for_answered_and_goes_on_at_the_level_that_asked(people: People) -> None:
    author, support = people["apatit.member2"], people[SUPPORT]
    body = content(UNIT, CAMPAIGN, MEMBER_IDS["apatit.member2"])
    initiative = submit(author, body)["id"]
    unclear = {"pointer": "#/novelty", "code": "unclear", "text": "Nêu rõ điểm mới so với đồ gá cũ."}

    decide(support, initiative, 1, {"decision": "request_revision", "items": [unclear]})
    seen = poll("the author is asked", lambda: in_state(author, initiative, "revision_requested"))
    again = body | {"novelty": "Chốt định vị côn tự lựa tâm, đồ gá cũ phải rà bằng đồng hồ so."}
    resubmitted = author.post(
        f"{INITIATIVES}/{initiative}/submit", again, **{"If-Match": f'"{seen["version"]}"'}
    ).json()

    assert resubmitted["revision"] == 2
    onward = poll("the case goes on", lambda: case(support, initiative, revision=2))
    assert (onward["level"], onward["state"]) == (1, "in_review")


def test_a_withdrawal_closes_the_case_and_is_counted_as_withdrawn(people: People) -> None:
    author, support = people["apatit.member3"], people[SUPPORT]
    before = counts(people, UNIT)
    initiative = submit(author, content(UNIT, CAMPAIGN, MEMBER_IDS["apatit.member3"]))["id"]
    poll("in review", lambda: in_state(author, initiative, "in_review"))

    withdraw(author, initiative)

    closed = poll("the case is closed", lambda: case(support, initiative, state="withdrawn"))
    with pytest.raises(Refused) as refused:
        support.post(
            f"{CASES}/{initiative}/decisions",
            {"decision": "validate"},
            **{"If-Match": f'"{closed["version"]}"'},
        )
    assert refused.value.problem["code"] == "case-closed"
    poll("counted", lambda: counts(people, UNIT)["withdrawn"] == before["withdrawn"] + 1 or None)
    assert counts(people, UNIT) - before == Counter(submitted=1, withdrawn=1)


def test_an_author_who_reviews_cannot_decide_on_the_own_initiative(people: People) -> None:
    both = people[SUPPORT]
    initiative = submit(both, content(UNIT, CAMPAIGN, MEMBER_IDS[SUPPORT]))["id"]

    with pytest.raises(Refused) as refused:
        decide(both, initiative, 1, {"decision": "validate"})

    assert (refused.value.status, refused.value.problem["code"]) == (403, "conflict-of-interest")


def test_every_problem_of_a_submission_is_reported_at_once_in_the_language_asked_for(people: People) -> None:
    incomplete = content(UNIT, CAMPAIGN, MEMBER_IDS[AUTHOR], title="Ngắn", solution="")
    incomplete["authors"] = [{"member_id": MEMBER_IDS[AUTHOR], "share": "99.99", "lead": True}]

    with pytest.raises(Refused) as refused:
        people[AUTHOR].post(INITIATIVES, incomplete | {"submit": True}, **{"Accept-Language": "en"})

    problem = refused.value.problem
    assert (refused.value.status, problem["code"]) == (422, "validation-failed")
    pointers = {error["pointer"] for error in problem["errors"]}
    assert {"#/title", "#/solution"} <= pointers
    assert any(pointer.startswith("#/authors") for pointer in pointers)


def _queued(person: Person, initiative: str) -> dict[str, Any] | None:
    queue = person.get(CASES, queue="mine", limit=100)["items"]
    return next((case for case in queue if case["initiative_id"] == initiative), None)


def _counted(people: People, unit: str, approved: int) -> bool | None:
    return counts(people, unit)["approved"] == approved or None


def _is_told(people: People, username: str, initiative: str, kinds: Counter[str]) -> bool | None:
    return told(people, username, initiative) == kinds or None
