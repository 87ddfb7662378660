"""What review promises to others: its README, its topics and its OpenAPI document say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from openapi_spec_validator import validate

import contracts
from chassis.settings import settings_table
from review.adapters import contract
from review.bootstrap import openapi_document
from review.config import Settings

README = Path(contracts.__file__).parents[1] / "services/review/README.md"


def section(title: str) -> str:
    """The text of one section of the README."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title}"
    return found[1]


def test_the_readme_has_each_setting_as_it_is_declared() -> None:
    rows = [line for line in section("Settings").splitlines() if line.startswith("| `")]

    assert rows == [f"| `{name}` | {default} | {help} |" for name, default, help in settings_table(Settings)]


def test_what_is_consumed_and_produced_is_what_the_contracts_and_the_readme_say() -> None:
    topics = contracts.topics().values()
    consumed = {topic.name for topic in topics if "review" in topic.consumers}
    produced = {topic.name for topic in topics if topic.producer == "review" and topic.kind == "event"}

    assert set(contract.CONSUMED) == consumed
    assert set(contract.TOPICS.values()) == produced
    table_in, table_out = section("Topics").split("| out |")
    assert set(re.findall(r"^\| `([a-z._]+)` \|", table_in, re.MULTILINE)) == consumed
    assert set(re.findall(r"^\| `([a-z._]+)` \|", table_out, re.MULTILINE)) == produced


def test_the_openapi_document_is_valid_and_names_the_headers_of_a_decision() -> None:
    document = openapi_document()

    validate(document)
    decision = document["paths"]["/v1/cases/{initiative_id}/decisions"]["post"]
    required = {p["name"] for p in decision["parameters"] if p["in"] == "header" and p["required"]}
    assert required == {"If-Match", "Idempotency-Key"}


def test_the_api_imports_no_kafka_client() -> None:
    script = "import sys, review.bootstrap as b; b.openapi_document(); print('kafka' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


def test_only_the_api_imports_a_web_framework() -> None:
    script = "import sys, review.__main__, chassis.worker; print({'flask', 'marshmallow'} & set(sys.modules))"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"
