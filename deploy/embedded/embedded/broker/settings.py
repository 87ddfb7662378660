"""The broker's settings. Each is a command line option and an environment variable, validated before the
broker starts. Nothing else reads settings.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from embedded.broker.log.flush import FsyncPolicy

ENVIRONMENT_PREFIX = "BROKER_"
_MIB = 1024 * 1024
_DAY_MS = 24 * 3600 * 1000


class SettingsError(Exception):
    """A setting is missing or invalid; the message names it."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


DEFAULT_ADDRESS = Address("127.0.0.1", 9092)


@dataclass(frozen=True, slots=True)
class Option:
    """How a setting is parsed (ValueError if the text is invalid), and its description in --help."""

    parse: Callable[[str], Any]
    about: str


def _address(text: str) -> Address:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdigit() or int(port) > 65535:
        raise ValueError("expected HOST:PORT")
    return Address(host, int(port))


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("expected true or false")
    return text == "true"


def _integer(low: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if int(text) < low:
            raise ValueError(f"expected at least {low}")
        return int(text)

    return parse


def _number(low: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not low <= float(text) < float("inf"):
            raise ValueError(f"expected at least {low}")
        return float(text)

    return parse


_count, _bytes, _ms = _integer(1), _integer(1024), _integer(1)
_seconds, _rate = _number(0.05), _number(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Sizes in bytes; times as the name says; rates per second, 0 for no limit."""

    data: Annotated[Path, Option(Path, "data directory of the broker")]
    listen: Annotated[Address, Option(_address, "address to listen on")] = DEFAULT_ADDRESS
    advertise: Annotated[Address | None, Option(_address, "address sent to clients; none: --listen")] = None
    fsync: Annotated[
        FsyncPolicy,
        Option(
            FsyncPolicy, "always: before acknowledging; interval: periodically; never: left to the system"
        ),
    ] = FsyncPolicy.INTERVAL
    fsync_seconds: Annotated[float, Option(_seconds, "time between flushes of --fsync interval")] = 1.0
    default_partitions: Annotated[int, Option(_count, "partitions of a topic created without a number")] = 1
    auto_create_topics: Annotated[bool, Option(_flag, "create a topic when a client asks for it")] = False
    max_partitions: Annotated[int, Option(_count, "partitions of all topics together")] = 2000
    max_message_bytes: Annotated[int, Option(_integer(100), "largest batch, unless the topic sets it")] = (
        1048588
    )
    max_request_bytes: Annotated[int, Option(_bytes, "largest request")] = 32 * _MIB
    max_fetch_bytes: Annotated[int, Option(_bytes, "most record bytes in one fetch response")] = 32 * _MIB
    max_memory_bytes: Annotated[int, Option(_bytes, "request bytes held at once")] = 128 * _MIB
    max_connections: Annotated[int, Option(_count, "connections at once")] = 1000
    max_connections_per_host: Annotated[int, Option(_count, "connections at once from one address")] = 500
    idle_seconds: Annotated[float, Option(_seconds, "a connection without requests is closed")] = 600.0
    stall_seconds: Annotated[
        float, Option(_seconds, "a client that stops within a request, or does not read, is closed")
    ] = 30.0
    quota_requests: Annotated[float, Option(_rate, "requests of one client")] = 20000.0
    quota_produce_bytes: Annotated[float, Option(_rate, "record bytes from one client")] = 128.0 * _MIB
    quota_fetch_bytes: Annotated[float, Option(_rate, "record bytes to one client")] = 512.0 * _MIB
    segment_bytes: Annotated[int, Option(_bytes, "size of a segment file, unless the topic sets it")] = (
        128 * _MIB
    )
    retention_ms: Annotated[
        int, Option(_integer(-1), "age at which records are deleted, unless the topic sets it; -1: never")
    ] = 7 * _DAY_MS
    group_min_session_ms: Annotated[int, Option(_ms, "shortest session a member may ask for")] = 1000
    group_max_session_ms: Annotated[int, Option(_ms, "longest session a member may ask for")] = 1800000
    group_initial_delay_ms: Annotated[int, Option(_integer(0), "a new group waits for more members")] = 100
    group_max_members: Annotated[int, Option(_count, "members of one group")] = 250
    transaction_max_timeout_ms: Annotated[int, Option(_ms, "longest transaction")] = 900000
    producer_expiry_seconds: Annotated[
        float, Option(_seconds, "the sequences of a silent producer are forgotten")
    ] = 86400.0
    housekeeping_seconds: Annotated[float, Option(_seconds, "between rounds of retention and compaction")] = (
        10.0
    )


def options() -> dict[str, Option]:
    """The options by the name of their setting."""
    hints = get_type_hints(Settings, include_extras=True)
    return {setting.name: hints[setting.name].__metadata__[0] for setting in fields(Settings)}


def read_settings(argv: list[str] | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the command line, else the environment, else the defaults. Raises SettingsError."""
    defaults = {setting.name: setting.default for setting in fields(Settings)}
    parser = argparse.ArgumentParser(
        prog="python -m embedded.broker",
        description="Single-node broker that speaks Kafka's protocol, for evaluation, tests and small sites.",
        epilog=f"Each option can also be set in the environment as {ENVIRONMENT_PREFIX}<OPTION>.",
    )
    for name, option in options().items():
        default = "required" if defaults[name] is MISSING else f"default: {defaults[name]}"
        parser.add_argument(_flag_name(name), help=f"{option.about} ({default})")
    given = vars(parser.parse_args(argv))
    values = {}
    for name, option in options().items():
        variable = ENVIRONMENT_PREFIX + name.upper()
        text = given[name] if given[name] is not None else environment.get(variable)
        if text is None:
            if defaults[name] is MISSING:
                raise SettingsError(f"{_flag_name(name)} (or {variable}) is required")
            continue
        try:
            values[name] = option.parse(text)
        except ValueError as error:
            raise SettingsError(f"{_flag_name(name)} (or {variable}) is {text!r}: {error}") from error
    return Settings(**values)


def _flag_name(name: str) -> str:
    return "--" + name.replace("_", "-")
