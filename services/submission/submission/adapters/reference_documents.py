"""Units and campaigns as MongoDB documents and back, and their stores for the administrators' changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from chassis.clock import Clock
from chassis.events.codec import PendingEvent
from chassis.events.outbox import outbox_fields, outbox_index, push_outbox
from chassis.mongo.indexes import Index
from submission.domain.campaigns import Campaign, CampaignFacts
from submission.domain.units import Unit, UnitFacts, known_as

UNITS = "units"
CAMPAIGNS = "campaigns"
# One value per collection: the equality before the range that finds what changed lately.
KIND = {UNITS: "unit", CAMPAIGNS: "campaign"}
INDEXES = (
    Index(UNITS, (("kind", 1), ("changed_at", 1))),
    Index(UNITS, (("parent", 1),)),
    Index(UNITS, (("known_as", 1),)),
    outbox_index(UNITS),
    Index(CAMPAIGNS, (("kind", 1), ("changed_at", 1))),
    outbox_index(CAMPAIGNS),
)


class MongoUnits:
    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
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
        fields = unit_fields(unit) | {"kind": KIND[UNITS], "changed_at": self._clock()}
        return _save(self._collection, unit.code, unit.version, fields, event)


class MongoCampaigns:
    def __init__(self, db: Database[dict[str, Any]], clock: Clock) -> None:
        self._collection = db[CAMPAIGNS]
        self._clock = clock

    def find(self, id: str) -> Campaign | None:
        document = self._collection.find_one({"_id": id})
        return None if document is None else campaign(document)

    def save(self, campaign: Campaign, event: PendingEvent) -> bool:
        fields = campaign_fields(campaign) | {"kind": KIND[CAMPAIGNS], "changed_at": self._clock()}
        return _save(self._collection, campaign.id, campaign.version, fields, event)


def _save(
    collection: Collection[dict[str, Any]],
    id: str,
    version: int,
    fields: dict[str, Any],
    event: PendingEvent,
) -> bool:
    fields = fields | {"version": version}
    if version == 1:
        try:
            collection.insert_one({"_id": id, **fields, **outbox_fields(id, [event])})
        except DuplicateKeyError:
            return False
        return True
    update = push_outbox({"$set": fields}, id, [event])
    return collection.update_one({"_id": id, "version": version - 1}, update).matched_count == 1


def unit_fields(unit: Unit) -> dict[str, Any]:
    facts = unit.facts
    return {
        "path": list(unit.path),
        "known_as": list(known_as(unit.code, facts)),
        "name_vi": facts.name_vi,
        "name_en": facts.name_en,
        "parent": facts.parent,
        "level": str(facts.level),
        "block": facts.block,
        "cluster": facts.cluster,
        "valid_from": facts.valid_from.isoformat(),
        "valid_to": None if facts.valid_to is None else facts.valid_to.isoformat(),
    }


def unit(document: Mapping[str, Any]) -> Unit:
    valid_to = document["valid_to"]
    facts = UnitFacts(
        name_vi=document["name_vi"],
        name_en=document["name_en"],
        parent=document["parent"],
        level=document["level"],
        block=document["block"],
        cluster=document["cluster"],
        valid_from=date.fromisoformat(document["valid_from"]),
        valid_to=None if valid_to is None else date.fromisoformat(valid_to),
    )
    return Unit(document["_id"], tuple(document["path"]), facts, document["version"])


def campaign_fields(campaign: Campaign) -> dict[str, Any]:
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
