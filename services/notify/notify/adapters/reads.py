"""Owns how many documents are looked up at once. It must never be given a filter that no index serves."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from pymongo.collection import Collection as MongoCollection
from pymongo.database import Database

Document = dict[str, Any]
Store = Database[Document]

# SecantusDB's $in costs the square of its length: 50 keys take some 10 ms, 1,000 take 3 s.
KEYS_PER_READ = 50


def find_by_any(
    collection: MongoCollection[Document],
    field: str,
    keys: Collection[str],
    fields: Collection[str] | None = None,
) -> Iterator[Document]:
    """The documents whose indexed `field` is, or holds, one of `keys`; one may come more than once.

    One round trip per KEYS_PER_READ keys.
    """
    rest = iter(sorted(keys))
    while chunk := list(islice(rest, KEYS_PER_READ)):
        yield from collection.find({field: {"$in": chunk}}, fields)
