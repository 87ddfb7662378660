"""Units and campaigns as MongoDB documents and back, and their stores for the administrators' changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pymongo.client_session import ClientSession
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.clock import Clock
from chassis.events.codec import PendingEvent
from chassis.events.outbox import outbox_fields, outbox_index, push_outbox
from chassis.mongo.indexes import Index
from chassis.mongo.transactions import in_transaction
from submission.domain.campaigns import Campaign, CampaignFacts
from union.kept_copy import Changes, Document, change_index
from union.units import Unit, UnitFacts, known_as, unit_of, unit_values

UNITS = "units"
CAMPAIGNS = "campaigns"
KIND = {UNITS: "unit", CAMPAIGNS: "campaign"}
INDEXES = (
    change_index(UNITS),
    Index(UNITS, (("parent", 1),)),
    Index(UNITS, (("known_as", 1),)),
    outbox_index(UNITS),
    change_index(CAMPAIGNS),
    outbox_index(CAMPAIGNS),
)


class MongoUnits:
    def __init__(self, db: Database[Document], clock: Clock) -> None:
        self._collection = db[UNITS]
        self._clock = clock

    def find(self, code: str) -> Unit | None:
        document = self._collection.find_one({"_id": code})
        return None if document is None else unit(document)

    def root(self) -> str | None:
        document = self._collection.find_one({"parent": None}, {"_id": 1})
        return None if document is None else document["_id"]

    def children(self, code: str) -> Sequence[Unit]:
        return [unit(document) for document in self._collection.find({"parent": code}, {"outbox": 0})]

    def look_alikes(self, code: str, facts: UnitFacts) -> Sequence[Unit]:
        found: dict[str, Unit] = {}
        for key in known_as(code, facts):
            for document in self._collection.find({"known_as": key}, {"outbox": 0}):
                found[document["_id"]] = unit(document)
        return [other for other in found.values() if other.code != code]

    def save(self, unit: Unit, event: PendingEvent) -> bool:
        return _save(self._collection, unit.code, unit.version, unit_fields(unit), event, self._clock())


class MongoCampaigns:
    def __init__(self, db: Database[Document], clock: Clock) -> None:
        self._collection = db[CAMPAIGNS]
        self._clock = clock

    def find(self, id: str) -> Campaign | None:
        document = self._collection.find_one({"_id": id})
        return None if document is None else campaign(document)

    def save(self, campaign: Campaign, event: PendingEvent) -> bool:
        fields = campaign_fields(campaign)
        return _save(self._collection, campaign.id, campaign.version, fields, event, self._clock())


def _save(
    collection: Collection[Document],
    id: str,
    version: int,
    fields: Document,
    event: PendingEvent,
    now: datetime,
) -> bool:
    """Write a version over the one before it, with its event and the number of the change: in a transaction,
    so that a copy which has read up to a number lacks none below it."""
    changes = Changes(collection.database)

    def work(session: ClientSession) -> bool:
        numbered = fields | {
            "version": version,
            "kind": KIND[collection.name],
            "change": changes.next(session),
            "changed_at": now,
        }
        if version == 1:
            collection.insert_one({"_id": id, **numbered, **outbox_fields(id, [event])}, session=session)
            return True
        update = push_outbox({"$set": numbered}, id, [event])
        before = {"_id": id, "version": version - 1}
        return collection.update_one(before, update, session=session).matched_count == 1

    try:
        return in_transaction(collection.database.client, work)
    except DuplicateKeyError:
        return False


def unit_fields(unit: Unit) -> Document:
    return unit_values(unit) | {"known_as": list(known_as(unit.code, unit.facts))}


def unit(document: Mapping[str, Any]) -> Unit:
    return unit_of(document["_id"], document)


def campaign_fields(campaign: Campaign) -> Document:
    facts = campaign.facts
    return {
        "programme": facts.programme,
        "name_vi": facts.name_vi,
        "name_en": facts.name_en,
        "opens_at": facts.opens_at,
        "closes_at": facts.closes_at,
        "eligible_from": facts.eligible_from.isoformat(),
        "eligible_to": facts.eligible_to.isoformat(),
    }


def campaign(document: Mapping[str, Any]) -> Campaign:
    facts = CampaignFacts(
        programme=document["programme"],
        name_vi=document["name_vi"],
        name_en=document["name_en"],
        opens_at=document["opens_at"],
        closes_at=document["closes_at"],
        eligible_from=date.fromisoformat(document["eligible_from"]),
        eligible_to=date.fromisoformat(document["eligible_to"]),
    )
    return Campaign(document["_id"], facts, document["version"])
