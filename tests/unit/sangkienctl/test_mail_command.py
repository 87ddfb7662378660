"""The commands for mails in doubt as an operator types them: each plays a role of notify."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sangkienctl.cli import main


@pytest.mark.parametrize(
    ("typed", "played"),
    [
        (["doubtful"], ["list"]),
        (["resend", "e1:m-1:email", "e2:m-2:email"], ["resend", "e1:m-1:email", "e2:m-2:email"]),
        (["discard", "--all"], ["discard", "--all"]),
    ],
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

    done = CliRunner().invoke(main, ["--home", str(tmp_path), "mail", *typed])

    assert done.exit_code == 7
    assert commands == [[sys.executable, "-m", "notify", "doubtful", *played]]
