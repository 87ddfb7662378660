"""The sample programme's files fit together: tree, campaigns, targets, initiatives, people."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import contracts
from sangkienctl.seed.sample import Sample
from submission.domain.tree import Surroundings, place
from union.units import Block, Unit, UnitFacts, UnitLevel, known_as

SAMPLE = Path(contracts.__file__).parents[1] / "deploy" / "sample"
ROLES = {"member", "support", "reviewer", "official", "admin", "operator"}
SOLUTION_TYPES = {"ky_thuat", "quan_ly", "tac_nghiep", "ung_dung_tien_bo_ky_thuat", "de_tai_khoa_hoc"}


def rows(name: str) -> list[dict[str, str]]:
    with (SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def data(name: str) -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((SAMPLE / name).read_text(encoding="utf-8"))
    return loaded


CODES = {row["code"] for row in rows("units.csv")}


def test_parents_stand_before_their_children_and_there_is_one_root() -> None:
    seen: set[str] = set()
    roots = []
    for row in rows("units.csv"):
        assert row["parent_code"] in seen or not row["parent_code"], row["code"]
        if not row["parent_code"]:
            roots.append(row["code"])
        seen.add(row["code"])

    assert roots == ["TLD"]
    assert len(seen) == 393


def test_the_tree_keeps_the_rules_of_the_tree() -> None:
    """In the order of loading, as the service judges each new unit (decision 0019)."""
    made: dict[str, Unit] = {}
    known: dict[str, list[Unit]] = {}
    for code, unit in Sample().units.items():
        facts = unit.facts
        given = UnitFacts(
            name_vi=facts["name_vi"],
            name_en=facts["name_en"],
            parent=facts["parent"],
            level=UnitLevel(facts["level"]),
            block=None if facts["block"] is None else Block(facts["block"]),
            cluster=facts["cluster"],
            valid_from=date.fromisoformat(facts["valid_from"]),
            valid_to=None if facts["valid_to"] is None else date.fromisoformat(facts["valid_to"]),
        )
        keys = known_as(code, given)
        alike = [other for key in keys for other in known.get(key, [])]
        around = Surroundings("TLD", made.get(given.parent or ""), look_alikes=alike)
        made[code] = place(code, given, None, around, date(2026, 1, 1))
        for key in keys:
            known.setdefault(key, []).append(made[code])

    assert len(made) == 393


def test_units_fit_the_contract() -> None:
    schema = contracts.schema("unit.changed", "1.0")["properties"]

    for row in rows("units.csv"):
        assert re.fullmatch(schema["code"]["pattern"], row["code"])
        assert row["level"] in schema["level"]["enum"]
        assert (row["block"] or None) in schema["block"]["enum"]


def test_initiatives_name_known_units_fields_and_types() -> None:
    fields = {field["slug"] for field in data("fields.json")}

    for row in rows("initiatives.csv"):
        assert row["unit_code"] in CODES | {""}
        assert row["field_slug"] in fields
        assert row["solution_type"] in SOLUTION_TYPES
        assert row["title"]


def test_targets_name_known_units_and_campaigns_once() -> None:
    campaigns = {campaign["id"] for campaign in data("campaigns.json")}
    targets = data("targets.json")

    assert {target["campaign"] for target in targets} <= campaigns
    assert {target["unit"] for target in targets} <= CODES
    assert len({(target["campaign"], target["unit"]) for target in targets}) == len(targets)
    national = {t["campaign"]: t["target"] for t in targets if t["unit"] == "TLD"}
    assert national["phase-1"] == 300_000


def test_accounts_are_distinct_and_under_a_reserved_domain() -> None:
    accounts = data("accounts.json")

    for name in ("username", "member_id", "email", "name"):
        assert len({account[name] for account in accounts}) == len(accounts), name
    for account in accounts:
        assert re.fullmatch(r"m-[0-9a-z]{10}", account["member_id"])
        assert account["email"].endswith("@example.org")
        assert account["grants"]
        for grant in account["grants"]:
            assert grant["role"] in ROLES
            assert grant["unit"] in CODES


@pytest.mark.parametrize("unit", ["CD-CONG-THUONG", "CT-HOA-CHAT", "HC-APATIT-VIET-NAM"])
def test_every_role_has_an_account_in_the_sector_union_and_below(unit: str) -> None:
    held = {g["role"] for account in data("accounts.json") for g in account["grants"] if g["unit"] == unit}

    assert held == ROLES
