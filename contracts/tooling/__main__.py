"""`bin/contracts write|release|check`: the command of those who change a contract."""

from __future__ import annotations

import sys
from pathlib import Path

import contracts
from contracts.tooling import asyncapi, releases, schemas

ASYNCAPI = contracts.ROOT / "asyncapi.yaml"

USAGE = """\
usage: bin/contracts write | release | check
  write    build the current schemas and asyncapi.yaml from the definitions; released schemas stay as they are
  release  record the new schemas as released: from then on they never change
  check    say what is out of date or broken; exit 1 if anything is
"""


def generated() -> dict[Path, str]:
    """Every generated file with the text that it should have."""
    return schemas.current_schemas() | {ASYNCAPI: asyncapi.render()}


def write() -> int:
    released = releases.recorded()
    for path, text in schemas.current_schemas().items():
        name = path.relative_to(contracts.ROOT).as_posix()
        if name in released and path.exists() and path.read_text(encoding="utf-8") != text:
            print(f"{name} is released: add a minor version to its topic file first", file=sys.stderr)
            return 1
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    ASYNCAPI.write_text(asyncapi.render(), encoding="utf-8")
    return 0


def problems() -> list[str]:
    stale = [
        f"{path.relative_to(contracts.ROOT)} is out of date: run `bin/contracts write`"
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    return stale + releases.broken_promises(releases.recorded(), releases.schema_files())


def main(arguments: list[str]) -> int:
    match arguments:
        case ["write"]:
            return write()
        case ["release"]:
            print("\n".join(releases.release()) or "nothing new to release")
            return 0
        case ["check"]:
            found = problems()
            print("\n".join(found) or "contracts are up to date")
            return 1 if found else 0
        case _:
            print(USAGE, file=sys.stderr, end="")
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
