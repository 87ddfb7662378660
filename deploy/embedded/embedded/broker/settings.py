"""The broker's settings: each is a command line option and an environment variable, checked before anything starts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from embedded.broker.log.flush import FsyncPolicy

ENVIRONMENT_PREFIX = "BROKER_"
_MIB = 1024 * 1024


class SettingsError(Exception):
    """A setting is missing or wrong; the message names it."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def _address(text: str) -> Address:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("expected HOST:PORT")
    return Address(host, int(port))


def _at_least(low: float, kind: type[int] | type[float] = int) -> Any:
    def parse(text: str) -> float:
        number = kind(text)
        if number < low:
            raise ValueError(f"expected at least {low}")
        return number

    return parse


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


def _setting(parse: Any, about: str, default: Any = MISSING) -> Any:
    metadata = {"parse": parse, "about": about}
    return field(metadata=metadata) if default is MISSING else field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    data: Path = _setting(Path, "directory of everything that the broker keeps")
    listen: Address = _setting(_address, "address to listen on", Address("127.0.0.1", 9092))
    advertise: Address | None = _setting(_address, "address told to clients; default: --listen", None)
    fsync: FsyncPolicy = _setting(
        FsyncPolicy,
        "always: before acknowledging; interval: every --fsync-seconds; never: left to the system",
        FsyncPolicy.INTERVAL,
    )
    fsync_seconds: float = _setting(_at_least(0.01, float), "time between flushes of --fsync interval", 1.0)
    default_partitions: int = _setting(_at_least(1), "partitions of a topic that does not say", 1)
    auto_create_topics: bool = _setting(_flag, "create a topic when a client first asks for it", False)
    max_partitions: int = _setting(_at_least(1), "partitions of all topics together", 2000)
    max_message_bytes: int = _setting(_at_least(100), "largest batch, where the topic does not say", 1048588)
    max_request_bytes: int = _setting(_at_least(1024), "largest request", 32 * _MIB)
    max_fetch_bytes: int = _setting(_at_least(1024), "most record bytes in one fetch response", 32 * _MIB)
    max_memory_bytes: int = _setting(_at_least(1024), "request bytes held at once, all clients", 128 * _MIB)
    max_connections: int = _setting(_at_least(1), "connections at once", 1000)
    max_connections_per_host: int = _setting(_at_least(1), "connections at once from one address", 500)
    idle_seconds: float = _setting(_at_least(1, float), "a connection without a request is closed", 600.0)
    stall_seconds: float = _setting(
        _at_least(0.1, float), "a client that stops within a request, or does not read, is closed", 30.0
    )
    quota_requests: float = _setting(_at_least(0, float), "requests/s of one client; 0: no limit", 20000.0)
    quota_produce_bytes: float = _setting(
        _at_least(0, float), "bytes/s in of one client; 0: no limit", 128.0 * _MIB
    )
    quota_fetch_bytes: float = _setting(
        _at_least(0, float), "bytes/s out to one client; 0: no limit", 512.0 * _MIB
    )
    segment_bytes: int = _setting(_at_least(1024), "size of a segment file", 128 * _MIB)
    retention_ms: int = _setting(_at_least(-1), "age of records to delete; -1: never", 7 * 24 * 3600 * 1000)
    group_min_session_ms: int = _setting(_at_least(1), "shortest session a member may ask for", 1000)
    group_max_session_ms: int = _setting(_at_least(1), "longest session a member may ask for", 1800000)
    group_initial_delay_ms: int = _setting(_at_least(0), "wait for more members of a new group", 100)
    group_max_members: int = _setting(_at_least(1), "members of one group", 250)
    transaction_max_timeout_ms: int = _setting(_at_least(1), "longest transaction", 900000)
    producer_expiry_seconds: float = _setting(
        _at_least(1, float), "a silent producer's sequences are forgotten", 86400.0
    )
    housekeeping_seconds: float = _setting(
        _at_least(0.05, float), "time between rounds of retention and compaction", 10.0
    )

    @property
    def advertised(self) -> Address:
        return self.advertise or self.listen


def read_settings(argv: list[str] | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the command line, else from the environment, else defaults; raises SettingsError."""
    parser = argparse.ArgumentParser(
        prog="python -m embedded.broker",
        description="Single-node broker of Kafka's protocol, for evaluation, tests and small sites.",
        epilog=f"Each option may come from the environment as {ENVIRONMENT_PREFIX}<OPTION>.",
    )
    for setting in fields(Settings):
        default = "required" if setting.default is MISSING else f"default {setting.default}"
        parser.add_argument(_option(setting.name), help=f"{setting.metadata['about']} ({default})")
    given = vars(parser.parse_args(argv))
    values = {}
    for setting in fields(Settings):
        variable = ENVIRONMENT_PREFIX + setting.name.upper()
        text = given[setting.name] if given[setting.name] is not None else environment.get(variable)
        if text is None:
            if setting.default is MISSING:
                raise SettingsError(f"{_option(setting.name)} (or {variable}) is required")
            continue
        try:
            values[setting.name] = setting.metadata["parse"](text)
        except ValueError as error:
            raise SettingsError(f"{_option(setting.name)} (or {variable}) is {text!r}: {error}") from error
    return Settings(**values)


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")
