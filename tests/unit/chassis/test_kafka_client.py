"""The options that every Kafka client is given."""

from __future__ import annotations

import sys

import pytest

from chassis.kafka_client import client_options
from tests.support.messaging import MessagingSettings


def test_several_brokers_may_be_named() -> None:
    options = client_options(MessagingSettings("one:9092, two:9092"))

    assert options["bootstrap_servers"] == ["one:9092", "two:9092"]
    assert "sasl_mechanism" not in options
    assert "ssl_cafile" not in options


def test_credentials_are_handed_over_when_asked_for() -> None:
    settings = MessagingSettings(
        "one:9092",
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_sasl_username="stats",
        kafka_sasl_password="secret",
        kafka_ssl_cafile="/ca.pem",
    )

    options = client_options(settings)

    assert options["security_protocol"] == "SASL_SSL"
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("stats", "secret")
    assert options["ssl_cafile"] == "/ca.pem"


def test_no_client_is_made_without_fast_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "crc32c", None)

    with pytest.raises(RuntimeError, match="crc32c"):
        client_options(MessagingSettings("one:9092"))
