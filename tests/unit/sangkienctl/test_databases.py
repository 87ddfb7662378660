"""Which engine keeps the data, what it is started with, and what may be shown of its address."""

from __future__ import annotations

from pathlib import Path

import pytest

from sangkienctl import databases, engine_build
from sangkienctl.databases import MIB, DatabaseEngine, EngineChoice, chosen_engine
from sangkienctl.home import Home, PlatformError

ESCAPED = "s3%40cret"


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has built nothing."""
    return {"XDG_CACHE_HOME": str(tmp_path), "PATH": ""}


def built(machine: dict[str, str]) -> dict[str, str]:
    program = engine_build.folder(machine) / "bin" / engine_build.PROGRAM
    program.parent.mkdir(parents=True)
    program.touch()
    return machine


def test_the_fast_engine_is_used_where_it_is_built(machine: dict[str, str]) -> None:
    assert chosen_engine(EngineChoice.AUTO, machine) is DatabaseEngine.PYTHON
    assert chosen_engine(EngineChoice.AUTO, built(machine)) is DatabaseEngine.FAST
    assert chosen_engine(EngineChoice.PYTHON, machine) is DatabaseEngine.PYTHON


def test_the_environment_decides_what_nobody_else_does(machine: dict[str, str]) -> None:
    python = {**built(machine), databases.ENGINE_VARIABLE: "python"}

    assert chosen_engine(EngineChoice.AUTO, python) is DatabaseEngine.PYTHON
    assert chosen_engine(EngineChoice.FAST, python) is DatabaseEngine.FAST


def test_the_fast_engine_is_refused_where_it_is_not_built(machine: dict[str, str]) -> None:
    with pytest.raises(PlatformError, match="make engine"):
        chosen_engine(EngineChoice.FAST, machine)


@pytest.mark.parametrize(
    ("memory", "cache"), [(2048, 256), (8192, 341), (16384, 682), (24576, 1024), (262144, 1024)]
)
def test_the_cache_grows_with_the_memory_between_two_bounds(memory: int, cache: int) -> None:
    assert databases.cache_size(memory * MIB) // MIB == cache


def test_every_engine_syncs_its_log_before_it_acknowledges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_build, "folder", lambda: Path("/cache/engine"))
    python, fast = (
        databases.command(engine, 27017, Path("/data"), cache=256 * MIB)
        for engine in (DatabaseEngine.PYTHON, DatabaseEngine.FAST)
    )

    for command in (python, fast):
        assert "--sync-on-commit" in command
        assert command[command.index("--cache-size") + 1] == "256M"
        assert command[command.index("--host") + 1] == "127.0.0.1"
    # A start after kill -9 reads every file of the log, and each is allocated in full.
    assert fast[fast.index("--log-file-max") + 1] == "64MB"
    assert "--log-file-max" not in python
    assert fast[fast.index("--config") + 1] == "/cache/engine/no-settings.toml"


def test_a_platform_is_described_although_its_engine_has_left_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    described = databases.command(DatabaseEngine.FAST, 27017, Path("/data"))

    assert described[0] == str(engine_build.folder() / "bin" / engine_build.PROGRAM)
    assert engine_build.program() is None


def test_a_lost_address_of_a_mongodb_is_reported_and_never_made_up(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.prepare()

    with pytest.raises(PlatformError, match="up --mongo URI"):
        home.kept_secret("mongo-uri")

    assert list(home.secrets.iterdir()) == []


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("mongodb://h:1/?tls=true", "mongodb://h:1/?tls=true"),
        (f"mongodb://user:{ESCAPED}@h1,h2/?x=1", "mongodb://user:***@h1,h2/?x=1"),
        ("mongodb+srv://user:s3cret@cluster.example", "mongodb+srv://user:***@cluster.example"),
        ("mongodb://user@h", "mongodb://user:***@h"),
    ],
)
def test_a_password_is_never_shown(uri: str, shown: str) -> None:
    assert databases.without_password(uri) == shown


def test_what_is_no_uri_is_refused_without_its_password() -> None:
    with pytest.raises(PlatformError, match="is not a MongoDB URI") as refused:
        databases.require_transactions("postgres://user:s3cret@h", ["sangkien-review"])

    assert "s3cret" not in str(refused.value)
