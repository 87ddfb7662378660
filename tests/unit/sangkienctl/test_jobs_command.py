"""The commands for jobs as an operator types them: each plays the role `jobs` of a service."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sangkienctl.cli import main
from sangkienctl.jobs_command import SERVICES_WITH_JOBS


@pytest.mark.parametrize(
    ("typed", "played"),
    [
        (["list"], ["list"]),
        (["list", "--state", "failed", "--service", "notify"], ["list", "--state", "failed"]),
        (["show", "retention.daily:2022-05-31T19:00:00Z"], ["show", "retention.daily:2022-05-31T19:00:00Z"]),
        (["retry", "j1"], ["retry", "j1"]),
        (["cancel", "j1", "--service", "notify"], ["cancel", "j1"]),
    ],
    ids=lambda words: words[0],
)
def test_a_command_plays_the_role_with_what_was_typed_and_ends_as_it_does(
    typed: list[str], played: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def play(command: list[str], env: dict[str, str], check: bool) -> subprocess.CompletedProcess[Any]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 7)

    monkeypatch.setattr(subprocess, "run", play)
    monkeypatch.setenv("MONGO_URI", "mongodb://unused/")

    done = CliRunner().invoke(main, ["--home", str(tmp_path), "jobs", *typed])

    assert done.exit_code == 7
    assert commands == [[sys.executable, "-m", "notify", "jobs", *played]]


def test_every_service_that_has_jobs_can_be_chosen() -> None:
    services = ("submission", "review", "stats", "notify")
    with_jobs = [
        name for name in services if "jobs" in importlib.import_module(f"{name}.__main__").SERVICE.extra
    ]

    assert with_jobs == list(SERVICES_WITH_JOBS)
