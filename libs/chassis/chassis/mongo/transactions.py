"""Runs a unit of work over several documents in one transaction. The work may run more than once, so it must
have no effect outside the database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

T = TypeVar("T")


def in_transaction(
    client: MongoClient[dict[str, Any]], work: Callable[[ClientSession], T], *, seconds: float = 10.0
) -> T:
    """Commit `work(session)` and return its result; every operation in `work` must use the session.

    seconds: the time for all attempts together; after it a pymongo timeout is raised and nothing is written.
    If `work` raises, the transaction is aborted and the error is raised again.
    """
    with pymongo.timeout(seconds), client.start_session() as session:
        result: T = session.with_transaction(
            work,
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority", j=True),
            read_preference=ReadPreference.PRIMARY,
        )
    return result
