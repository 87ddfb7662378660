"""The options of every Kafka client: addresses, security, explicit timeouts, and no leaks if no broker
answers. It decides nothing about topics, offsets or acknowledgements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from kafka.net.compat import KafkaNetClient

T = TypeVar("T")

# The longest wait for a broker's first answer, and for the metadata of a topic.
METADATA_MS = 3_000


class KafkaSettings(Protocol):
    """The settings that Kafka clients need."""

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
    """Options of all clients: addresses, security, short reconnects. Raises RuntimeError without crc32c."""
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
    """Raise RuntimeError without the C package: checksums in Python make kafka-python 5 to 15 times
    slower."""
    try:
        import crc32c  # noqa: F401
    except ImportError:
        raise RuntimeError("the package crc32c is missing; install it (it is in constraints.txt)") from None


def construct(kind: Callable[..., T], **options: Any) -> T:
    """Create a Kafka client; if its constructor fails, stop the threads and close the sockets that it has
    opened.

    kafka-python starts its network thread before it connects to a broker, and does not stop it if none
    answers.
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
