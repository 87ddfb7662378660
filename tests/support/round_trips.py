"""Counts the commands that a piece of code sends to MongoDB, and reads their query plans."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pymongo.database import Database
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

# Since MongoDB 8 a query for one document by an index has its own stage.
_BY_INDEX = {"EXPRESS_IXSCAN": "IXSCAN", "EXPRESS_CLUSTERED_IXSCAN": "IXSCAN"}
OF_THE_DRIVER = frozenset({"hello", "ismaster", "isMaster", "ping", "endSessions", "explain"})


class RoundTrips(CommandListener):
    """Give it to MongoClient(event_listeners=[...]); one command is one round trip."""

    def __init__(self) -> None:
        self.commands: list[tuple[str, dict[str, Any]]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name not in OF_THE_DRIVER:
            self.commands.append((event.command_name, dict(event.command)))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass

    def reset(self) -> None:
        self.commands.clear()

    @property
    def count(self) -> int:
        return len(self.commands)

    @property
    def names(self) -> Counter[str]:
        return Counter(name for name, _ in self.commands)

    def stages(self, db: Database[dict[str, Any]]) -> dict[str, set[str]]:
        """The queries, as text, and the stages of the server's plan for each, without updates and deletes by
        `_id`."""
        found: dict[str, set[str]] = {}
        for name, command in list(self.commands):
            for query in _queries(name, command):
                plan = db.command("explain", query, verbosity="queryPlanner")["queryPlanner"]
                found[str(query)] = set(_stages(plan["winningPlan"]))
        return found


def _queries(name: str, command: dict[str, Any]) -> list[dict[str, Any]]:
    if name == "find":
        kept = ("find", "filter", "sort", "limit", "projection")
        return [{part: command[part] for part in kept if part in command}]
    if name in ("update", "delete"):
        statements = command["updates" if name == "update" else "deletes"]
        filters = [statement["q"] for statement in statements]
        return [{"find": command[name], "filter": one} for one in filters if "_id" not in one]
    return []


def _stages(plan: Any) -> list[str]:
    if isinstance(plan, dict):
        own = [_BY_INDEX.get(str(plan["stage"]), str(plan["stage"]))] if "stage" in plan else []
        return own + [stage for part in plan.values() for stage in _stages(part)]
    if isinstance(plan, list):
        return [stage for part in plan for stage in _stages(part)]
    return []
