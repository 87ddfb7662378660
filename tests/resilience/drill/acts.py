"""The people of the drill: authors, reviewers, officials. Each act is one use of the public API and one line
in the journal; a person whose act is refused as too late continues with another.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from tests.resilience.drill import journal as j
from tests.support.journey import CASES, INITIATIVES, MEMBER_IDS, UNAVAILABLE, Person, Refused, content

CAMPAIGN = "evaluation"
# The platform's answers to an act that is too late.
LATE = frozenset({409, 412})

# Members and the unit in which they register. None of them decides.
AUTHORS: Mapping[str, str] = {
    "apatit.member": "HC-APATIT-VIET-NAM",
    "canon.member": "HNI-CANON-VIET-NAM",
    "apatit.member2": "HC-APATIT-VIET-NAM",
    "hongduc.member": "THA-THIET-BI-GIAO-DUC-HONG-DUC",
    "canon.member2": "HNI-CANON-VIET-NAM",
    "apatit.member3": "HC-APATIT-VIET-NAM",
}
# The reviewers of these units, at either level. None of them submits.
REVIEWERS = (
    "apatit.support",
    "hoachat.reviewer",
    "canon.support",
    "hanoikcn.reviewer",
    "hongduc.support",
    "thanhhoakkt.reviewer",
)
OFFICIAL = "tld.official"
TARGET_UNITS = ("HC-APATIT-VIET-NAM", "CT-HOA-CHAT", "HNI-CANON-VIET-NAM", "LD-HA-NOI", "LD-THANH-HOA")


class Desk(Protocol):
    """A person who acts."""

    def act(self) -> None: ...


@dataclass
class Author:
    """Drafts, saves, submits, revises and withdraws own initiatives."""

    person: Person
    unit: str
    journal: j.Journal
    rng: random.Random

    def act(self) -> None:
        acts: tuple[tuple[Callable[[], bool], float], ...] = (
            (self.submit, 5),
            (self._draft, 2),
            (self._save, 1),
            (self._hand_in_draft, 2),
            (self._revise, 4),
            (self.withdraw, 1.5),
        )
        chosen = self.rng.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        if not chosen():
            self.submit()

    def submit(self) -> bool:
        """Create and submit an initiative in one request."""
        body = self._content() | {"submit": True}
        answer = self._send(j.SUBMIT, None, "POST", INITIATIVES, body)
        self._note(j.SUBMIT, answer, body)
        return True

    def _draft(self) -> bool:
        body = self._content()
        if self.rng.random() < 0.5:
            del body["solution"], body["authors"]
        self._note(j.DRAFT, self._send(j.DRAFT, None, "POST", INITIATIVES, body), body)
        return True

    def _save(self) -> bool:
        mine = self._mine(self.rng.choice(("draft", "revision_requested")))
        if mine is None:
            return False
        # The rest is unchanged: a requested revision changes only when it is submitted again.
        body = {**mine["content"], "title": self._title()}
        self._note(j.SAVE, self._send(j.SAVE, mine, "PUT", f"{INITIATIVES}/{mine['id']}", body), body)
        return True

    def _hand_in_draft(self) -> bool:
        return self._hand_in(j.SUBMIT, "draft")

    def _revise(self) -> bool:
        return self._hand_in(j.REVISE, "revision_requested")

    def _hand_in(self, act: str, state: str) -> bool:
        mine = self._mine(state)
        if mine is None:
            return False
        body = self._content()
        answer = self._send(act, mine, "POST", f"{INITIATIVES}/{mine['id']}/submit", body)
        self._note(act, answer, body)
        return True

    def withdraw(self) -> bool:
        """Withdraw an initiative; False if there is none to withdraw."""
        mine = self._mine(self.rng.choice(("in_review", "submitted", "revision_requested")))
        if mine is None:
            return False
        body = {"reason": "Trùng với sáng kiến của tổ khác."}
        path = f"{INITIATIVES}/{mine['id']}/withdraw"
        self._note(j.WITHDRAW, self._send(j.WITHDRAW, mine, "POST", path, body))
        return True

    def _mine(self, state: str) -> dict[str, Any] | None:
        page = asked(self.journal, self.person, INITIATIVES, state=state, limit=20)
        if page is None or not page["items"]:
            return None
        one = self.rng.choice(page["items"])
        return asked(self.journal, self.person, f"{INITIATIVES}/{one['id']}")

    def _send(
        self, act: str, mine: dict[str, Any] | None, method: str, path: str, body: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        answer = sent(
            self.journal,
            self.person,
            act,
            None if mine is None else mine["id"],
            method,
            path,
            body,
            None if mine is None else mine["version"],
        )
        if answer is None or answer.status_code != 412 or mine is None:
            return _body(answer)
        # A save has no Idempotency-Key: an earlier attempt may have arrived although its answer was lost.
        now = asked(self.journal, self.person, f"{INITIATIVES}/{mine['id']}")
        if act == j.SAVE and now is not None and now["content"].get("title") == body["title"]:
            return now
        return None

    def _note(self, act: str, answer: dict[str, Any] | None, body: Mapping[str, Any] | None = None) -> None:
        if answer is None:
            return
        recorded = {name: answer[name] for name in ("version", "state", "revision", "code", "submitted_at")}
        if body is not None:
            recorded |= {"title": body["title"]}
        self.journal.write(str(self.person.username), act, answer["id"], recorded)

    def _content(self) -> dict[str, Any]:
        benefit = {
            "declared_vnd": self.rng.randrange(1, 900) * 1_000_000,
            "method": "Giờ công tiết kiệm nhân đơn giá giờ công",
            "social": None,
        }
        member = MEMBER_IDS[str(self.person.username)]
        return content(self.unit, CAMPAIGN, member, title=self._title(), benefit=benefit)

    def _title(self) -> str:
        return f"Cải tiến đồ gá khoan của tổ cơ khí, phương án {self.rng.getrandbits(40):010x}"


@dataclass
class Reviewer:
    """Takes a case from a queue and decides."""

    person: Person
    journal: j.Journal
    rng: random.Random

    def act(self) -> None:
        queue = asked(self.journal, self.person, CASES, limit=50)
        waiting = [one for one in queue["items"] if not one["own"]] if queue else []
        if not waiting:
            return
        case = asked(self.journal, self.person, f"{CASES}/{self.rng.choice(waiting)['initiative_id']}")
        if case is None or not case["next_step"]["mine"]:
            return
        mark = uuid.uuid4().hex
        decision = {**self._decision(case), "text": f"Phiếu {mark}", "expected_level": case["level"]}
        id, path = case["initiative_id"], f"{CASES}/{case['initiative_id']}/decisions"
        answer = _body(sent(self.journal, self.person, j.DECIDE, id, "POST", path, decision, case["version"]))
        if answer is not None:
            recorded = {name: answer[name] for name in ("version", "state", "decision")}
            recorded |= {"mark": mark, "level": case["level"], "revision": case["revision"]}
            self.journal.write(str(self.person.username), j.DECIDE, id, recorded)

    def _decision(self, case: Mapping[str, Any]) -> dict[str, Any]:
        choice = self.rng.choices(("validate", "request_revision", "reject"), (6, 2, 2))[0]
        if choice == "request_revision":
            items = [{"pointer": "#/problem", "code": "too-vague", "text": "Cần nêu số liệu cụ thể."}]
            return {"decision": choice, "items": items}
        if choice == "reject":
            return {"decision": choice, "reason_code": self.rng.choice(case["reject_reasons"])["code"]}
        verified = self.rng.randrange(1, 500) * 1_000_000
        return {"decision": choice} | ({"verified_benefit_vnd": verified} if self.rng.random() < 0.3 else {})


@dataclass
class Official:
    """Changes targets."""

    person: Person
    journal: j.Journal
    rng: random.Random

    def act(self) -> None:
        unit = self.rng.choice(TARGET_UNITS)
        path = f"/api/stats/v1/targets/{CAMPAIGN}/{unit}"
        seen = asked(self.journal, self.person, path)
        if seen is None:
            return
        wanted = self.rng.choice((None, *range(2, 60)))
        id = f"{CAMPAIGN}|{unit}"
        answer = sent(
            self.journal, self.person, j.TARGET, id, "PUT", path, {"target": wanted}, seen["version"]
        )
        found = _body(answer)
        if answer is not None and answer.status_code == 412:
            # Nobody else changes targets here, so an earlier attempt has arrived and its answer was lost.
            found = asked(self.journal, self.person, path)
        if found is not None:
            self.journal.write(
                str(self.person.username), j.TARGET, id, {name: found[name] for name in ("target", "version")}
            )


def asked(journal: j.Journal, person: Person, path: str, **parameters: Any) -> dict[str, Any] | None:
    """The answer to a GET; None, with a line in the journal, if it is refused or not answered."""
    return _body(_noted(journal, person, "read", None, lambda: person.call("GET", path, params=parameters)))


def sent(
    journal: j.Journal,
    person: Person,
    act: str,
    id: str | None,
    method: str,
    path: str,
    body: Mapping[str, Any],
    version: int | None,
) -> httpx.Response | None:
    """The answer to a change, including a refusal because it is late; otherwise like `asked`."""
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    if method == "POST":
        headers["Idempotency-Key"] = str(uuid.uuid4())
    return _noted(journal, person, act, id, lambda: person.call(method, path, json=body, headers=headers))


def _noted(
    journal: j.Journal, person: Person, act: str, id: str | None, ask: Callable[[], httpx.Response]
) -> httpx.Response | None:
    who = str(person.username)
    try:
        return ask()
    except httpx.TransportError as error:
        journal.write(who, j.UNANSWERED, id, {"act": act, "error": type(error).__name__})
    except Refused as refused:
        recorded = {"act": act, "status": refused.status, "code": refused.problem.get("code")}
        if refused.status in LATE:
            journal.write(who, j.REFUSED, id, recorded)
            return refused.response
        kind = j.UNANSWERED if refused.status in UNAVAILABLE | {401} else j.UNEXPECTED
        journal.write(who, kind, id, recorded | {"text": str(refused)[:2000]})
    return None


def _body(answer: httpx.Response | None) -> dict[str, Any] | None:
    return None if answer is None or answer.is_error else answer.json()
