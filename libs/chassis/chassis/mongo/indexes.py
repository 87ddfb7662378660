"""Declares indexes as data and creates them. Only the `migrate` role calls it; no request creates an
index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pymongo import IndexModel
from pymongo.database import Database


class IndexConflict(Exception):
    """An index of that name exists with other options; a migration has to drop it first."""


@dataclass(frozen=True)
class Index:
    """One index: `keys` are (field, 1 or -1); `partial` is a filter; `expire_after` makes it a TTL index."""

    collection: str
    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    sparse: bool = False
    partial: Mapping[str, Any] | None = None
    expire_after: timedelta | None = None

    @property
    def name(self) -> str:
        return "_".join(f"{field}_{direction}" for field, direction in self.keys)

    def options(self) -> dict[str, Any]:
        """The options that differ from MongoDB's defaults, as the server reports them."""
        options: dict[str, Any] = {}
        if self.unique:
            options["unique"] = True
        if self.sparse:
            options["sparse"] = True
        if self.partial is not None:
            options["partialFilterExpression"] = dict(self.partial)
        if self.expire_after is not None:
            options["expireAfterSeconds"] = int(self.expire_after.total_seconds())
        return options


OPTION_NAMES = ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds")


def ensure(db: Database[dict[str, Any]], indexes: Iterable[Index]) -> None:
    """Create missing indexes and their collections; indexes that exist with the same options are kept.

    Raises IndexConflict, before it changes anything, if an index of the same name has other options.
    """
    wanted: defaultdict[str, list[Index]] = defaultdict(list)
    for index in indexes:
        wanted[index.collection].append(index)
    missing = {name: _missing(db, name, declared) for name, declared in wanted.items()}
    for collection, declared in missing.items():
        if declared:
            models = [IndexModel(list(i.keys), name=i.name, **i.options()) for i in declared]
            db[collection].create_indexes(models)


def _missing(db: Database[dict[str, Any]], collection: str, declared: list[Index]) -> list[Index]:
    existing = db[collection].index_information()
    missing = []
    for index in declared:
        found = existing.get(index.name)
        if found is None:
            missing.append(index)
            continue
        options = {name: found[name] for name in OPTION_NAMES if found.get(name) not in (None, False)}
        if options != index.options():
            raise IndexConflict(
                f"{collection}.{index.name} exists with {options}, declared is {index.options()}; "
                "drop it in a migration"
            )
    return missing
