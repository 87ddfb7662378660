"""Approved initiatives whose authors agreed to publication, as a projection of their own: what the public may
read and search, and nothing else of them. It never holds a confidential initiative, a text or a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import DESCENDING, ReplaceOne
from pymongo.database import Database

from chassis.mongo.documents import known
from chassis.mongo.indexes import Index
from chassis.mongo.keyset import sort_key
from submission.adapters import initiatives
from submission.application.ports import Published, PublishedPage
from submission.domain.states import State
from union.folding import words

COLLECTION = "showcase"
INDEXES = (Index(COLLECTION, (("tokens", 1), ("sort_key", -1))),)

# In the tokens of every entry, so that the list without a search has the same index.
EVERY = "*"

_READ = {
    "code": 1,
    "unit_path": 1,
    "milestones.approved": 1,
    "benefit_verified": 1,
    "content.title": 1,
    "content.unit": 1,
    "content.field": 1,
    "content.solution_type": 1,
    "content.campaign": 1,
    "content.benefit.declared_vnd": 1,
    "content.authors.lead": 1,
}


class MongoShowcase:
    def __init__(self, db: Database[dict[str, Any]]) -> None:
        self._entries = db[COLLECTION]
        self._initiatives = db[initiatives.COLLECTION]

    def publish(self, ids: Sequence[str]) -> int:
        """Enter those of these initiatives that are approved and may be published; how many. Again changes
        nothing."""
        found = self._initiatives.find(
            {
                "_id": {"$in": list(ids)},
                "state": State.APPROVED.value,
                "content.consent_to_publish": True,
                "content.confidential": False,
            },
            _READ,
        )
        return self._enter([_entry(document) for document in found])

    def publish_all(self) -> int:
        """The same for every initiative there is, in batches; for a migration."""
        entered, batch = 0, list[dict[str, Any]]()
        for document in self._initiatives.find({"state": State.APPROVED.value}, {"_id": 1}):
            batch.append(document)
            if len(batch) == _BATCH:
                entered += self.publish([one["_id"] for one in batch])
                batch.clear()
        return entered + (self.publish([one["_id"] for one in batch]) if batch else 0)

    def _enter(self, entries: Sequence[dict[str, Any]]) -> int:
        if entries:
            self._entries.bulk_write(
                [ReplaceOne({"_id": entry["_id"]}, entry, upsert=True) for entry in entries], ordered=False
            )
        return len(entries)

    def page(self, text: str, unit: str | None, before: str | None, limit: int) -> PublishedPage:
        """Those whose title, code or field has all the words of `text`, whatever the diacritics; with `unit`
        those of its subtree. The newest first, from the position `before` on.

        An index serves one word, the longest, which stands for the fewest; the others are looked for in what
        it gives, and only so far: a page of rare combinations may be short and still have a next one.
        """
        wanted = list(words(text)[:_MOST_WORDS])
        if unit is not None:
            wanted.append(_of_unit(unit))
        wanted.sort(key=len, reverse=True)
        query: dict[str, Any] = {"tokens": wanted[0] if wanted else EVERY}
        if before is not None:
            query["sort_key"] = {"$lt": before}
        others = frozenset(wanted[1:])
        most = max(_SCANNED, limit + 1) if others else limit + 1
        cursor = self._entries.find(query).sort("sort_key", DESCENDING).limit(most)
        scanned = list(cursor.batch_size(most + 1))
        rows = [one for one in scanned if others.issubset(one["tokens"])]
        after = None
        if len(rows) > limit:
            after = rows[limit - 1]["sort_key"]
        elif others and len(scanned) == most:
            after = scanned[-1]["sort_key"]
        return PublishedPage([_published(one) for one in rows[:limit]], after)


_BATCH = 500
_MOST_WORDS = 12
# Entries that a search by several words looks through for one page.
_SCANNED = 400


def _of_unit(code: str) -> str:
    # Folded words have neither capitals nor colons: a code is never mistaken for one.
    return f"unit:{code}"


def _entry(document: Mapping[str, Any]) -> dict[str, Any]:
    content = document["content"]
    approved = document["milestones"]["approved"]
    searched = f"{content['title']} {document['code']} {content['field']}"
    return {
        "_id": document["_id"],
        "sort_key": sort_key(approved, document["_id"]),
        "tokens": [EVERY, *words(searched), *map(_of_unit, document["unit_path"])],
        "code": document["code"],
        "title": content["title"],
        "unit": content["unit"],
        "field": content["field"],
        "solution_type": content["solution_type"],
        "campaign": content["campaign"],
        "approved_at": approved,
        "benefit_declared": (content.get("benefit") or {}).get("declared_vnd"),
        "benefit_verified": document["benefit_verified"],
        "author_count": len(content["authors"]),
    }


def _published(document: Mapping[str, Any]) -> Published:
    return Published(**known(Published, document))
