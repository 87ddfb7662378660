"""Building the fast engine, with small scripts in place of cargo and the compilers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sangkienctl import engine_build
from sangkienctl.home import PlatformError

ARCHIVE = b"an archive"
# Writes the archive where cargo keeps it, then the program below --root; counts its runs.
CARGO = """#!/bin/sh
echo run >>"$RUNS"
[ -n "$FAILURE" ] && { echo "error: $FAILURE" >&2; exit 101; }
while [ "$1" != --root ]; do shift; done
mkdir -p "$CARGO_HOME/registry/cache/mirror" "$2/bin"
printf 'an archive' >"$CARGO_HOME/registry/cache/mirror/%(crate)s.crate"
echo "   Compiling libc v0.2" >&2
echo "   Compiling %(crate)s" >&2
printf '#!/bin/sh\\necho secantusd-rs %(said)s\\n' >"$2/bin/%(program)s"
chmod +x "$2/bin/%(program)s"
"""


class Counted:
    def __init__(self) -> None:
        self.count = 0

    def advance(self, count: int = 1) -> None:
        self.count += count


class Machine:
    """A user's machine: its PATH, caches and what its cargo does."""

    def __init__(self, folder: Path) -> None:
        self.tools = folder / "tools"
        self.runs = folder / "runs"
        self.environment = {
            "PATH": str(self.tools),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "CARGO_HOME": str(folder / "cargo"),
            "RUNS": str(self.runs),
        }
        self.tools.mkdir()
        for name in ("sh", "mkdir", "chmod"):
            (self.tools / name).symlink_to(Path("/bin") / name)
        self.cargo()
        self.rust("1.95.0")
        for name in ("cmake", "c++"):
            self._tool(name, "#!/bin/sh\n")

    def cargo(self, said: str = engine_build.VERSION) -> None:
        crate = f"{engine_build.CRATE}-{engine_build.VERSION}"
        self._tool("cargo", CARGO % {"crate": crate, "said": said, "program": engine_build.PROGRAM})

    def rust(self, version: str) -> None:
        self._tool("rustc", f"#!/bin/sh\necho rustc {version}\n")

    def _tool(self, name: str, text: str) -> None:
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def build(self, progress: Counted | None = None) -> Path:
        return engine_build.build(progress, self.environment)

    @property
    def builds(self) -> int:
        return len(self.runs.read_text().splitlines()) if self.runs.exists() else 0

    def left(self) -> list[str]:
        """What lies in the cache, but for the lock."""
        cache = engine_build.folder(self.environment).parent
        return sorted(entry.name for entry in cache.iterdir() if entry.name != "lock")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(engine_build, "CHECKSUM", hashlib.sha256(ARCHIVE).hexdigest())
    return Machine(tmp_path)


def test_it_is_built_once_and_shows_each_crate(machine: Machine) -> None:
    progress = Counted()

    first = machine.build(progress)
    second = machine.build()

    assert first == second == engine_build.program(machine.environment)
    assert progress.count == 2
    assert machine.builds == 1
    assert machine.left() == [engine_build.folder(machine.environment).name]


def test_an_archive_that_differs_from_the_pinned_one_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_build, "CHECKSUM", "0" * 64)

    with pytest.raises(PlatformError, match="differs from the pinned one"):
        machine.build()

    assert engine_build.program(machine.environment) is None
    assert machine.left() == []


def test_a_program_of_another_version_is_refused(machine: Machine) -> None:
    machine.cargo(said="9.9.9")

    with pytest.raises(PlatformError, match=r"secantusd-rs 9\.9\.9"):
        machine.build()

    assert machine.left() == []


def test_a_failed_build_says_why_in_one_line_and_can_be_repeated(machine: Machine) -> None:
    machine.environment["FAILURE"] = "no space left on device"
    with pytest.raises(PlatformError, match="no space left on device") as failed:
        machine.build()
    assert "\n" not in str(failed.value)

    del machine.environment["FAILURE"]

    assert machine.build().is_file()


@pytest.mark.parametrize("tool", ["cargo", "rustc", "cmake", "c++"])
def test_a_missing_tool_is_named_with_what_to_install(machine: Machine, tool: str) -> None:
    (machine.tools / tool).unlink()

    with pytest.raises(PlatformError) as refused:
        machine.build()

    assert ("a C++ compiler" if tool == "c++" else tool) in str(refused.value)
    assert "cargo-web" in str(refused.value)
    assert machine.builds == 0


def test_too_old_a_compiler_is_named_with_its_version(machine: Machine) -> None:
    machine.rust("1.63.0")

    with pytest.raises(PlatformError, match=r"Rust 1\.95 or newer \(found 1\.63\)"):
        machine.build()


def test_what_a_killed_build_left_is_removed(machine: Machine) -> None:
    left = engine_build.folder(machine.environment).parent / "partial-abc"
    left.mkdir(parents=True)
    (left / "half").write_text("of a program")

    machine.build()

    assert not left.exists()


def test_two_builds_at_once_make_one(machine: Machine) -> None:
    code = (
        "import sys; from sangkienctl import engine_build as e; e.CHECKSUM = sys.argv[1];"
        "import os; print(e.build(None, dict(os.environ)))"
    )
    command = [sys.executable, "-c", code, engine_build.CHECKSUM]
    environment = {**os.environ, **machine.environment}
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in both]

    assert said[0] == said[1] == str(engine_build.program(machine.environment))
    assert machine.builds == 1
