"""What is generated and committed says what the code says today."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("submission", "review", "stats", "notify")
STABLE_PATHS = {
    "submission": {
        "/v1/initiatives": {"get", "post"},
        "/v1/initiatives/{id}": {"get", "put"},
        "/v1/initiatives/{id}/submit": {"post"},
        "/v1/initiatives/{id}/withdraw": {"post"},
        "/v1/receipts/{code}": {"get"},
        "/v1/units": {"get"},
        "/v1/units/{code}": {"get"},
        "/v1/campaigns": {"get"},
    },
    "review": {
        "/v1/cases": {"get"},
        "/v1/cases/{id}": {"get"},
        "/v1/cases/{id}/decisions": {"post"},
    },
    "stats": {
        "/v1/units/{code}/progress": {"get"},
        "/v1/units/{code}/children": {"get"},
        "/v1/units/{code}/timeline": {"get"},
        "/v1/targets/{campaign}/{unit}": {"put"},
    },
    "notify": {"/v1/inbox": {"get"}, "/v1/inbox/{id}/read": {"post"}},
}


def document(service: str) -> dict[str, Any]:
    return json.loads((ROOT / "contracts/openapi" / f"{service}.json").read_text())  # type: ignore[no-any-return]


def test_bin_generate_has_nothing_to_write() -> None:
    check = subprocess.run([ROOT / "bin/generate", "--check"], cwd=ROOT, capture_output=True, text=True)

    assert check.returncode == 0, check.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_an_openapi_document_is_valid(service: str) -> None:
    validate(document(service))


@pytest.mark.parametrize("service", SERVICES)
def test_the_stable_paths_are_there(service: str) -> None:
    paths = document(service)["paths"]
    # The names of the parameters are ours to choose; the paths are not.
    served = {_without_names(path): set(operations) for path, operations in paths.items()}

    for path, methods in STABLE_PATHS[service].items():
        assert methods <= served.get(_without_names(path), set()), path


def _without_names(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
