"""The faults that a drill can inject into one process of its platform, to prove that the checker finds them.
Each breaks one promise of the product, as a careless change might.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

DIE = "die"


put = setattr  # The replacement does not have the declared type, and need not.


def outbox_row_dropped(folder: Path) -> None:
    """The relay treats some events as published that it never sent."""
    from chassis.events.relay import Relay

    publish = Relay._publish

    def careless(relay: Relay, chunk: list[Any]) -> None:
        for waiting in chunk:
            if waiting.events[0].topic == "initiative.submitted":
                waiting.acknowledged = 1
        publish(relay, chunk)

    put(Relay, "_publish", careless)


def offset_committed_early(folder: Path) -> None:
    """Offsets are committed before the effect; the process is killed in between, once, when the drill
    requests it by a file."""
    from kafka import TopicPartition
    from kafka.structs import OffsetAndMetadata

    from chassis.consumer.loop import ConsumerLoop

    handle = ConsumerLoop._handle

    def hasty(loop: ConsumerLoop, records: Sequence[Any]) -> None:
        ends = {
            TopicPartition(r.topic, r.partition): OffsetAndMetadata(r.offset + 1, "", -1) for r in records
        }
        loop._consumer.commit(ends)
        if (folder / DIE).exists():
            (folder / DIE).unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        handle(loop, list(records))

    put(ConsumerLoop, "_handle", hasty)


def version_gate_off(folder: Path) -> None:
    """The statistics treat every snapshot as newer."""
    from stats.domain.snapshots import Snapshot

    put(Snapshot, "newer_than", lambda snapshot, known: True)


def held_up_before_the_switch(folder: Path) -> None:
    """No fault: a rebuild stops itself (SIGSTOP) right before it would switch to its figures."""
    from stats.adapters.rebuilding import MongoRebuild

    switch = MongoRebuild.switch

    def held_up(rebuild: MongoRebuild) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        switch(rebuild)

    put(MongoRebuild, "switch", held_up)


def lease_without_fencing(folder: Path) -> None:
    """A rebuild stopped like that does not check before its switch whether it still holds its lease."""
    from chassis.mongo.transactions import in_transaction
    from stats.adapters.generations import HEAD, Generations, Hold

    held_up_before_the_switch(folder)

    def unfenced(generations: Generations, hold: Hold, change: dict[str, Any]) -> None:
        db = generations._db
        in_transaction(
            db.client, lambda session: db["meta"].update_one({"_id": HEAD}, change, session=session)
        )

    put(Generations, "_change", unfenced)


FAULTS: dict[str, Callable[[Path], None]] = {
    "outbox-row-dropped": outbox_row_dropped,
    "offset-committed-early": offset_committed_early,
    "version-gate-off": version_gate_off,
    "lease-without-fencing": lease_without_fencing,
    "held-up-before-the-switch": held_up_before_the_switch,
}


def plant(name: str, folder: Path) -> None:
    """Inject the fault `name` into this process. Raises KeyError if there is no such fault."""
    FAULTS[name](folder)
