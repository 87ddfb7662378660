"""Runs a unit of work over several documents in one transaction. The work may run more than once, so it must
have no effect outside the database.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

import pymongo
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

T = TypeVar("T")


def in_transaction(
    client: MongoClient[dict[str, Any]],
    work: Callable[[ClientSession], T],
    *,
    seconds: float = 10.0,
    session: ClientSession | None = None,
) -> T:
    """What `work(session)` returned, committed; every operation in it must be given the session.

    seconds: the time for all attempts together; after it a pymongo timeout is raised and nothing is written.
    session: the caller's own, which stays open; by default one for this transaction alone.
    Raises whatever `work` raises, after the abort.
    """
    opened = client.start_session() if session is None else nullcontext(session)
    with pymongo.timeout(seconds), opened as held:
        result: T = held.with_transaction(
            work,
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority", j=True),
            read_preference=ReadPreference.PRIMARY,
        )
    return result
