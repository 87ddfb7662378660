"""Kafka settings and clients of the operators' command. Clients are closed after use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from chassis import settings
from chassis.kafka_client import client_options, construct
from chassis.plain_connections import host_names, kafka_contradictions
from sangkienctl.home import PlatformError

CLIENT_ID = "sangkienctl"


@dataclass(frozen=True)
class KafkaAccess:
    """The same variables as a service's; in the embedded platform only the address is set."""

    kafka_bootstrap: str = settings.setting(
        "KAFKA_BOOTSTRAP", parse=settings.addresses, help="host:port,host:port of some Kafka brokers"
    )
    kafka_security_protocol: str = settings.setting(
        "KAFKA_SECURITY_PROTOCOL",
        default="PLAINTEXT",
        parse=settings.one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
        help="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
    )
    kafka_sasl_mechanism: str | None = settings.setting(
        "KAFKA_SASL_MECHANISM",
        default=None,
        parse=settings.one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
        help="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
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
    plain_hosts: str | None = settings.setting(
        "PLAIN_HOSTS",
        default=None,
        parse=host_names,
        help="host,host,… that the password may go to unencrypted: on a closed network",
    )

    def contradictions(self) -> tuple[str, ...]:
        """As a service's settings."""
        return kafka_contradictions(self)


@contextmanager
def readable_errors(access: KafkaAccess) -> Iterator[None]:
    """Convert Kafka's errors into one line for the operator."""
    from kafka.errors import KafkaError

    try:
        yield
    except KafkaError as error:
        raise PlatformError(
            f"the request to Kafka at {access.kafka_bootstrap} failed: {type(error).__name__}: {error}"
        ) from error


@contextmanager
def admin_client(access: KafkaAccess) -> Iterator[Any]:
    from kafka.admin import KafkaAdminClient

    client = construct(KafkaAdminClient, **client_options(access), client_id=CLIENT_ID)
    try:
        yield client
    finally:
        client.close()
