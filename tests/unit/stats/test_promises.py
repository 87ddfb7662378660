"""What stats promises to others: its README, its topics and its OpenAPI document say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from openapi_spec_validator import validate

import contracts
from chassis.settings import settings_table
from stats.__main__ import SERVICE
from stats.adapters.payloads import CONSUMED_TOPICS
from stats.adapters.target_events import TARGET_TOPIC
from stats.bootstrap import openapi_document
from stats.config import Settings

README = Path(contracts.__file__).parents[1] / "services/stats/README.md"


def section(title: str) -> str:
    """The text of one section of the README."""
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", README.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"the README has no section {title}"
    return found[1]


def test_the_readme_has_each_setting_as_it_is_declared() -> None:
    rows = [line for line in section("Settings").splitlines() if line.startswith("| `")]

    assert rows == [f"| `{name}` | {default} | {help} |" for name, default, help in settings_table(Settings)]


def test_the_readme_has_each_role() -> None:
    named = re.findall(r"^\| `python -m stats ([a-z-]+)` \|", section("Roles"), re.MULTILINE)

    assert tuple(named) == SERVICE.roles


def test_what_is_consumed_and_produced_is_what_the_contracts_and_the_readme_say() -> None:
    topics = contracts.topics().values()
    produced = {topic.name for topic in topics if topic.producer == "stats" and topic.kind == "event"}

    table_in, table_out = section("Topics").split("| out |")
    assert set(re.findall(r"^\| `([a-z._]+)` \|", table_in, re.MULTILINE)) == set(CONSUMED_TOPICS)
    assert set(re.findall(r"^\| `([a-z._]+)` \|", table_out, re.MULTILINE)) == produced == {TARGET_TOPIC}


def test_the_openapi_document_is_valid_and_has_the_paths_of_the_readme() -> None:
    document = openapi_document()

    validate(document)
    paths = set(re.findall(r"`(?:GET|PUT|POST) (/v1/[^?`]+)", section("API"))) - {"/v1/openapi.json"}
    assert paths == set(document["paths"])
    target = document["paths"]["/v1/targets/{campaign}/{unit}"]["put"]
    assert {p["name"] for p in target["parameters"] if p["in"] == "header" and p["required"]} == {"If-Match"}


def test_the_api_imports_no_kafka_client() -> None:
    script = "import sys, stats.bootstrap as b; b.openapi_document(); print('kafka' in sys.modules)"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "False"


def test_only_the_api_imports_a_web_framework() -> None:
    script = "import sys, stats.__main__, chassis.worker; print({'flask', 'marshmallow'} & set(sys.modules))"

    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"
