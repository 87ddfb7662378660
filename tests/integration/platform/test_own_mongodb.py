"""`up --mongo URI`: a platform on a MongoDB of one's own; a server that asks for sign-in stands in for it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymongo
import pytest

from sangkienctl.home import PlatformError
from sangkienctl.platform import Platform
from tests.support.mongo_servers import EmbeddedMongo

USER, PASSWORD = "operator", "s3/cret"
ESCAPED = quote(PASSWORD, safe="")
OWN = {"sangkien-submission", "sangkien-review", "sangkien-stats", "sangkien-notify"}


def connected(uri: str) -> pymongo.MongoClient[dict[str, Any]]:
    return pymongo.MongoClient(uri)


@pytest.fixture(scope="module")
def signed_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI, with a password, of a server that asks for one."""
    folder = tmp_path_factory.mktemp("mongodb")
    with EmbeddedMongo(folder) as unprotected, connected(unprotected.uri) as client:
        client.admin.command("createUser", USER, pwd=PASSWORD, roles=["root"])
    with EmbeddedMongo(folder, options=("--auth",)) as server:
        yield server.uri.replace("://", f"://{USER}:{ESCAPED}@")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    Platform(tmp_path / "home").stop()


def test_a_platform_runs_on_a_mongodb_with_sign_in(signed_in: str, home: Path) -> None:
    platform = Platform(home, ports="auto", kafka="embedded", mongo=signed_in).start()

    assert all(status.ready for status in platform.status())
    assert not [status.name for status in platform.status() if status.name.endswith("-db")]
    with connected(signed_in) as client:
        assert set(client.list_database_names()) >= OWN

    # Its password is where only its owner reads it.
    assert ESCAPED not in platform.home.record_file.read_text()
    assert ESCAPED not in "".join(log.read_text() for log in platform.home.logs.glob("*.log"))
    assert platform.home.path.stat().st_mode & 0o077 == 0

    platform.stop()
    again = Platform(home)
    again.start()
    assert all(status.ready for status in again.status())
    again.stop()

    with pytest.raises(PlatformError, match="would not be copied"):
        Platform(home, engine="python").start()


def test_a_standalone_server_is_refused_with_the_reason(tmp_path: Path, home: Path) -> None:
    with (
        EmbeddedMongo(tmp_path, options=("--standalone",)) as server,
        pytest.raises(PlatformError, match=r"standalone server and cannot do transactions.*rs\.initiate"),
    ):
        Platform(home, ports="auto", kafka="embedded", mongo=server.uri).start()

    assert not Platform(home).running


def test_a_sign_in_that_fails_is_reported_without_the_password(signed_in: str, home: Path) -> None:
    with pytest.raises(PlatformError, match=r"operator:\*\*\*@.* cannot be used: .*uthentication") as refused:
        Platform(home, ports="auto", kafka="embedded", mongo=signed_in.replace(ESCAPED, "wrong")).start()

    assert "wrong" not in str(refused.value)


def test_a_server_that_does_not_answer_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sangkienctl.databases.CHECK_SECONDS", 0.5)

    with pytest.raises(PlatformError, match="cannot be used"):
        Platform(home, ports="auto", kafka="embedded", mongo="mongodb://127.0.0.1:9/").start()


def test_no_other_user_may_read_a_home(home: Path) -> None:
    old = os.umask(0o022)
    with contextlib.ExitStack() as stack:
        stack.callback(os.umask, old)
        platform = Platform(home)
        platform.home.prepare()
        platform.home.keep_secret("mongo-uri", "mongodb://user:s3cret@h")
        platform.home.write_record({"version": 1})

    modes = {path.name: path.stat().st_mode & 0o077 for path in (home, *home.rglob("*")) if path.is_file()}
    assert home.stat().st_mode & 0o077 == 0
    assert modes == {"mongo-uri": 0, "platform.json": 0}
