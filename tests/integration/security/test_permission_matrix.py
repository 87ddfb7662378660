"""Every route x role x place of the grant x whose object, asked over HTTP.

What is expected is written down here, from the rules of who may do what; it never asks the code under test.
The routes come from the applications themselves: a route without a row fails. A row says:

    allowed      role -> where the grant must be held, seen from the unit of the object
    persons      who is allowed by being that person, whatever the grants
    needs_both   a person *and* a grant are needed, not either
    never        persons to whom it is refused whatever their grants (conflict of interest)
    seen_by      as allowed and persons, for reading: who may not even see the object gets 404 and learns
                 nothing of it; who sees it and may not do this gets 403
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support.four_services import (
    AUTHOR,
    CAMPAIGN_FACTS,
    CONTACT,
    FORMER,
    OTHER_LEVEL,
    PATH,
    STRANGER,
    SUBMITTER,
    UNIT,
    FourServices,
    signed,
)

# Permissions do not depend on the engine.
pytestmark = pytest.mark.tiers("embedded")

ROLES = ("member", "support", "reviewer", "official", "admin", "operator")
# No unit has this code; a grant may name it all the same.
ABSENT = "CHUA-CO-DON-VI"
# Where a grant is held, seen from the unit of the object.
PLACES = {
    "own": UNIT,
    "above": PATH[1],
    "root": PATH[0],
    "below": "HC-APATIT-VIET-NAM",
    "sibling": "CT-DET-MAY",
    "foreign": "LD-HA-NOI",
    "absent": ABSENT,
}
PEOPLE = {
    "submitter": SUBMITTER,
    "author": AUTHOR,
    "stranger": STRANGER,
    # Was an author of an earlier revision of the case, and drafted nothing else.
    "former": FORMER,
    # Decided another level of the case.
    "other level": OTHER_LEVEL,
}

OWN, ROOT = frozenset({"own"}), frozenset({"root"})
# A grant covers its unit and all below it: an object of UNIT is covered from UNIT and from above.
COVERING = frozenset({"own", "above", "root"})
ABOVE = frozenset({"above", "root"})
OWNERS = frozenset({"submitter", "author"})
EVER_INVOLVED = OWNERS | {"former"}
ONLY_SUBMITTER = frozenset({"submitter"})
NOBODY: frozenset[str] = frozenset()

Grants = Mapping[str, frozenset[str]]
WATCHERS: Grants = {role: COVERING for role in ("support", "reviewer", "official", "admin")}
EVERYONE: Grants = {role: frozenset(PLACES) for role in ROLES}
NO_ROLE: Grants = {}

UNIT_FACTS = {
    "name_vi": "Công đoàn Công nghiệp Hóa chất",
    "name_en": None,
    "parent": PATH[1],
    "level": "superior",
    "block": None,
    "cluster": None,
    "valid_from": "2022-01-01",
    "valid_to": None,
}


@dataclass(frozen=True)
class Caller:
    """One person with one grant, or without any; `person` None is nobody."""

    person: str | None
    role: str | None = None
    place: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        if self.person is None:
            return {}
        grants = [] if self.role is None or self.place is None else [(self.role, PLACES[self.place])]
        return signed(PEOPLE[self.person], *grants)

    def __str__(self) -> str:
        return f"{self.person or 'nobody'} as {self.role or 'nothing'} at {self.place or 'no unit'}"


Ask = Callable[[FourServices, Mapping[str, str]], TestResponse]


@dataclass(frozen=True)
class Row:
    service: str
    method: str
    route: str
    what: str
    ask: Ask
    allowed: Grants = field(default_factory=dict)
    persons: frozenset[str] = NOBODY
    needs_both: bool = False
    never: frozenset[str] = NOBODY
    public: bool = False
    seen_by: tuple[Grants, frozenset[str]] | None = None
    good: frozenset[int] = frozenset({200, 201, 204})

    def expected(self, caller: Caller) -> frozenset[int]:
        if self.public:
            return self.good
        if caller.person is None:
            return frozenset({401})
        by_grant = caller.place in self.allowed.get(caller.role or "", NOBODY)
        by_person = caller.person in self.persons
        may = (by_grant and by_person) if self.needs_both else (by_grant or by_person)
        if may and caller.person not in self.never:
            return self.good
        if self.seen_by is None:
            return frozenset({403})
        grants, persons = self.seen_by
        sees = caller.place in grants.get(caller.role or "", NOBODY) or caller.person in persons
        return frozenset({403 if sees else 404})

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.route}: {self.what}"


def callers() -> Iterator[Caller]:
    yield Caller(None)
    for person in PEOPLE:
        yield Caller(person)
        for role in ROLES:
            for place in PLACES:
                yield Caller(person, role, place)


# ── how each row is asked; what a request may change is made anew for each ──


def plain(service: str, method: str, path: str, **options: Any) -> Ask:
    return lambda on, who: on.ask(service, method, path, who, **options)


def create(**changes: Any) -> Ask:
    return lambda on, who: on.ask("submission", "POST", "/v1/initiatives", who, body=on.content(**changes))


def imported(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    paper = {"submit": True, "source": "import", "registered_at": "2022-05-03T02:00:00Z"}
    return on.ask("submission", "POST", "/v1/initiatives", who, body=on.content() | paper)


class Objects:
    """An object for each question; the same one again as long as nobody was allowed to change it."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}

    def ask(self, kind: str, make: Callable[[], Any], ask: Callable[[Any], TestResponse]) -> TestResponse:
        if kind not in self._kept:
            self._kept[kind] = make()
        answer = ask(self._kept[kind])
        if answer.request.method != "GET" and answer.status_code < 300:
            del self._kept[kind]
        return answer


OBJECTS = Objects()


def on_initiative(
    method: str, act: str = "", *, submit: bool, body: Callable[[FourServices], Any] | None = None
) -> Ask:
    def ask(on: FourServices, who: Mapping[str, str]) -> TestResponse:
        def act_on(made: Mapping[str, Any]) -> TestResponse:
            path = f"/v1/initiatives/{made['id']}{act}"
            sent = None if body is None else body(on)
            return on.ask("submission", method, path, who, body=sent, version=made["version"])

        return OBJECTS.ask(f"initiative {submit}", lambda: on.initiative(submit=submit), act_on)

    return ask


def receipt(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    def act_on(made: Mapping[str, Any]) -> TestResponse:
        return on.ask("submission", "GET", f"/v1/receipts/{made['code']}", who)

    return OBJECTS.ask("initiative True", lambda: on.initiative(submit=True), act_on)


def change_unit(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    return _with_stored_facts(on, who, lambda facts: {"name_vi": f"Công đoàn {uuid.uuid4().hex[:6]}"})


def place_unit(**changes: Any) -> Ask:
    """A change of what belongs to the superior unit; back and forth, so that each is one."""

    def ask(on: FourServices, who: Mapping[str, str]) -> TestResponse:
        def change(facts: Mapping[str, Any]) -> dict[str, Any]:
            return {name: None if facts[name] == value else value for name, value in changes.items()}

        return _with_stored_facts(on, who, change)

    return ask


def _with_stored_facts(
    on: FourServices, who: Mapping[str, str], change: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> TestResponse:
    path = f"/v1/units/{UNIT}"
    stored = on.ask("submission", "GET", path, {})
    facts = {name: (stored.json or {})[name] for name in UNIT_FACTS}
    version = int(stored.headers["ETag"].strip('"'))
    return on.ask("submission", "PUT", path, who, body=facts | change(facts), version=version)


def add_unit(parent: str, code: str | None = None, **changes: Any) -> Ask:
    """A new grassroots unit right below `parent`."""

    def ask(on: FourServices, who: Mapping[str, str]) -> TestResponse:
        unique = uuid.uuid4().hex[:8].upper()
        body = UNIT_FACTS | {"name_vi": f"Công đoàn {unique}", "parent": parent, "level": "grassroots"}
        return on.ask("submission", "PUT", f"/v1/units/{code or f'ZZ-{unique}'}", who, body=body | changes)

    return ask


def add_campaign(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    return on.ask("submission", "PUT", f"/v1/campaigns/c-{uuid.uuid4().hex[:8]}", who, body=CAMPAIGN_FACTS)


def read_case(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    return OBJECTS.ask(
        "case 1 False", on.case, lambda case: on.ask("review", "GET", f"/v1/cases/{case}", who)
    )


def decide(level: int, *, several: bool = False) -> Ask:
    def ask(on: FourServices, who: Mapping[str, str]) -> TestResponse:
        def act_on(case: str) -> TestResponse:
            path = f"/v1/cases/{case}/decisions"
            version = on.review.document(case)["version"]
            return on.ask("review", "POST", path, who, body={"decision": "validate"}, version=version)

        kind = f"case {level} {several}"
        return OBJECTS.ask(kind, lambda: on.case(level=level, several=several), act_on)

    return ask


def set_target(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    path = f"/v1/targets/phase-1/{UNIT}"
    version = on.ask("stats", "GET", path, {}).headers["ETag"].strip('"')
    return on.ask("stats", "PUT", path, who, body={"target": 5}, version=int(version))


def prefer(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    seen = on.ask("notify", "GET", "/v1/contacts/me", who).headers.get("ETag", '"0"').strip('"')
    body = {"locale": "vi", "mail": {}}
    return on.ask("notify", "PUT", "/v1/contacts/me", who, body=body, version=int(seen))


def on_contact(method: str, body: Any = None) -> Ask:
    def ask(on: FourServices, who: Mapping[str, str]) -> TestResponse:
        def act_on(member: str) -> TestResponse:
            return on.ask("notify", method, f"/v1/contacts/{member}", who, body=body)

        return OBJECTS.ask("contact", lambda: on.contact(SUBMITTER), act_on)

    return ask


def mark_read(on: FourServices, who: Mapping[str, str]) -> TestResponse:
    def act_on(entry: str) -> TestResponse:
        return on.ask("notify", "POST", f"/v1/inbox/{entry}/read", who)

    return OBJECTS.ask("entry", on.inbox_entry, act_on)


def on_job(method: str, act: str = "") -> Ask:
    """A job that SUBMITTER has started."""

    def ask(on: FourServices, who: Mapping[str, str]) -> TestResponse:
        def act_on(job: str) -> TestResponse:
            return on.ask("notify", method, f"/v1/jobs/{job}{act}", who)

        return OBJECTS.ask("job", lambda: on.job(SUBMITTER), act_on)

    return ask


INITIATIVE = "/v1/initiatives/<string:id>"
CASE = "/v1/cases/<uuid:initiative_id>"
FIGURES = {"campaign": "phase-1"}
# Who sees a draft, a submitted initiative and a case.
DRAFT = (NO_ROLE, OWNERS)
SUBMITTED = (WATCHERS, OWNERS)
MEMBER_OF_UNIT: Grants = {"member": OWN}
SUPPORT: Grants = {"support": COVERING}

ROWS = [
    # Submission: a member registers in the own unit only, a support group wherever it supports.
    Row("submission", "POST", "/v1/initiatives", "for oneself", create(), MEMBER_OF_UNIT),
    Row("submission", "POST", "/v1/initiatives", "for another", create(on_behalf_of="m-an0ther001"), SUPPORT),
    Row("submission", "POST", "/v1/initiatives", "a paper record", imported,
        {"support": COVERING, "admin": COVERING}),
    Row("submission", "GET", "/v1/initiatives", "my own", plain("submission", "GET", "/v1/initiatives"),
        EVERYONE, frozenset(PEOPLE)),
    Row("submission", "GET", "/v1/initiatives", "of a unit",
        plain("submission", "GET", "/v1/initiatives", query={"unit": UNIT}), WATCHERS),
    Row("submission", "GET", INITIATIVE, "a draft", on_initiative("GET", submit=False),
        persons=OWNERS, seen_by=DRAFT),
    Row("submission", "GET", INITIATIVE, "a submitted one", on_initiative("GET", submit=True),
        WATCHERS, OWNERS, seen_by=SUBMITTED),
    Row("submission", "PUT", INITIATIVE, "a draft",
        on_initiative("PUT", submit=False, body=lambda on: on.content()),
        persons=ONLY_SUBMITTER, seen_by=DRAFT),
    # It is the submitter's, but no longer to be changed.
    Row("submission", "PUT", INITIATIVE, "a submitted one",
        on_initiative("PUT", submit=True, body=lambda on: on.content()),
        persons=ONLY_SUBMITTER, seen_by=SUBMITTED, good=frozenset({409})),
    Row("submission", "DELETE", INITIATIVE, "a draft", on_initiative("DELETE", submit=False),
        persons=ONLY_SUBMITTER, seen_by=DRAFT),
    # It is the submitter's, but it stays.
    Row("submission", "DELETE", INITIATIVE, "a submitted one", on_initiative("DELETE", submit=True),
        persons=ONLY_SUBMITTER, seen_by=SUBMITTED, good=frozenset({409})),
    Row("submission", "POST", f"{INITIATIVE}/submit", "with the content",
        on_initiative("POST", "/submit", submit=False, body=lambda on: on.content()),
        MEMBER_OF_UNIT, ONLY_SUBMITTER, needs_both=True, seen_by=DRAFT),
    Row("submission", "POST", f"{INITIATIVE}/submit", "what is stored",
        on_initiative("POST", "/submit", submit=False),
        MEMBER_OF_UNIT, ONLY_SUBMITTER, needs_both=True, seen_by=DRAFT),
    Row("submission", "POST", f"{INITIATIVE}/withdraw", "a submitted one",
        on_initiative("POST", "/withdraw", submit=True, body=lambda on: {"reason": None}),
        persons=ONLY_SUBMITTER, seen_by=SUBMITTED),
    Row("submission", "GET", f"{INITIATIVE}/revisions", "of a draft",
        on_initiative("GET", "/revisions", submit=False), persons=OWNERS, seen_by=DRAFT),
    Row("submission", "GET", f"{INITIATIVE}/revisions", "of a submitted one",
        on_initiative("GET", "/revisions", submit=True), WATCHERS, OWNERS, seen_by=SUBMITTED),
    Row("submission", "GET", "/v1/showcase", "what may be published",
        plain("submission", "GET", "/v1/showcase"), public=True),
    Row("submission", "GET", "/v1/receipts/<string:code>", "by its code", receipt, public=True),
    Row("submission", "GET", "/v1/fields", "all", plain("submission", "GET", "/v1/fields"), public=True),
    Row(
        "submission",
        "GET",
        "/v1/benefit-limits",
        "all",
        plain("submission", "GET", "/v1/benefit-limits"),
        public=True,
    ),
    Row("submission", "GET", "/v1/units", "search", plain("submission", "GET", "/v1/units"), public=True),
    Row("submission", "GET", "/v1/units/<string:code>", "one",
        plain("submission", "GET", f"/v1/units/{UNIT}"), public=True),
    Row("submission", "PUT", "/v1/units/<string:code>", "rename", change_unit, {"admin": COVERING}),
    # A unit's place belongs to its superior unit: to who administers the unit itself it is refused.
    Row("submission", "PUT", "/v1/units/<string:code>", "another block", place_unit(block="enterprise"),
        {"admin": ABOVE}),
    Row("submission", "PUT", "/v1/units/<string:code>", "another cluster", place_unit(cluster="Cụm 1"),
        {"admin": ABOVE}),
    # Who may is then told that units below it live on, or that it has units below it.
    Row("submission", "PUT", "/v1/units/<string:code>", "end it", place_unit(valid_to="2022-05-01"),
        {"admin": ABOVE}, good=frozenset({409})),
    Row("submission", "PUT", "/v1/units/<string:code>", "move it to another branch",
        place_unit(parent="LD-HA-NOI"), {"admin": ROOT}, good=frozenset({409})),
    Row("submission", "PUT", "/v1/units/<string:code>", "create one below it", add_unit(UNIT),
        {"admin": COVERING}),
    Row("submission", "PUT", "/v1/units/<string:code>", "create one below the unit above", add_unit(PATH[1]),
        {"admin": ABOVE}),
    Row("submission", "PUT", "/v1/units/<string:code>", "create one below a foreign unit",
        add_unit("LD-HA-NOI"), {"admin": frozenset({"foreign", "root"})}),
    # Refused for its level to who may, so that the unit stays absent.
    Row("submission", "PUT", "/v1/units/<string:code>", "create the one of the own grant",
        add_unit("LD-HA-NOI", ABSENT, level="national"), {"admin": frozenset({"foreign", "root"})},
        good=frozenset({422})),
    Row("submission", "GET", "/v1/campaigns", "all",
        plain("submission", "GET", "/v1/campaigns"), public=True),
    Row("submission", "GET", "/v1/campaigns/<string:id>", "one",
        plain("submission", "GET", "/v1/campaigns/phase-1"), public=True),
    # A campaign is the whole programme's: only the administration of the root.
    Row("submission", "PUT", "/v1/campaigns/<string:id>", "a new one", add_campaign, {"admin": ROOT}),
    # Review: the role of the level at its unit or above it decides, and never who was ever involved, nor who
    # decided another level.
    Row("review", "GET", "/v1/cases", "my queue", plain("review", "GET", "/v1/cases"),
        EVERYONE, frozenset(PEOPLE)),
    Row("review", "GET", "/v1/cases", "of a unit", plain("review", "GET", "/v1/cases", query={"unit": UNIT}),
        WATCHERS),
    Row("review", "GET", CASE, "one", read_case, WATCHERS, OWNERS, seen_by=SUBMITTED),
    Row("review", "POST", f"{CASE}/decisions", "at level 1, of the support group of the unit", decide(1),
        {"support": COVERING}, never=EVER_INVOLVED, seen_by=SUBMITTED),
    Row("review", "POST", f"{CASE}/decisions", "at level 2, of the reviewers above", decide(2),
        {"reviewer": ABOVE}, never=EVER_INVOLVED | {"other level"}, seen_by=SUBMITTED),
    Row("review", "POST", f"{CASE}/decisions", "at level 2, where the policy lets one person decide several",
        decide(2, several=True), {"reviewer": ABOVE}, never=EVER_INVOLVED, seen_by=SUBMITTED),
    # Stats: counts are published; a target is allotted from above.
    *(
        Row("stats", "GET", f"/v1/units/<string:code>/{figure}", "public counts",
            plain("stats", "GET", f"/v1/units/{UNIT}/{figure}", query=FIGURES), public=True)
        for figure in ("progress", "children", "timeline")
    ),
    Row("stats", "GET", "/v1/targets/<string:campaign>/<string:unit>", "one",
        plain("stats", "GET", f"/v1/targets/phase-1/{UNIT}"), public=True),
    Row("stats", "PUT", "/v1/targets/<string:campaign>/<string:unit>", "allot", set_target,
        {"official": ABOVE, "admin": ABOVE}),
    # Notify: an inbox is its person's; contacts are kept by the administration of the root.
    Row("notify", "GET", "/v1/inbox", "my own", plain("notify", "GET", "/v1/inbox"),
        EVERYONE, frozenset(PEOPLE)),
    Row("notify", "GET", "/v1/inbox/summary", "my own", plain("notify", "GET", "/v1/inbox/summary"),
        EVERYONE, frozenset(PEOPLE)),
    Row("notify", "POST", "/v1/inbox/<string:entry_id>/read", "an entry of the submitter", mark_read,
        persons=ONLY_SUBMITTER, seen_by=(NO_ROLE, ONLY_SUBMITTER)),
    Row("notify", "GET", "/v1/contacts/me", "my own", plain("notify", "GET", "/v1/contacts/me"),
        EVERYONE, frozenset(PEOPLE)),
    Row("notify", "PUT", "/v1/contacts/me", "my own", prefer, EVERYONE, frozenset(PEOPLE)),
    Row("notify", "GET", "/v1/contacts/<string:member_id>", "of the submitter", on_contact("GET"),
        {"admin": ROOT}, ONLY_SUBMITTER),
    Row("notify", "PUT", "/v1/contacts/<string:member_id>", "of the submitter", on_contact("PUT", CONTACT),
        {"admin": ROOT}),
    Row("notify", "DELETE", "/v1/contacts/<string:member_id>", "of the submitter", on_contact("DELETE"),
        {"admin": ROOT}),
    # The names of a unit's officers are for its own officers and for those of the whole programme.
    Row("notify", "GET", "/v1/units/<string:code>/people", "the officers",
        plain("notify", "GET", f"/v1/units/{UNIT}/people"),
        {office: OWN | ROOT for office in ("support", "reviewer", "official", "admin")}),
    # A job is followed and cancelled by who started it, and by those who run the service.
    Row("notify", "GET", "/v1/jobs", "my own", plain("notify", "GET", "/v1/jobs"),
        EVERYONE, frozenset(PEOPLE)),
    Row("notify", "GET", "/v1/jobs", "all", plain("notify", "GET", "/v1/jobs", query={"scope": "all"}),
        {"operator": ROOT}),
    Row("notify", "GET", "/v1/jobs/<string:id>", "of the submitter", on_job("GET"),
        {"operator": ROOT}, ONLY_SUBMITTER, seen_by=({"operator": ROOT}, ONLY_SUBMITTER)),
    Row("notify", "POST", "/v1/jobs/<string:id>/cancel", "of the submitter", on_job("POST", "/cancel"),
        {"operator": ROOT}, ONLY_SUBMITTER, seen_by=({"operator": ROOT}, ONLY_SUBMITTER)),
    # Every service tells those who run it how it fares; a letter that is not there cannot be replayed.
    *(
        Row(service, "GET", "/v1/operations", "how it fares", plain(service, "GET", "/v1/operations"),
            {"operator": ROOT})
        for service in ("submission", "review", "stats", "notify")
    ),
    *(
        Row(service, "POST", "/v1/operations/consumer/release", "of one that is not parked",
            plain(service, "POST", "/v1/operations/consumer/release"), {"operator": ROOT})
        for service in ("submission", "review", "stats", "notify")
    ),
    *(
        Row(service, "POST", "/v1/operations/dead-letters/<int:offset>/replay", "of an absent letter",
            plain(service, "POST", "/v1/operations/dead-letters/0/replay"),
            {"operator": ROOT}, good=frozenset({404}))
        for service in ("submission", "review", "stats", "notify")
    ),
]  # fmt: skip

# Of every process; the gateway lets none of them through but the document.
OF_THE_PROCESS = {"/livez", "/readyz", "/metrics", "/v1/openapi.json"}


def test_every_route_of_every_service_has_a_row(services: FourServices) -> None:
    served = {
        (service, method, rule.rule)
        for service, app in services.apps().items()
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in OF_THE_PROCESS
    }

    assert {(row.service, row.method, row.route) for row in ROWS} == served


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_route_answers_each_caller_as_the_row_says(services: FourServices, row: Row) -> None:
    wrong = []
    for caller in callers():
        answer = row.ask(services, caller.headers)
        if answer.status_code not in row.expected(caller):
            expected = sorted(row.expected(caller))
            wrong.append(f"{caller}: {answer.status_code} instead of {expected}: {answer.text[:200]}")

    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("service", ["submission", "review", "stats", "notify"])
@pytest.mark.parametrize("path", sorted(OF_THE_PROCESS))
def test_pages_of_the_process_change_nothing(services: FourServices, service: str, path: str) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert services.client(service).open(path, method=method).status_code == 405
