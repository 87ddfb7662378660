"""The files of the sample programme as values. It reads only deploy/sample."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sangkienctl.home import REPOSITORY

# The folder of the files if the package is installed outside the repository, as in its image.
FOLDER_VARIABLE = "SANGKIEN_SAMPLE"


@dataclass(frozen=True)
class SampleUnit:
    """A unit of the tree of 2022; `path` is root first and ends in its own code."""

    code: str
    path: tuple[str, ...]
    level: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class SampleAccount:
    """A demo account; roles: {(role, unit)}."""

    username: str
    password: str = field(repr=False)
    member_id: str
    roles: frozenset[tuple[str, str]]
    directory: Mapping[str, Any]


@dataclass(frozen=True)
class SampleInitiative:
    """A published initiative. unit, year: None if the source gives none; benefit: VND."""

    title: str
    field: str
    solution_type: str
    unit: str | None
    year: int | None
    benefit: int | None
    summary: str


class Sample:
    """All files, each read at its first use."""

    @cached_property
    def units(self) -> dict[str, SampleUnit]:
        """By code, parents before children."""
        made: dict[str, SampleUnit] = {}
        for row in _rows("units.csv"):
            parent = row["parent_code"] or None
            path = (*made[parent].path, row["code"]) if parent else (row["code"],)
            facts = {
                "name_vi": row["name_vi"],
                "name_en": row["name_en"] or None,
                "parent": parent,
                "level": row["level"],
                "block": row["block"] or None,
                "cluster": row["cluster"] or None,
                "valid_from": row["valid_from"],
                "valid_to": row["valid_to"] or None,
            }
            made[row["code"]] = SampleUnit(row["code"], path, row["level"], facts)
        return made

    @cached_property
    def campaigns(self) -> list[dict[str, Any]]:
        return _document("campaigns.json")

    @cached_property
    def targets(self) -> list[dict[str, Any]]:
        return _document("targets.json")

    @cached_property
    def accounts(self) -> list[SampleAccount]:
        return [
            SampleAccount(
                username=entry["username"],
                password=entry["password"],
                member_id=entry["member_id"],
                roles=frozenset((grant["role"], grant["unit"]) for grant in entry["grants"]),
                directory={name: entry[name] for name in ("name", "email", "locale", "grants")},
            )
            for entry in _document("accounts.json")
        ]

    @cached_property
    def initiatives(self) -> list[SampleInitiative]:
        return [
            SampleInitiative(
                title=row["title"],
                field=row["field_slug"],
                solution_type=row["solution_type"],
                unit=row["unit_code"] or None,
                year=int(row["year"]) if row["year"] else None,
                benefit=int(row["benefit_vnd"]) if row["benefit_vnd"] else None,
                summary=row["summary"],
            )
            for row in _rows("initiatives.csv")
        ]

    def members(self) -> list[tuple[SampleAccount, SampleUnit]]:
        """The members who may register their own initiatives, with their grassroots unit."""
        return [
            (account, self.units[unit])
            for account in self.accounts
            for role, unit in sorted(account.roles)
            if role == "member" and self.units[unit].level == "grassroots" and len(account.roles) == 1
        ]

    def decider(self, role: str, path: tuple[str, ...], not_these: frozenset[str]) -> SampleAccount | None:
        """The account with a role nearest to the end of a path that is none of these members."""
        for unit in reversed(path):
            for account in self.accounts:
                if (role, unit) in account.roles and account.member_id not in not_these:
                    return account
        return None


def _folder() -> Path:
    return Path(os.environ.get(FOLDER_VARIABLE) or REPOSITORY / "deploy" / "sample")


def _rows(name: str) -> list[dict[str, str]]:
    with (_folder() / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _document(name: str) -> list[dict[str, Any]]:
    parsed: list[dict[str, Any]] = json.loads((_folder() / name).read_text(encoding="utf-8"))
    return parsed
