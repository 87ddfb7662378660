"""The outbox inside an aggregate: adds events to a write of the aggregate. It only builds documents; it never
writes to the database and never publishes.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from chassis.events.codec import PendingEvent
from chassis.mongo.indexes import Index

# Never change it: a lane is stored with each pending event, and relays share the lanes.
LANES = 16

OUTBOX = "outbox"
LANE = "outbox_lane"


def lane_of(aggregate_id: str) -> int:
    """The lane of an aggregate, 0 <= lane < LANES; the same in every process and version."""
    return zlib.crc32(aggregate_id.encode()) % LANES


def outbox_fields(aggregate_id: str, events: Sequence[PendingEvent]) -> dict[str, Any]:
    """The fields to merge into a document to be inserted; empty if there is no event."""
    if not events:
        return {}
    return {OUTBOX: [event.to_document() for event in events], LANE: lane_of(aggregate_id)}


def push_outbox(update: dict[str, Any], aggregate_id: str, events: Sequence[PendingEvent]) -> dict[str, Any]:
    """A copy of `update` (an update document with operators) with the events added.

    The update itself must not change the outbox fields.
    """
    if not events:
        return dict(update)
    push = {**update.get("$push", {}), OUTBOX: {"$each": [event.to_document() for event in events]}}
    return {**update, "$push": push, "$set": {**update.get("$set", {}), LANE: lane_of(aggregate_id)}}


def outbox_index(collection: str) -> Index:
    """The index that finds documents with pending events, whatever the size of the collection."""
    return Index(collection, ((LANE, 1),), sparse=True)


# The name used in declarations of indexes.
OUTBOX_INDEX = outbox_index
