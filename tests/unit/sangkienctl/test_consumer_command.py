"""The commands for parked consumers as an operator types them: each plays a role of the service."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sangkienctl.cli import main


@pytest.mark.parametrize("act", ["status", "release"])
@pytest.mark.parametrize("service", ["submission", "review", "stats", "notify"])
def test_a_command_plays_the_role_of_the_service_and_ends_as_it_does(
    service: str, act: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def play(command: list[str], env: dict[str, str], check: bool) -> subprocess.CompletedProcess[Any]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", play)
    monkeypatch.setenv("MONGO_URI", "mongodb://unused/")

    done = CliRunner().invoke(main, ["--home", str(tmp_path), "consumer", act, service])

    assert done.exit_code == 1
    assert commands == [[sys.executable, "-m", service, "consumer", act]]


def test_a_service_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["--home", str(tmp_path), "consumer", "release", "post"])

    assert done.exit_code == 2
