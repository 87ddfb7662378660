"""How the operators' command reaches Kafka: the settings, and the clients made from them, which are closed
after use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chassis import settings


@dataclass(frozen=True)
class KafkaAccess:
    """The same variables as a service's; in the embedded platform only the address is set."""

    kafka_bootstrap: str = settings.setting(
        "KAFKA_BOOTSTRAP", parse=settings.addresses, help="host:port,host:port of some Kafka brokers"
    )
    kafka_security_protocol: str = settings.setting(
        "KAFKA_SECURITY_PROTOCOL", default="PLAINTEXT", help="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    kafka_sasl_mechanism: str | None = settings.setting(
        "KAFKA_SASL_MECHANISM", default=None, help="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    kafka_sasl_username: str | None = settings.setting(
        "KAFKA_SASL_USERNAME", default=None, help="the user name; needed with SASL"
    )
    kafka_sasl_password: str | None = settings.setting(
        "KAFKA_SASL_PASSWORD", default=None, secret=True, help="the password; needed with SASL"
    )
    kafka_ssl_cafile: str | None = settings.setting(
        "KAFKA_SSL_CAFILE", default=None, help="path of the certificates to trust, PEM"
    )

    def client_options(self) -> dict[str, Any]:
        options = {
            "bootstrap_servers": self.kafka_bootstrap.split(","),
            "security_protocol": self.kafka_security_protocol,
            "sasl_mechanism": self.kafka_sasl_mechanism,
            "sasl_plain_username": self.kafka_sasl_username,
            "sasl_plain_password": self.kafka_sasl_password,
            "ssl_cafile": self.kafka_ssl_cafile,
            "client_id": "sangkienctl",
        }
        return {name: value for name, value in options.items() if value is not None}


@contextmanager
def admin_client(access: KafkaAccess) -> Iterator[Any]:
    from kafka.admin import KafkaAdminClient

    client = KafkaAdminClient(**access.client_options())
    try:
        yield client
    finally:
        client.close()


@contextmanager
def bare_consumer(access: KafkaAccess) -> Iterator[Any]:
    """A consumer without a group: it reads what it is told to and commits nothing."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        **access.client_options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
    )
    try:
        yield consumer
    finally:
        consumer.close()
