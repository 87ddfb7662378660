"""Kafka servers for tests, one class per tier, all with start, stop, kill, restart and `bootstrap`."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

from embedded import apache_kafka
from tests.support.docker_engine import ServerContainer, image_unavailable
from tests.support.processes import ServerProcess, free_port, wait_until

REPOSITORY = Path(__file__).parents[2]
JARS = REPOSITORY / ".run" / "apache-kafka" / "jars"

# Short periods, so that a test sees retention, compaction and expiry within seconds.
APACHE_TEST_SETTINGS = {
    "log.retention.check.interval.ms": "500",
    "log.initial.task.delay.ms": "500",
    "log.cleaner.backoff.ms": "500",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    "group.min.session.timeout.ms": "1000",
    "group.initial.rebalance.delay.ms": "100",
    # After kill -9 the controller waits until the old session expires before the node may serve again.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "300",
}


def _data_directory(directory: Path | None) -> Path:
    return directory if directory is not None else Path(tempfile.mkdtemp(prefix="kafka-server-"))


class EmbeddedBroker(ServerProcess):
    """The embedded broker on a free loopback port.

    directory: for data and output (a new temporary directory if None); port: None picks a free one; options:
    further command line options of `python -m embedded.broker`.
    """

    def __init__(self, directory: Path | None = None, *options: str, port: int | None = None) -> None:
        directory = _data_directory(directory)
        port = port or free_port()
        self.data = directory / "broker"
        self.bootstrap = f"127.0.0.1:{port}"
        command = [sys.executable, "-m", "embedded.broker", "--listen", self.bootstrap]
        command += ["--data", str(self.data), "--housekeeping-seconds", "0.5", *options]
        super().__init__("embedded broker", command, port, directory / "broker.log")


class ApacheKafka(ServerProcess):
    """One Apache Kafka node in KRaft mode, from jars kept under .run (fetched by Maven when absent)."""

    def __init__(
        self, directory: Path | None = None, port: int | None = None, settings: dict[str, str] | None = None
    ) -> None:
        directory = _data_directory(directory)
        port = port or free_port()
        self.data = directory / "kafka"
        self.bootstrap = f"127.0.0.1:{port}"
        command = [sys.executable, "-m", "embedded.apache_kafka", "--listen", self.bootstrap]
        command += ["--data", str(self.data), "--jars", str(JARS)]
        for key, value in {**APACHE_TEST_SETTINGS, **(settings or {})}.items():
            command += ["--set", f"{key}={value}"]
        super().__init__("Apache Kafka", command, port, directory / "kafka.log")

    @staticmethod
    def unavailable() -> str | None:
        """Why it cannot run here, or None; fetches the jars if Maven is available."""
        try:
            apache_kafka.require_java()
            apache_kafka.fetch_jars(JARS)
        except apache_kafka.UnavailableError as reason:
            return str(reason)
        return None

    def ready(self) -> bool:
        # The port opens before the node has a controller; a log line says that the node is ready.
        return "Kafka Server started" in self.output()[self._earlier_output :] and super().ready()

    def start(self, seconds: float = 90) -> Self:
        self._earlier_output = len(self.output())
        return super().start(seconds)


class DockerKafka(ServerContainer):
    """Apache Kafka in a container, on a loopback port."""

    IMAGE = os.environ.get("TEST_KAFKA_IMAGE", "apache/kafka:4.1.0")

    def __init__(self, directory: Path | None = None) -> None:
        super().__init__()
        self.port = free_port()
        self.bootstrap = f"127.0.0.1:{self.port}"

    @classmethod
    def unavailable(cls) -> str | None:
        return image_unavailable(cls.IMAGE)

    def _described(self) -> Any:
        from testcontainers.core.container import DockerContainer

        # The same port inside: the broker connects to itself by its advertised address to end transactions.
        listener = f"PLAINTEXT://0.0.0.0:{self.port},CONTROLLER://127.0.0.1:9093"
        environment = {
            "KAFKA_NODE_ID": "1",
            "KAFKA_PROCESS_ROLES": "broker,controller",
            "KAFKA_LISTENERS": listener,
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{self.bootstrap}",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@127.0.0.1:9093",
            "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        }
        for key, value in APACHE_TEST_SETTINGS.items():
            environment["KAFKA_" + key.upper().replace(".", "_")] = value
        container = DockerContainer(self.IMAGE).with_bind_ports(self.port, self.port)
        for key, value in environment.items():
            container.with_env(key, value)
        return container

    def _wait(self) -> None:
        wait_until(lambda: answers(self.bootstrap), "the container answers the Kafka protocol", seconds=90)


def answers(bootstrap: str) -> bool:
    """Whether the server answers a Kafka client."""
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        client = KafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    except (KafkaError, OSError):
        return False
    client.close()
    return True
