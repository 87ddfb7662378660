"""The database engines, and the commands that start them. Both embedded engines speak MongoDB's protocol on
WiredTiger and use the same files, so each can open what the other has closed. `up --mongo` replaces them by
the operator's own MongoDB. Decisions 0005 and 0025.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import psutil
import pymongo
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from sangkienctl import engine_build
from sangkienctl.home import PlatformError
from sangkienctl.ports import LOOPBACK
from sangkienctl.programs import program

ENGINE_VARIABLE = "SANGKIEN_ENGINE"
# Retryable writes make the Python engine increasingly slow: decision 0005.
EMBEDDED_OPTIONS = "retryWrites=false&w=majority&journal=true"
CHECK_SECONDS = 10

MIB = 1024**2
# With half of it the Python engine stalled in a bulk insert into a large database: decision 0005.
LEAST_CACHE = 256 * MIB
# Enough for a phase of the programme; more would only take memory from the other processes.
MOST_CACHE = 1024 * MIB
# The four databases together use at most a sixth of the machine's memory as cache.
SHARE_OF_MEMORY = 24
# The default preallocates more, and a start after kill -9 reads all of it: 24 s with 2 GB, 1.2 s with 64 MB.
LOG_FILE = "64MB"


class DatabaseEngine(StrEnum):
    """The engine in use. `make engine` builds FAST once per machine; EXTERNAL is the operator's own
    MongoDB."""

    PYTHON = "python"
    FAST = "fast"
    EXTERNAL = "external"

    @property
    def label(self) -> str:
        return _TITLES[self]


_TITLES = {
    DatabaseEngine.PYTHON: "SecantusDB, the Python program",
    DatabaseEngine.FAST: f"SecantusDB, the Rust program ({engine_build.VERSION})",
    DatabaseEngine.EXTERNAL: "MongoDB of your own",
}


class EngineChoice(StrEnum):
    """The engine that the operator asks for. AUTO: the fast engine if it is built."""

    AUTO = "auto"
    PYTHON = "python"
    FAST = "fast"


def chosen_engine(choice: EngineChoice, environment: Mapping[str, str] = os.environ) -> DatabaseEngine:
    """The embedded engine for a choice. Raises PlatformError if `fast` is asked for and not built."""
    if choice is EngineChoice.AUTO:
        choice = EngineChoice(environment.get(ENGINE_VARIABLE) or EngineChoice.AUTO)
    if choice is EngineChoice.PYTHON:
        return DatabaseEngine.PYTHON
    if engine_build.program(environment) is not None:
        return DatabaseEngine.FAST
    if choice is EngineChoice.FAST:
        raise PlatformError("the fast database engine is not built on this machine; run `make engine`")
    return DatabaseEngine.PYTHON


def cache_size(memory: int | None = None) -> int:
    """Bytes of cache for one of the four databases. memory: the machine's, in bytes; None: detect it."""
    share = (memory if memory is not None else psutil.virtual_memory().total) // SHARE_OF_MEMORY
    return min(MOST_CACHE, max(LEAST_CACHE, share))


def command(
    engine: DatabaseEngine, port: int, storage: Path, *, cache: int | None = None, level: str = "WARNING"
) -> tuple[str, ...]:
    """The command of one embedded database on a loopback port.

    storage: its folder, created at the first start; cache: bytes, None for `cache_size()`; level: of its log.
    """
    size = f"{(cache or cache_size()) // MIB}M"
    options = ["--host", LOOPBACK, "--port", str(port), "--storage-path", str(storage)]
    # Without --sync-on-commit a kill may lose an acknowledged write, whatever its write concern.
    options += ["--cache-size", size, "--log-level", level, "--sync-on-commit"]
    if engine is DatabaseEngine.PYTHON:
        return (program("secantusd-py"), *options)
    # Described even if it has left the cache: a running platform must be shown and stopped in any case.
    folder = engine_build.folder()
    built = folder / "bin" / engine_build.PROGRAM
    # An empty settings file, so that no secantusd.toml of the user or the system changes a platform.
    empty_settings = folder / engine_build.SETTINGS
    return (str(built), *options, "--log-file-max", LOG_FILE, "--config", str(empty_settings))


def embedded_uri(port: int) -> str:
    return f"mongodb://{LOOPBACK}:{port}/?{EMBEDDED_OPTIONS}"


def without_password(uri: str) -> str:
    """The URI with the password masked, for output."""
    scheme, separator, rest = uri.partition("://")
    credentials, at, hosts = rest.rpartition("@")
    if not at:
        return uri
    return f"{scheme}{separator}{credentials.partition(':')[0]}:***@{hosts}"


def require_transactions(uri: str, names: list[str]) -> None:
    """Raise PlatformError, with the reason, unless the MongoDB at `uri` can store the platform's data.

    names: the databases. In each, a transaction is started, writes and is aborted, so that permissions are
    checked too.
    """
    try:
        parse_uri(uri)
    except (PyMongoError, ValueError) as error:
        raise PlatformError(f"--mongo {without_password(uri)} is not a MongoDB URI: {error}") from error
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(
        uri, serverSelectionTimeoutMS=CHECK_SECONDS * 1000, timeoutMS=CHECK_SECONDS * 1000
    )
    try:
        hello = client.admin.command("hello")
        if "setName" not in hello and hello.get("msg") != "isdbgrid":
            raise PlatformError(
                f"the MongoDB at {without_password(uri)} is a standalone server and cannot do transactions; "
                "make it a replica set (one member is enough: mongod --replSet rs0, then rs.initiate())"
            )
        for name in names:
            with client.start_session() as session, session.start_transaction():
                client[name]["transaction-check"].insert_one({"_id": "check"}, session=session)
                session.abort_transaction()
    except PyMongoError as error:
        reason = str(error).partition(", full error")[0]
        raise PlatformError(f"the MongoDB at {without_password(uri)} cannot be used: {reason}") from error
    finally:
        client.close()
