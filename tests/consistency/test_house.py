"""Who may import whom, and that the four services have the same rooms."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("submission", "review", "stats", "notify")
ROOMS = (
    "__main__.py",
    "bootstrap.py",
    "config.py",
    "domain",
    "application",
    "adapters",
    "entrypoints/http",
    "entrypoints/consumer.py",
    "migrations",
)
NAMES_THAT_EXPLAIN_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers"}


def test_every_import_rule_of_the_house_holds() -> None:
    # A process of its own: import-linter configures logging for the whole process that it runs in.
    linter = Path(sys.executable).with_name("lint-imports")
    check = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True)

    assert check.returncode == 0, check.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_same_rooms_as_the_others(service: str) -> None:
    missing = [room for room in ROOMS if not (ROOT / "services" / service / service / room).exists()]

    assert not missing, f"services/{service}/{service} lacks {missing}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_can_be_deployed_and_understood_alone(service: str) -> None:
    folder = ROOT / "services" / service

    missing = [
        name
        for name in ("Dockerfile", "pyproject.toml", "requirements.txt", "README.md")
        if not (folder / name).exists()
    ]

    assert not missing, f"services/{service} lacks {missing}"


def test_no_module_has_a_name_that_explains_nothing() -> None:
    packages = ("libs", "services", "deploy", "contracts", "tests", "bin")

    poor = [
        path.relative_to(ROOT)
        for package in packages
        for path in (ROOT / package).rglob("*.py")
        if path.stem in NAMES_THAT_EXPLAIN_NOTHING and "build" not in path.parts
    ]

    assert not poor, f"rename after what they own: {poor}"


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = re.findall(r"`(tests/[a-z0-9_/.]+)`", (ROOT / "SECURITY.md").read_text())

    assert len(named) > 20
    assert [name for name in named if not (ROOT / name).exists()] == []
