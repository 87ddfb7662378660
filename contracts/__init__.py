"""The event contracts as data: topics, schemas and examples. It loads files and must never hold behaviour.

contracts.topics()["initiative.submitted"].schema
contracts.examples("initiative.submitted").valid["first-submission"]
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import yaml

ROOT = Path(__file__).parent

FOREVER = -1
_DAY_MS = 24 * 60 * 60 * 1000

TopicKind = Literal["event", "dead-letter"]
Cleanup = Literal["delete", "compact"]


class ContractFileError(Exception):
    """A file of this package says something that a topic cannot mean; the message names the file."""


@dataclass(frozen=True)
class Topic:
    """One Kafka topic.

    ``retention_ms`` is in milliseconds, ``FOREVER`` (-1) for no limit. ``version`` and ``schema`` are the
    newest (None for a dead-letter topic), which consumers read with: unknown properties and unknown values of
    its open lists pass there. A producer takes those of the version that it implements, see ``implementing``.
    """

    name: str
    kind: TopicKind
    owner: str
    producer: str | None
    consumers: tuple[str, ...]
    key: str
    partitions: int
    retention_ms: int
    cleanup: Cleanup
    type: str | None
    version: str | None
    versions: tuple[str, ...]
    schema: dict[str, Any] | None
    summary: str
    when: str
    personal_data: str


@dataclass(frozen=True)
class Examples:
    """Example payloads of one version of an event, by file name without its ending."""

    valid: Mapping[str, Any]
    invalid: Mapping[str, Any]


@cache
def topics() -> Mapping[str, Topic]:
    """Every topic by its name, in the order of names. The result is shared: do not change the schemas."""
    loaded = (_load_topic(path) for path in sorted((ROOT / "topics").glob("*.yaml")))
    return MappingProxyType({topic.name: topic for topic in loaded})


def implementing(versions: Mapping[str, str]) -> dict[str, Topic]:
    """The topics as a producer writes them that implements these minor versions, by name. A newer version
    that is installed too changes nothing for it. Raises ContractFileError for a version that a topic does not
    have.
    """
    return {name: _at(topics()[name], version) for name, version in versions.items()}


def _at(topic: Topic, version: str) -> Topic:
    if version not in topic.versions:
        raise ContractFileError(f"{topic.name} has no version {version}")
    return replace(topic, version=version, schema=schema(topic.name, version))


@cache
def schema(topic: str, version: str) -> dict[str, Any]:
    """The strict JSON Schema (2020-12) of one version of a topic's event."""
    parsed: dict[str, Any] = json.loads((ROOT / "schemas" / topic / f"{version}.json").read_bytes())
    return parsed


@cache
def examples(topic: str, version: str | None = None) -> Examples:
    """The examples of ``version``, by default the one that producers write today."""
    folder = ROOT / "examples" / topic / (version or topics()[topic].version or "")
    return Examples(valid=_load_folder(folder), invalid=_load_folder(folder / "invalid"))


def _load_folder(folder: Path) -> Mapping[str, Any]:
    return MappingProxyType(
        {path.stem: json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))}
    )


def _load_topic(path: Path) -> Topic:
    # The C loader reads the folder in a tenth of the time; every start of a service waits for it.
    text = yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    if text["name"] != path.stem:
        raise ContractFileError(f"{path.name}: the file must be named after the topic {text['name']!r}")
    versions = tuple(text.get("versions", ()))
    version = versions[-1] if versions else None
    return Topic(
        name=text["name"],
        kind=text["kind"],
        owner=text["owner"],
        producer=text.get("producer"),
        consumers=tuple(text["consumers"]),
        key=text["key"],
        partitions=text["partitions"],
        retention_ms=_retention_ms(text["retention"], path),
        cleanup=text["cleanup"],
        type=text.get("type"),
        version=version,
        versions=versions,
        schema=schema(text["name"], version) if version else None,
        summary=text["summary"],
        when=text["when"],
        personal_data=text["personal_data"],
    )


def _retention_ms(text: str, path: Path) -> int:
    if text == "forever":
        return FOREVER
    days = re.fullmatch(r"([1-9][0-9]*)d", text)
    if days is None:
        raise ContractFileError(
            f"{path.name}: retention must be 'forever' or days such as '30d', not {text!r}"
        )
    return int(days[1]) * _DAY_MS
