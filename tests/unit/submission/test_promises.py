"""What submission promises to others: README, topics, OpenAPI document and packaged data say what it does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from openapi_spec_validator import validate

import contracts
from chassis.settings import settings_table
from submission.adapters.contract import PRODUCED
from submission.adapters.fields import field_names
from submission.adapters.review_events import CONSUMED
from submission.bootstrap import openapi_document
from submission.config import Settings

ROOT = Path(contracts.__file__).parents[1]


def section(title: str) -> str:
    """The text of one section of the README."""
    text = (ROOT / "services/submission/README.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title}"
    return found[1]


def test_the_readme_has_each_setting_as_it_is_declared() -> None:
    rows = [line for line in section("Settings").splitlines() if line.startswith("| `")]

    assert rows == [f"| `{name}` | {default} | {help} |" for name, default, help in settings_table(Settings)]


def test_topics_are_those_of_the_contracts_and_of_the_readme() -> None:
    topics = contracts.topics().values()
    consumed = {topic.name for topic in topics if "submission" in topic.consumers}
    produced = {topic.name for topic in topics if topic.producer == "submission" and topic.kind == "event"}

    assert set(CONSUMED) == consumed
    assert set(PRODUCED) == produced
    table_in, table_out = section("Topics").split("| out |")
    assert set(re.findall(r"^\| `([a-z._]+)` \|", table_in, re.MULTILINE)) == consumed
    assert set(re.findall(r"^\| `([a-z._]+)` \|", table_out, re.MULTILINE)) == produced


def test_the_openapi_document_is_valid_and_names_the_headers_of_each_act() -> None:
    document = openapi_document()

    validate(document)
    headers = {
        (method, path): {p["name"] for p in operation.get("parameters", ()) if p["in"] == "header"}
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("post", "put")
    }
    assert headers == {
        ("post", "/v1/initiatives"): {"Idempotency-Key"},
        ("put", "/v1/initiatives/{id}"): {"If-Match"},
        ("post", "/v1/initiatives/{id}/submit"): {"Idempotency-Key", "If-Match"},
        ("post", "/v1/initiatives/{id}/withdraw"): {"Idempotency-Key", "If-Match"},
        ("put", "/v1/units/{code}"): {"If-Match"},
        ("put", "/v1/campaigns/{id}"): {"If-Match"},
        ("post", "/v1/operations/dead-letters/{offset}/replay"): set(),
        ("post", "/v1/operations/consumer/release"): set(),
    }


def test_the_readme_names_every_path() -> None:
    named = section("API")

    for path in openapi_document()["paths"]:
        assert f"{path}" in named, path


def test_the_fields_of_work_are_slugs_with_names_and_those_of_the_sample() -> None:
    sample = json.loads((ROOT / "deploy/sample/fields.json").read_text(encoding="utf-8"))

    assert field_names() == {field["slug"]: field["name_vi"] for field in sample}
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in field_names())
