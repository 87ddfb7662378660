"""Creates the one MongoDB client of a process, with the options that correctness depends on. Call it after a
fork, never before one. It never waits for the server: a process starts even if its database is down.
"""

from __future__ import annotations

from typing import Any, Protocol

from bson.codec_options import TypeDecoder, TypeRegistry
from bson.int64 import Int64
from pymongo import MongoClient
from pymongo.database import Database

Document = dict[str, Any]

# Limits every operation from server selection to the last byte, so that a stalled database causes an error
# that callers can handle instead of a hanging request.
OPERATION_SECONDS = 10
SELECTION_SECONDS = 3


class PlainInteger(TypeDecoder):
    """Reads 64-bit numbers as int: code that checks for exact types refuses pymongo's own class."""

    @property
    def bson_type(self) -> type[Int64]:
        return Int64

    def transform_bson(self, value: Int64) -> int:
        return int(value)


class MongoSettings(Protocol):
    """The settings that are needed here."""

    @property
    def mongo_uri(self) -> str: ...
    @property
    def mongo_database(self) -> str: ...


def connect(settings: MongoSettings) -> MongoClient[Document]:
    """A client for `settings.mongo_uri`.

    The URI sets servers, replica set and retryable writes; the write concern is always majority with
    journal, because anything weaker loses acknowledged writes when a server is killed.
    """
    client: MongoClient[Document] = MongoClient(
        settings.mongo_uri,
        tz_aware=True,
        uuidRepresentation="standard",
        type_registry=TypeRegistry([PlainInteger()]),
        timeoutMS=OPERATION_SECONDS * 1000,
        serverSelectionTimeoutMS=SELECTION_SECONDS * 1000,
        connectTimeoutMS=SELECTION_SECONDS * 1000,
        appname=settings.mongo_database,
        w="majority",
        journal=True,
    )
    return client


def database(client: MongoClient[Document], settings: MongoSettings) -> Database[Document]:
    """The service's own database on `client`."""
    return client[settings.mongo_database]
