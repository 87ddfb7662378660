from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from embedded.broker.log.flush import FsyncPolicy
from embedded.broker.metadata.configs import TOPIC_CONFIGS, Defaults, check_config
from embedded.broker.protocol.errors import BrokerError
from embedded.broker.settings import Address, Settings, SettingsError, read_settings

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "embedded-broker.md"


def test_the_command_line_wins_over_the_environment_and_that_over_defaults() -> None:
    environment = {
        "BROKER_LISTEN": "127.0.0.1:1",
        "BROKER_FSYNC": "always",
        "BROKER_DATA": "/from/environment",
    }

    settings = read_settings(["--listen", "127.0.0.9:2", "--data", "here"], environment)

    assert settings.listen == Address("127.0.0.9", 2)
    assert settings.data == Path("here")
    assert settings.fsync is FsyncPolicy.ALWAYS
    assert settings.auto_create_topics is False


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--listen", "no-port"),
        ("--listen", "host:99999"),
        ("--fsync", "sometimes"),
        ("--auto-create-topics", "yes"),
        ("--max-connections", "0"),
        ("--housekeeping-seconds", "nan"),
        ("--quota-requests", "-1"),
    ],
)
def test_a_wrong_setting_is_named_with_its_variable(option: str, value: str) -> None:
    with pytest.raises(SettingsError, match=option + ".*BROKER_" + option[2:].upper().replace("-", "_")):
        read_settings(["--data", "here", option, value], {})


def test_the_data_directory_must_be_given() -> None:
    with pytest.raises(SettingsError, match="--data"):
        read_settings([], {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cleanup.policy", "shred"),
        ("cleanup.policy", ""),
        ("retention.ms", "-2"),
        ("retention.ms", "1.5"),
        ("min.cleanable.dirty.ratio", "2"),
        ("compression.type", "gzip"),
        ("message.timestamp.type", "Now"),
        ("no.such.setting", "1"),
        ("retention.ms", None),
    ],
)
def test_a_topic_setting_that_is_wrong_or_not_honoured_is_refused(name: str, value: str | None) -> None:
    with pytest.raises(BrokerError, match=name):
        check_config(name, value)


def test_every_default_is_a_value_that_would_be_accepted() -> None:
    for name, config in TOPIC_CONFIGS.items():
        assert check_config(name, config.default) == config.default


def test_the_topics_own_setting_wins_over_the_brokers() -> None:
    defaults = Defaults({"retention.ms": "5"})

    assert defaults.log_settings({}).retention_ms == 5
    assert defaults.log_settings({"retention.ms": "7"}).retention_ms == 7
    both = defaults.log_settings({"cleanup.policy": "compact,delete"})
    assert both.compact
    assert both.delete


def test_every_setting_is_in_the_reference() -> None:
    reference = REFERENCE.read_text()

    for setting in fields(Settings):
        assert f"`--{setting.name.replace('_', '-')}`" in reference
    for name in TOPIC_CONFIGS:
        assert f"`{name}`" in reference
