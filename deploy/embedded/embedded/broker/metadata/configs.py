"""The topic settings that this broker knows: names, defaults and valid values. The names are Kafka's. A
setting that the broker does not honour is refused rather than ignored, unless it has no effect on one node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from embedded.broker.log.partition import LogSettings
from embedded.broker.protocol.errors import BrokerError, ErrorCode


class ConfigType(IntEnum):
    """The type codes of DescribeConfigs."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    LONG = 5
    DOUBLE = 6
    LIST = 7


@dataclass(frozen=True, slots=True)
class TopicConfig:
    default: str
    type: ConfigType
    accepts: Callable[[str], bool]


def _number(low: int, high: int) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            return low <= int(text) <= high
        except ValueError:
            return False

    return accepts


def _ratio(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False


def _one_of(*values: str) -> Callable[[str], bool]:
    return lambda text: text in values


def _policies(text: str) -> bool:
    return bool(text) and set(text.split(",")) <= {"compact", "delete"}


_INT = 2**31 - 1
_LONG = 2**63 - 1
_DAY_MS = 24 * 60 * 60 * 1000


def _int(default: int, low: int = 0) -> TopicConfig:
    return TopicConfig(str(default), ConfigType.INT, _number(low, _INT))


def _long(default: int, low: int = 0) -> TopicConfig:
    return TopicConfig(str(default), ConfigType.LONG, _number(low, _LONG))


TOPIC_CONFIGS: Mapping[str, TopicConfig] = {
    # Honoured.
    "cleanup.policy": TopicConfig("delete", ConfigType.LIST, _policies),
    "retention.ms": _long(7 * _DAY_MS, -1),
    "retention.bytes": _long(-1, -1),
    "segment.ms": _long(7 * _DAY_MS, 1),
    "segment.bytes": _int(128 * 1024 * 1024, 14),
    "max.message.bytes": _int(1048588),
    "min.cleanable.dirty.ratio": TopicConfig("0.5", ConfigType.DOUBLE, _ratio),
    "delete.retention.ms": _long(_DAY_MS),
    "min.compaction.lag.ms": _long(0),
    "message.timestamp.type": TopicConfig(
        "CreateTime", ConfigType.STRING, _one_of("CreateTime", "LogAppendTime")
    ),
    # The only value that this broker honours.
    "compression.type": TopicConfig("producer", ConfigType.STRING, _one_of("producer")),
    "preallocate": TopicConfig("false", ConfigType.BOOLEAN, _one_of("false")),
    # Without effect here: there are no replicas, and the broker flushes by its own policy.
    "min.insync.replicas": _int(1, 1),
    "unclean.leader.election.enable": TopicConfig("false", ConfigType.BOOLEAN, _one_of("true", "false")),
    "flush.ms": _long(_LONG),
    "flush.messages": _long(_LONG, 1),
    "file.delete.delay.ms": _long(60000),
    "index.interval.bytes": _int(4096),
    "segment.index.bytes": _int(10 * 1024 * 1024, 4),
    "segment.jitter.ms": _long(0),
    "max.compaction.lag.ms": _long(_LONG, 1),
    "message.timestamp.before.max.ms": _long(_LONG),
    "message.timestamp.after.max.ms": _long(_LONG),
}


class Defaults:
    """The defaults of a topic: Kafka's, overridden by the broker's own settings."""

    def __init__(self, overrides: Mapping[str, str]) -> None:
        self._values = {name: config.default for name, config in TOPIC_CONFIGS.items()} | dict(overrides)

    def with_own(self, own: Mapping[str, str]) -> dict[str, str]:
        return {**self._values, **own}

    def log_settings(self, own: Mapping[str, str]) -> LogSettings:
        values = self.with_own(own)
        policies = values["cleanup.policy"].split(",")
        return LogSettings(
            max_message_bytes=int(values["max.message.bytes"]),
            segment_bytes=int(values["segment.bytes"]),
            segment_ms=int(values["segment.ms"]),
            retention_ms=int(values["retention.ms"]),
            retention_bytes=int(values["retention.bytes"]),
            compact="compact" in policies,
            delete="delete" in policies,
            min_cleanable_dirty_ratio=float(values["min.cleanable.dirty.ratio"]),
            delete_retention_ms=int(values["delete.retention.ms"]),
            min_compaction_lag_ms=int(values["min.compaction.lag.ms"]),
            append_time=values["message.timestamp.type"] == "LogAppendTime",
        )


def check_config(name: str, value: str | None) -> str:
    """The value if it is valid for a topic. Raises BrokerError otherwise."""
    config = TOPIC_CONFIGS.get(name)
    if config is None:
        raise BrokerError(ErrorCode.INVALID_CONFIG, f"Unknown topic config name: {name}")
    if value is None or not config.accepts(value):
        raise BrokerError(
            ErrorCode.INVALID_CONFIG, f"Invalid value {value} for configuration {name} on this broker"
        )
    return value
