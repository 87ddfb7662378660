"""Fills the databases of submission, review and stats with initiatives, each made by the services' own code:
the domain registers and decides, the codec encodes and reads the events, the adapters make the documents.
Only the way through HTTP, Kafka and single writes is left out. Units and texts are those of deploy/sample.
"""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import pymongo
from pymongo.collection import Collection
from pymongo.database import Database

import contracts
from chassis.clock import utc_now
from chassis.events.codec import Event, EventCodec, PendingEvent
from chassis.mongo.migrations import migrate
from chassis.tokens import Grant, Principal
from chassis.web.idempotency import RequestKey
from review.adapters import case_documents
from review.adapters import contract as review_contract
from review.adapters.mongo_units import MongoUnits
from review.domain.decisions import Choice, Decision, decide
from review.domain.intake import receive
from review.migrations import MIGRATIONS as REVIEW_MIGRATIONS
from sangkienctl.seed.growth import Grown, grow
from sangkienctl.seed.sample import Sample, SampleUnit
from stats.adapters.generations import Generations
from stats.adapters.payloads import campaign_from, snapshot_from, unit_from
from stats.adapters.projection import GenerationWriter
from stats.adapters.reference import MongoReferenceStore
from stats.domain.counting import fold
from stats.domain.snapshots import Snapshot
from stats.migrations import MIGRATIONS as STATS_MIGRATIONS
from submission.adapters import content_json, documents, reference_documents
from submission.adapters.benefit_limits import benefit_limits
from submission.adapters.contract import PRODUCED, ContractAnnouncements
from submission.adapters.fields import field_names
from submission.adapters.reference import ReferenceCopy
from submission.adapters.review_events import review_change
from submission.application.answers import outcome
from submission.application.permissions import PERMISSIONS
from submission.application.registering import Registrar
from submission.domain import initiative as acts
from submission.domain.campaigns import Campaign
from submission.domain.content import Source
from submission.domain.deadlines import expected_answer_on
from submission.migrations import MIGRATIONS as SUBMISSION_MIGRATIONS
from tests.support.review_cases import RULES, actor
from union.units import Unit
from union.workdays import WorkCalendar

Document = dict[str, Any]
Databases = dict[str, Database[Document]]

MIGRATIONS = {"submission": SUBMISSION_MIGRATIONS, "review": REVIEW_MIGRATIONS, "stats": STATS_MIGRATIONS}
PER_MEMBER = 200  # so many initiatives are of one member, whatever the size
INSERT_SECONDS = 600
PER_INSERT = 100
PER_COUNTING = 20_000
# Approved, rejected; the rest waits at level 1.
ENDED = (0.6, 0.1)
REJECT = Decision(Choice.REJECT, reason_code="not-new", text="Giải pháp đã được áp dụng từ trước.")
VALIDATE = Decision(Choice.VALIDATE)

_KNOWN = contracts.topics()
_TOPICS = dict.fromkeys((*PRODUCED, *review_contract.TOPICS.values()))
CODECS = {
    name: EventCodec({topic: _KNOWN[topic] for topic in _TOPICS}, f"/services/{name}")
    for name in ("submission", "review")
}


def member(number: int) -> str:
    return f"m-{number:010d}"


def received(service: str, event: PendingEvent) -> Event:
    """What a consumer gets of it."""
    return CODECS[service].decode(event.topic, event.key.encode(), event.value, event.headers)


@dataclass
class Population:
    """One set of databases, and so many initiatives in it.

    Everything is drawn from `seed`, so the same number is the same initiative in every database.
    """

    databases: Databases
    size: int
    seed: int = 1

    def __post_init__(self) -> None:
        for name, db in self.databases.items():
            migrate(db, MIGRATIONS[name], owner="bench", clock=utc_now)
        sample = Sample()
        self._sample = sample
        self._units = [unit for unit in sample.units.values() if unit.level == "grassroots"]
        self._announcements = ContractAnnouncements(CODECS["submission"])
        self._load_reference(sample)
        reference = ReferenceCopy(self.databases["submission"], 60)
        reference.refresh()
        codes = itertools.count()
        calendar = WorkCalendar.load()
        days: dict[date, date] = {}

        def answer_on(day: date) -> date:
            return days.setdefault(day, expected_answer_on(day, calendar))

        fields, limits = frozenset(field_names()), benefit_limits()
        self._registrar = Registrar(
            reference, PERMISSIONS, fields, limits, answer_on, lambda most: next(codes) % most
        )

    def _load_reference(self, sample: Sample) -> None:
        now = utc_now()
        units = [unit_of(unit) for unit in sample.units.values()]
        campaigns = [campaign_of(entry) for entry in sample.campaigns if "opens_at" in entry]
        first = {"version": 1, "changed_at": now}
        self.databases["submission"]["units"].insert_many(
            {"_id": unit.code, "kind": "unit", **first, **reference_documents.unit_fields(unit)}
            for unit in units
        )
        self.databases["submission"]["campaigns"].insert_many(
            {"_id": one.id, "kind": "campaign", **first, **reference_documents.campaign_fields(one)}
            for one in campaigns
        )
        told = [received("submission", self._announcements.unit_changed(unit, now=now)) for unit in units]
        opened = [received("submission", self._announcements.campaign_changed(c, now=now)) for c in campaigns]
        MongoUnits(self.databases["review"]).keep([review_contract.unit(event) for event in told])
        store = MongoReferenceStore(self.databases["stats"])
        store.learn([unit_from(event) for event in told], [campaign_from(event) for event in opened])

    def fill(self, tell: Callable[[str], None], tell_seconds: float = 10.0) -> float:
        """Make and write all of it; the seconds it took."""
        began = told_at = time.monotonic()
        initiatives, cases = self.databases["submission"]["initiatives"], self.databases["review"]["cases"]
        generations = Generations(self.databases["stats"], utc_now)
        writer = GenerationWriter(generations, generations.head()["generation"])
        counted: list[Snapshot] = []
        with Inserting(initiatives, cases) as into:
            for number in range(self.size):
                initiative, case, snapshot = self.made(number)
                into.add(initiative, case)
                counted.append(snapshot)
                if len(counted) == PER_COUNTING:
                    writer.write(fold({}, counted), ())
                    counted.clear()
                now = time.monotonic()
                if now - told_at > tell_seconds:
                    told_at, rate = now, (number + 1) / (now - began)
                    tell(f"  {number + 1:,} of {self.size:,} initiatives, {rate:,.0f}/s")
        writer.write(fold({}, counted), ())
        return time.monotonic() - began

    def id_of(self, number: int) -> str:
        """The id of an initiative; those of higher numbers were submitted later."""
        return f"{self.seed:08d}-0000-4000-8000-{number:012d}"

    def made(self, number: int) -> tuple[Document, Document, Snapshot]:
        """The documents of submission and review, and what stats keeps."""
        grown = grow(number, self.size, self.seed, self._units, self._sample.initiatives, frozenset())
        submitted, event = self._submitted(number, grown)
        move = receive(None, review_contract.told(event), RULES)
        assert move is not None  # the first that review hears of it
        at = event.time
        for decision, at in _decisions(random.Random(f"{self.seed}:{number}:fate"), event.time):
            move = decide(move.case, decision, actor(move.case), at, RULES)
        case = move.case
        newest = received("review", review_contract.pending(CODECS["review"], move, at)[-1])
        change = review_change(newest)
        followed = replace(
            submitted,
            state=change.state,
            sequence=change.sequence,
            milestones=change.milestones,
            progress=change.progress,
            version=submitted.version + case.version,
        )
        key = RequestKey(f"bench-{number}", f"{number:064x}")
        initiative = documents.initiative_document(followed)
        initiative["requests"] = [outcome(201, submitted).stored(key).to_document()]
        # review.assigned is not among what stats counts; the state of the case is the same in what is.
        counted = snapshot_from(event if case.is_open else newest)
        return initiative, case_documents.to_document(case), counted

    def _submitted(self, number: int, grown: Grown) -> tuple[acts.Initiative, Event]:
        author = member(number // PER_MEMBER)
        body = grown.body | {"authors": [{"member_id": author, "share": "100.00", "lead": True}]}
        for own in ("submit", "source", "registered_at"):
            del body[own]
        content = content_json.from_json(body)
        at = grown.registered_at
        principal = Principal(author, (Grant("member", content.unit),))
        registration = self._registrar.register(principal, content, Source.SELF, at)
        id = self.id_of(number)
        submitted = replace(acts.submit(acts.draft(id, author, content, at), registration, at), version=1)
        event = self._announcements.submitted(submitted, resubmission=False, now=at)
        return submitted, received("submission", event)


def _decisions(fate: random.Random, at: datetime) -> Iterator[tuple[Decision, datetime]]:
    drawn, (approved, rejected) = fate.random(), ENDED
    if drawn < approved + rejected:
        yield (VALIDATE if drawn < approved else REJECT), at + timedelta(days=fate.randint(1, 12))
    if drawn < approved:
        yield VALIDATE, at + timedelta(days=fate.randint(13, 40))


class Inserting:
    """Bulk inserts beside the making: one batch per collection is on its way while the next one is made."""

    def __init__(self, *collections: Collection[Document]) -> None:
        self._collections = collections
        self._waiting: list[list[Document]] = [[] for _ in collections]
        self._pool = ThreadPoolExecutor(len(collections))
        self._running: list[Future[Any]] = []

    def add(self, *made: Document) -> None:
        for waiting, document in zip(self._waiting, made, strict=True):
            waiting.append(document)
        if len(self._waiting[0]) == PER_INSERT:
            self._insert()

    def _insert(self) -> None:
        for future in self._running:
            future.result()
        self._running = [
            self._pool.submit(_insert, collection, waiting)
            for collection, waiting in zip(self._collections, self._waiting, strict=True)
            if waiting
        ]
        self._waiting = [[] for _ in self._collections]

    def __enter__(self) -> Inserting:
        return self

    def __exit__(self, *_: object) -> None:
        self._insert()
        self._pool.shutdown()
        for future in self._running:
            future.result()


def _insert(collection: Collection[Document], batch: list[Document]) -> None:
    # The time limit of a service's operation is not for so many at once; None would leave that limit.
    with pymongo.timeout(INSERT_SECONDS):
        collection.insert_many(batch, ordered=False)


def unit_of(unit: SampleUnit) -> Unit:
    """A unit of the sample as submission keeps it."""
    return reference_documents.unit({"_id": unit.code, "path": unit.path, "version": 1, **unit.facts})


def campaign_of(entry: Document) -> Campaign:
    window = {name: datetime.fromisoformat(entry[name]) for name in ("opens_at", "closes_at")}
    return reference_documents.campaign({"_id": entry["id"], "version": 1, **entry, **window})
