"""MongoDB servers for tests, one class per tier, all with start, stop, kill, restart and `uri`; and the
fixture of a new database per test.
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pymongo
import pytest
from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import PyMongoError

from chassis.mongo.client import connect
from sangkienctl import databases, engine_build
from sangkienctl.databases import DatabaseEngine, EngineChoice
from tests.support.docker_engine import ServerContainer, image_unavailable
from tests.support.processes import ServerProcess, free_port, wait_until


class MongoServer(Protocol):
    """The interface that all servers have."""

    @property
    def uri(self) -> str: ...
    def restart(self) -> Any: ...
    def stop(self) -> int: ...
    def kill(self) -> None: ...


class DatabaseSettings:
    """The settings that chassis.mongo.client needs."""

    def __init__(self, uri: str, database: str) -> None:
        self.mongo_uri = uri
        self.mongo_database = database


def answers_commands(uri: str) -> bool:
    """Whether the server accepts writes."""
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(uri, serverSelectionTimeoutMS=500)
    try:
        return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False
    finally:
        client.close()


class EmbeddedMongo(ServerProcess):
    """SecantusDB on a free loopback port, with the same options as in the platform.

    directory: for data and output (a new temporary directory if None); port: None picks a free one; cache: of
    WiredTiger, in bytes; engine: None for the fast one if it is built (or as set by SANGKIEN_ENGINE);
    options: further command line options.
    """

    def __init__(
        self,
        directory: Path | None = None,
        port: int | None = None,
        cache: int = 128 * databases.MIB,
        engine: DatabaseEngine | None = None,
        options: tuple[str, ...] = (),
    ) -> None:
        directory = directory or Path(tempfile.mkdtemp(prefix="mongo-server-"))
        port = port or free_port()
        self.data = directory / "mongo"
        self.engine = engine or default_engine()
        self.uri = databases.embedded_uri(port)
        command = [*databases.command(self.engine, port, self.data, cache=cache), *options]
        super().__init__(f"SecantusDB ({self.engine})", command, port, directory / "mongo.log")

    def ready(self) -> bool:
        return super().ready() and answers_commands(self.uri)


def default_engine() -> DatabaseEngine:
    """The embedded engine for tests that do not choose one."""
    return databases.chosen_engine(EngineChoice.AUTO)


def fast_engine_unavailable() -> str | None:
    """Why the fast engine is not available, or None."""
    if default_engine() is DatabaseEngine.FAST:
        return None
    built = engine_build.program() is not None
    return f"{databases.ENGINE_VARIABLE}=python" if built else "the fast engine is not built (make engine)"


# Started by the tiers `embedded` and `embedded-fast`, each in a new directory.
PythonMongo = partial(EmbeddedMongo, engine=DatabaseEngine.PYTHON)
FastMongo = partial(EmbeddedMongo, engine=DatabaseEngine.FAST)


class DockerMongo(ServerContainer):
    """MongoDB in a container, as a replica set with one member, on a loopback port."""

    IMAGE = os.environ.get("TEST_MONGO_IMAGE", "mongo:8.0.17")

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__()
        self.port = free_port()
        self.uri = (
            f"mongodb://127.0.0.1:{self.port}/?directConnection=true&retryWrites=true&w=majority&journal=true"
        )

    @classmethod
    def unavailable(cls) -> str | None:
        return image_unavailable(cls.IMAGE)

    def _described(self) -> Any:
        from testcontainers.core.container import DockerContainer

        container = DockerContainer(self.IMAGE).with_bind_ports(27017, self.port)
        return container.with_command("mongod --replSet rs0 --bind_ip_all")

    def _wait(self) -> None:
        wait_until(self._initiated, "the replica set is initiated", seconds=60)
        wait_until(lambda: answers_commands(self.uri), "MongoDB accepts writes", seconds=60)

    def _initiated(self) -> bool:
        """Initiate the replica set at the first start of a container; whether it is initiated."""
        client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(
            self.uri, serverSelectionTimeoutMS=500
        )
        try:
            if "setName" not in client.admin.command("hello"):
                member = {"_id": 0, "host": "127.0.0.1:27017"}
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
        except PyMongoError:
            return False
        finally:
            client.close()
        return True


def drop(client: MongoClient[dict[str, Any]], name: str) -> None:
    """Drop a database; with many documents this takes longer than a service's operation timeout."""
    with pymongo.timeout(120):
        client.drop_database(name)


@pytest.fixture
def mongo_db(mongo_server: MongoServer) -> Iterator[Database[dict[str, Any]]]:
    """A database for one test, on the server of the test's tier, with the services' client."""
    settings = DatabaseSettings(mongo_server.uri, f"t{uuid.uuid4().hex[:12]}")
    client = connect(settings)
    db = client[settings.mongo_database]
    try:
        yield db
        drop(client, db.name)
    finally:
        client.close()
