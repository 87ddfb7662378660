"""What every Kafka client is made with: addresses, security and timeouts stated, and no leaks when no broker
answers. It makes no decision about topics, offsets or acknowledgements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from kafka.net.compat import KafkaNetClient

T = TypeVar("T")

# The longest wait for a broker's first answer, and for the metadata of a topic.
METADATA_MS = 3_000


class KafkaSettings(Protocol):
    """The part of the settings that Kafka clients need."""

    @property
    def kafka_bootstrap(self) -> str: ...
    @property
    def kafka_security_protocol(self) -> str: ...
    @property
    def kafka_sasl_mechanism(self) -> str | None: ...
    @property
    def kafka_sasl_username(self) -> str | None: ...
    @property
    def kafka_sasl_password(self) -> str | None: ...
    @property
    def kafka_ssl_cafile(self) -> str | None: ...


def client_options(settings: KafkaSettings) -> dict[str, Any]:
    """Options common to all clients: addresses, security, short reconnects. RuntimeError without crc32c."""
    require_crc32c()
    options: dict[str, Any] = {
        "bootstrap_servers": [server.strip() for server in settings.kafka_bootstrap.split(",")],
        "security_protocol": settings.kafka_security_protocol,
        "bootstrap_timeout_ms": METADATA_MS,
        "reconnect_backoff_ms": 50,
        "reconnect_backoff_max_ms": 1_000,
        "retry_backoff_ms": 100,
    }
    if settings.kafka_security_protocol.startswith("SASL"):
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = settings.kafka_sasl_password
    if settings.kafka_ssl_cafile is not None:
        options["ssl_cafile"] = settings.kafka_ssl_cafile
    return options


def require_crc32c() -> None:
    """RuntimeError without the C package: checksums in Python make kafka-python 5 to 15 times slower."""
    try:
        import crc32c  # noqa: F401
    except ImportError:
        raise RuntimeError("the package crc32c is missing; install it (it is in constraints.txt)") from None


def construct(kind: Callable[..., T], **options: Any) -> T:
    """Make a Kafka client; if its constructor fails, end the threads and sockets that it has begun.

    kafka-python starts its network thread before it looks for a broker, and leaves it behind if none answers.
    """
    started: list[Any] = []

    def net_client(**settings: Any) -> Any:
        started.append(KafkaNetClient(**settings))
        return started[-1]

    try:
        return kind(kafka_client=net_client, **options)
    except BaseException:
        for client in started:
            client.close()
        raise
