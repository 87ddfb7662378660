"""The record of released schemas: a released file never changes again, a new version is a new file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import contracts

RECORD = contracts.ROOT / "released.json"


def recorded() -> dict[str, str]:
    """SHA-256 by path (relative to the package) of every schema ever released."""
    digests: dict[str, str] = json.loads(RECORD.read_bytes()) if RECORD.exists() else {}
    return digests


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def schema_files() -> dict[str, Path]:
    files = sorted((contracts.ROOT / "schemas").glob("*/*.json"))
    return {path.relative_to(contracts.ROOT).as_posix(): path for path in files}


def broken_promises(record: dict[str, str], files: dict[str, Path]) -> list[str]:
    """What is wrong between the record and the files, one sentence each; empty when all promises are kept."""
    problems = []
    for name, expected in record.items():
        if name not in files:
            problems.append(f"{name} was released and is gone: put it back")
        elif digest(files[name]) != expected:
            problems.append(f"{name} was released and has changed: undo it and add the next minor version")
    problems += [
        f"{name} is not recorded: run `bin/contracts release`" for name in files if name not in record
    ]
    return problems


def release() -> list[str]:
    """Record the schema files that are new; returns their names. Recorded digests are never replaced."""
    record = recorded()
    new = {name: digest(path) for name, path in schema_files().items() if name not in record}
    RECORD.write_text(json.dumps(dict(sorted((record | new).items())), indent=2) + "\n", encoding="utf-8")
    return sorted(new)
