"""Builds the fast database engine from its crate, once per machine, into the user's cache. databases.py
decides when to use it. The platform does not need it: without it the Python engine is used.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sangkienctl.home import PlatformError

CRATE = "secantus-mdb"
VERSION = "0.5.3-beta.196"
# SHA-256 of the crate's archive. The lock file inside it pins its dependencies with checksums (--locked).
CHECKSUM = "7f60aa460984d72e5b5dd3faeb1310d98eb594ebaf5f7c76d5ff7d208dd5c02f"
PROGRAM = "secantusd-rs"
SETTINGS = "no-settings.toml"
# The oldest compiler with which we have built it; the crate asks for a newer one than it needs.
LEAST_RUST = (1, 95)
# Crates that a build compiles: the length of its progress bar.
STEPS = 210

INSTALL = "apt-get install cmake g++ cargo-web rustc-web (Debian 12), or Rust by rustup"


class Progress(Protocol):
    def advance(self, count: int = 1) -> None: ...


class _NoProgress:
    def advance(self, count: int = 1) -> None:
        pass


def folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the engine of this version for this kind of machine."""
    cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    library = "-".join(part for part in platform.libc_ver() if part) or "unknown"
    return (
        cache
        / "sangkien"
        / "engine"
        / f"{VERSION}-{platform.system()}-{platform.machine()}-{library}".lower()
    )


def program(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The built program; None if it is not built. The folder is complete or absent: a build renames it."""
    built = folder(environment) / "bin" / PROGRAM
    return built if built.is_file() else None


def obstacles(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The prerequisites of a build that this machine lacks; empty if none."""
    path = environment.get("PATH")
    missing = [name for name in ("cargo", "rustc", "cmake") if shutil.which(name, path=path) is None]
    compilers = [environment.get("CXX", ""), "c++", "g++", "clang++"]
    if not any(name and shutil.which(name, path=path) for name in compilers):
        missing.append("a C++ compiler")
    if "rustc" not in missing and (found := _rust_version(environment)) < LEAST_RUST:
        missing.append(f"Rust {_dotted(LEAST_RUST)} or newer (found {_dotted(found)})")
    return missing


def toolchain_is_there(environment: Mapping[str, str] = os.environ) -> bool:
    return not obstacles(environment)


def build(progress: Progress | None = None, environment: Mapping[str, str] = os.environ) -> Path:
    """Build it unless it is built; return the program. Waits for another build by the same user.

    Raises PlatformError, one line: what is missing, which step failed, or that the archive differs.
    """
    target = folder(environment)
    with _alone(target.parent):
        if (built := program(environment)) is not None:
            return built
        if missing := obstacles(environment):
            raise _refusal(f"missing {', '.join(missing)}. {INSTALL}")
        staging = Path(tempfile.mkdtemp(prefix="partial-", dir=target.parent))
        try:
            _compile(staging, progress or _NoProgress(), environment)
            _require_version(staging / "bin" / PROGRAM)
            (staging / SETTINGS).write_text("# Kept empty: the platform passes every option itself.\n")
            staging.chmod(0o755)
            staging.rename(target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return target / "bin" / PROGRAM


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        # Remove what a killed build left behind.
        for partial in cache.glob("partial-*"):
            shutil.rmtree(partial, ignore_errors=True)
        yield


def _compile(root: Path, progress: Progress, environment: Mapping[str, str]) -> None:
    # The crate names a newer compiler than it needs (--ignore-rust-version).
    command = ["cargo", "install", CRATE, "--version", f"={VERSION}", "--locked", "--ignore-rust-version"]
    command += ["--root", str(root), "--color", "never"]
    # The user's flags for other projects could produce a program that another machine cannot run.
    left_out = {"CARGO_TARGET_DIR", "CARGO_BUILD_TARGET", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"}
    inherited = {name: value for name, value in environment.items() if name not in left_out}
    last: list[str] = []
    verified = False
    with subprocess.Popen(  # noqa: S603
        command, cwd=root, env=inherited, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None  # noqa: S101 - asked for above
        try:
            for line in process.stderr:
                last = [*last[-19:], line.strip()]
                if not line.lstrip().startswith("Compiling "):
                    continue
                # Everything is downloaded before the first crate compiles, and ours compiles last.
                verified = verified or _verified(inherited)
                progress.advance()
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        reason = next((one for one in last if one.startswith("error")), last[-1] if last else "no output")
        raise _refusal(reason)
    if not verified:
        _verified(inherited)


def _verified(environment: Mapping[str, str]) -> bool:
    """True for the pinned archive. Raises PlatformError if it differs or is missing."""
    home = Path(environment.get("CARGO_HOME") or Path.home() / ".cargo")
    archives = list(home.glob(f"registry/cache/*/{CRATE}-{VERSION}.crate"))
    if not archives or any(_digest(archive) != CHECKSUM for archive in archives):
        found = "differs from the pinned one" if archives else "was not found after the download"
        raise _refusal(f"the archive of {CRATE} {VERSION} {found}")
    return True


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _require_version(built: Path) -> None:
    said = subprocess.run([built, "--version"], capture_output=True, text=True, check=False)  # noqa: S603
    if VERSION not in said.stdout + said.stderr:
        raise _refusal(f"the program says {(said.stdout or said.stderr).strip()!r}, not {VERSION}")


def _rust_version(environment: Mapping[str, str]) -> tuple[int, int]:
    rustc = shutil.which("rustc", path=environment.get("PATH"))
    said = subprocess.run(  # noqa: S603
        [str(rustc), "--version"], capture_output=True, text=True, check=False, env=dict(environment)
    )
    found = re.search(r"(\d+)\.(\d+)", said.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _refusal(reason: str) -> PlatformError:
    return PlatformError(f"cannot build the fast database engine: {reason}")


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
