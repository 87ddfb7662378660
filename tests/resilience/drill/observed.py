"""The state of the idle platform, observed from outside: through the gateway as people see it, in the
mailbox, and in the log. checker.py evaluates it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.resilience.drill.acts import AUTHORS, CAMPAIGN, REVIEWERS
from tests.resilience.drill.log import Entry, Log
from tests.resilience.drill.mails import Mail, caught_mails, unconfirmed_mails
from tests.resilience.drill.site import Site, SteadyPerson
from tests.support.journey import ACCOUNTS, CASES, INITIATIVES, Refused
from tests.support.platform import RunningPlatform

ROOT_UNIT = "TLD"
WATCHER = "tld.official"
PATIENCE_SECONDS = 120.0
ENDED = frozenset({"approved", "rejected", "withdrawn"})
CASE_STATES = ("in_review", "revision_requested", "approved", "rejected", "withdrawn")
BASES = ("submitted", "in_review", "approved", "rejected", "withdrawn")

# People whom the acts of a drill may concern, and all people with an inbox.
EVERYBODY = tuple(str(account["username"]) for account in ACCOUNTS)
CONCERNED = tuple(name for name in EVERYBODY if name in {*AUTHORS, *REVIEWERS} or name.endswith(".official"))

Document = Mapping[str, Any]
# By id: its row in a list, and the document that was read then.
Known = dict[str, tuple[Document, Document]]


@dataclass(frozen=True)
class Figures:
    """The statistics of a unit: {basis: (count, VND, authors)} and {basis: {day: count}}."""

    bases: Mapping[str, tuple[int, int, int]]
    days: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Observed:
    """The idle platform.

    initiatives, cases: by initiative id, each as a reader gets it; listed: how often each case stands in the
    lists of cases; figures: by unit; targets: by campaign|unit; inboxes: {username: {event id: how often}};
    unconfirmed: ids of the unconfirmed mails;
    log: by topic, in the order of each partition.
    """

    initiatives: Mapping[str, Document]
    cases: Mapping[str, Document]
    listed: Counter[str]
    figures: Mapping[str, Figures]
    targets: Mapping[str, Document]
    inboxes: Mapping[str, Counter[str]]
    mails: list[Mail]
    unconfirmed: frozenset[str]
    log: Mapping[str, list[Entry]]


@dataclass
class Observer:
    """Observes one platform repeatedly. Every observation reads all lists; an item whose row (version, state,
    level) is unchanged since the last observation is only read again by a thorough one."""

    platform: RunningPlatform
    _log: Log = field(init=False)
    _site: Site = field(init=False)
    _initiatives: Known = field(default_factory=dict)
    _cases: Known = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._site = Site(self.platform.control.home.path, PATIENCE_SECONDS)
        self._log = Log(self.platform.kafka_bootstrap)

    def observe(self, owners: Mapping[str, str], targets: Collection[str], *, thorough: bool) -> Observed:
        """owners: {initiative id: username}, because only the owner sees a draft. targets: the targets to
        read, as campaign|unit."""
        if thorough:
            self._initiatives.clear()
            self._cases.clear()
        with ExitStack() as stack:
            people: dict[str, SteadyPerson] = {}

            def person(username: str) -> SteadyPerson:
                if username not in people:
                    steady = SteadyPerson(self._site, username, patience=PATIENCE_SECONDS)
                    people[username] = stack.enter_context(steady)
                return people[username]

            watcher = person(WATCHER)
            rows = {one["id"]: one for one in _pages(watcher, INITIATIVES, unit=ROOT_UNIT)}
            initiatives = read_changed(
                self._initiatives,
                rows,
                rows.keys() | owners.keys(),
                lambda id: _found(person(owners.get(id, WATCHER)), f"{INITIATIVES}/{id}"),
            )
            listed: Counter[str] = Counter()
            case_rows: dict[str, Document] = {}
            for state in CASE_STATES:
                for one in _pages(watcher, CASES, unit=ROOT_UNIT, state=state):
                    listed[one["initiative_id"]] += 1
                    case_rows[one["initiative_id"]] = one
            cases = read_changed(
                self._cases,
                case_rows,
                rows.keys() | case_rows.keys(),
                lambda id: _found(watcher, f"{CASES}/{id}"),
            )
            units = {unit for one in initiatives.values() for unit in one["unit_path"]}
            return Observed(
                initiatives=initiatives,
                cases=cases,
                listed=listed,
                figures={unit: _figures(watcher, unit) for unit in sorted(units)},
                targets={id: watcher.get(_target_path(id)) for id in targets},
                inboxes={
                    name: Counter(entry["id"] for entry in _pages(person(name), "/api/notify/v1/inbox"))
                    for name in (EVERYBODY if thorough else CONCERNED)
                },
                unconfirmed=unconfirmed_mails(self.platform.control.home.path),
                mails=caught_mails(self.platform.mail_api),
                log=self._log.read(),
            )


def read_changed(
    known: Known,
    rows: Mapping[str, Document],
    ids: Collection[str],
    read: Callable[[str], Document | None],
) -> dict[str, Document]:
    """The existing documents of `ids`: from `known` if the row is unchanged, else read and stored there."""
    there = {}
    for id in sorted(ids):
        row, found = rows.get(id), known.get(id)
        document = found[1] if found is not None and found[0] == row else read(id)
        if document is None:
            continue
        there[id] = document
        if row is not None:
            known[id] = (row, document)
    return there


def _pages(person: SteadyPerson, path: str, **query: Any) -> Iterator[Document]:
    cursor: dict[str, Any] = {}
    while True:
        page = person.get(path, limit=100, **query, **cursor)
        yield from page["items"]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def _found(person: SteadyPerson, path: str) -> Document | None:
    try:
        found: Document = person.call("GET", path).json()
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return found


def _figures(person: SteadyPerson, unit: str) -> Figures:
    base = f"/api/stats/v1/units/{unit}"
    progress = person.get(f"{base}/progress", campaign=CAMPAIGN)["bases"]
    days = {}
    for basis in BASES:
        entries = person.get(f"{base}/timeline", campaign=CAMPAIGN, basis=basis)["days"]
        days[basis] = {entry["day"]: entry["count"] for entry in entries if entry["count"]}
    bases = {b: (progress[b]["count"], progress[b]["benefit_vnd"], progress[b]["authors"]) for b in BASES}
    return Figures(bases, days)


def _target_path(id: str) -> str:
    campaign, unit = id.split("|")
    return f"/api/stats/v1/targets/{campaign}/{unit}"
