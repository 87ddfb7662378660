"""The files that belong to this repository."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files() -> Iterator[str]:
    """The names of all files that are committed or not ignored."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    return (name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def texts() -> Iterator[tuple[str, str]]:
    """The name and the content of each text file."""
    for name in files():
        try:
            yield name, (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue
