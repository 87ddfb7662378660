"""Builds each event's current schema from the shared definitions; never touches an older version."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml

import contracts

Schema = dict[str, Any]


def schema_path(topic: str, version: str) -> Path:
    return contracts.ROOT / "schemas" / topic / f"{version}.json"


def render(schema: Schema) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def current_schemas() -> dict[Path, str]:
    """The text of every schema file that producers use today, by its path."""
    events = _definition("events")
    types = _definition("types")
    snapshot = _definition("snapshot")
    built: dict[Path, str] = {}
    for path in sorted((contracts.ROOT / "topics").glob("*.yaml")):
        topic = yaml.safe_load(path.read_bytes())
        if topic["kind"] != "event":
            continue
        version = topic["versions"][-1]
        body = _event_schema(events[topic["name"]], snapshot)
        header = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"/contracts/schemas/{topic['name']}/{version}.json",
            "title": topic["type"],
            "description": f"{topic['summary']}. {topic['when']}.",
        }
        built[schema_path(topic["name"], version)] = render(header | expand(body, types))
    return built


def _definition(name: str) -> Any:
    return yaml.safe_load((contracts.ROOT / "definitions" / f"{name}.yaml").read_bytes())


def _event_schema(definition: Schema, snapshot: Schema) -> Schema:
    if "schema" in definition:
        return copy.deepcopy(definition["schema"])
    narrowed = copy.deepcopy(snapshot)
    event = definition["snapshot"]
    properties = narrowed["properties"]
    properties["state"] = {"enum": event["states"]}
    for milestone in event["dated"]:
        properties["milestones"]["properties"][milestone] = {"use": "timestamp"}
    if "in_review" in event["dated"]:
        for name in ("level", "levels"):
            properties[name] = {"type": "integer", "minimum": 1}
    properties["detail"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": copy.deepcopy(event["detail"]),
        "required": "all",
    }
    return narrowed


def expand(node: Any, types: dict[str, Schema]) -> Any:
    """Replace ``use`` by the named type, and ``required: all`` by the names of all properties that
    ``optional`` does not name. Raises ValueError for an ``optional`` name that is no property."""
    if isinstance(node, list):
        return [expand(item, types) for item in node]
    if not isinstance(node, dict):
        return node
    if "use" in node:
        own = {key: value for key, value in node.items() if key != "use"}
        return types[node["use"]] | own
    if node.get("required") != "all":
        return {key: expand(value, types) for key, value in node.items()}
    optional = node.get("optional", [])
    if unknown := set(optional) - set(node["properties"]):
        raise ValueError(f"optional names no property of its object: {', '.join(sorted(unknown))}")
    expanded = {key: expand(value, types) for key, value in node.items() if key != "optional"}
    expanded["required"] = [name for name in expanded["properties"] if name not in optional]
    return expanded
