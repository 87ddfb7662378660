"""Runs one Apache Kafka node on loopback for tests and evaluation, alone or as one of a cluster: fetches its
jars with Maven, formats KRaft storage, then replaces itself with the Java process. It must never listen on
other addresses than the given ones.

    python -m embedded.apache_kafka --listen 127.0.0.1:9092 --data DIR [--jars DIR] [--set key=value ...]
    python -m embedded.apache_kafka ... --node-id 2 --voters 127.0.0.1:9191,127.0.0.1:9192,127.0.0.1:9193
    python -m embedded.apache_kafka --fetch-only [--jars DIR]
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

POM = Path(__file__).parents[1] / "apache-kafka" / "pom.xml"
DEFAULT_JARS = Path(".run/apache-kafka/jars")
FETCH_SECONDS = 600
COMPLETE_MARK = "complete"


class UnavailableError(Exception):
    """Apache Kafka cannot run on this machine; the message says why and what to do."""


def require_java() -> str:
    """The path of the Java runtime; raises UnavailableError without one."""
    java = shutil.which("java")
    if java is None:
        raise UnavailableError("java is not on PATH; install a Java 17 runtime")
    return java


def fetch_jars(jars: Path, pom: Path = POM) -> None:
    """Fetch Apache Kafka's jars into `jars`, once. Raises UnavailableError without Maven or if it fails."""
    jars.parent.mkdir(parents=True, exist_ok=True)
    with (jars.parent / "fetch.lock").open("w") as lock:
        # A second process waits here and then finds the jars.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (jars / COMPLETE_MARK).exists():
            _fetch(jars, pom)


def _fetch(jars: Path, pom: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise UnavailableError(
            f"its jars are not in {jars} and mvn is not on PATH to fetch them; install Maven"
        )
    incoming = Path(tempfile.mkdtemp(prefix="jars-", dir=jars.parent))
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={incoming}"]
    try:
        fetched = subprocess.run(  # noqa: S603
            [maven, "-q", "-B", "-f", str(pom), *goal],
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        shutil.rmtree(incoming)
        raise UnavailableError(f"Maven did not fetch its jars within {FETCH_SECONDS} s") from error
    if fetched.returncode != 0:
        shutil.rmtree(incoming)
        errors = [line for line in fetched.stdout.splitlines() if line.startswith("[ERROR]")]
        raise UnavailableError(
            f"Maven could not fetch its jars: {errors[0] if errors else fetched.stderr[-300:]}"
        )
    (incoming / COMPLETE_MARK).touch()
    # A folder without the mark was left by an interrupted fetch.
    shutil.rmtree(jars, ignore_errors=True)
    incoming.replace(jars)


def write_properties(
    data: Path, listen: str, advertise: str, voters: list[str], settings: dict[str, str], node_id: int = 1
) -> Path:
    """Write the node's server.properties; `settings` override the defaults.

    voters: the controllers' addresses, node 1 first. With several, every topic is replicated to up to three
    nodes, and a write is acknowledged when two have it.
    """
    copies = min(3, len(voters))
    properties = {
        "process.roles": "broker,controller",
        "node.id": str(node_id),
        "listeners": f"PLAINTEXT://{listen},CONTROLLER://{voters[node_id - 1]}",
        "advertised.listeners": f"PLAINTEXT://{advertise}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "controller.quorum.voters": ",".join(f"{n}@{address}" for n, address in enumerate(voters, 1)),
        "log.dirs": str(data / "log"),
        "auto.create.topics.enable": "false",
        "num.network.threads": "2",
        "num.io.threads": "2",
        "log.cleaner.dedupe.buffer.size": str(10 * 1024 * 1024),
        # Do not wait for more members before the first rebalance of a group.
        "group.initial.rebalance.delay.ms": "0",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(max(1, copies - 1)),
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.num.partitions": "4",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(max(1, copies - 1)),
        **settings,
    }
    path = data / "server.properties"
    path.write_text("".join(f"{key}={value}\n" for key, value in properties.items()))
    return path


def java_command(jars: Path, heap_megabytes: int, main: str, *arguments: str) -> list[str]:
    options = [f"-Xmx{heap_megabytes}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]
    log = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=info", "-Dlog4j2.level=INFO"]
    return [require_java(), *options, *log, "-cp", f"{jars}/*", main, *arguments]


def format_storage(
    data: Path, properties: Path, jars: Path, heap_megabytes: int, cluster_id: str | None = None
) -> None:
    """Format KRaft storage unless it is formatted. If that fails, raises UnavailableError with Kafka's
    message.

    cluster_id: the same for all nodes of a cluster; a random one if None.
    """
    if (data / "log" / "meta.properties").exists():
        return
    cluster = cluster_id or urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    # One argument: an id may begin with a hyphen.
    arguments = ["format", f"--cluster-id={cluster}", "--config", str(properties), "--ignore-formatted"]
    command = java_command(jars, heap_megabytes, "kafka.tools.StorageTool", *arguments)
    formatted = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if formatted.returncode != 0:
        raise UnavailableError(f"its storage could not be formatted: {formatted.stderr[-500:]}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m embedded.apache_kafka", description=__doc__.split("\n\n")[0]
    )
    parser.add_argument("--listen", default="127.0.0.1:9092", metavar="HOST:PORT")
    parser.add_argument(
        "--advertise", metavar="HOST:PORT", help="the address sent to clients; default: --listen"
    )
    parser.add_argument(
        "--voters", metavar="HOST:PORT,...", help="the controllers, node 1 first; default: one on a free port"
    )
    parser.add_argument("--node-id", type=int, default=1, help="its position among the voters, from 1")
    parser.add_argument("--cluster-id", help="22 characters of base64, the same for all nodes")
    parser.add_argument("--data", type=Path, default=Path(".run/apache-kafka/data"))
    parser.add_argument("--jars", type=Path, default=DEFAULT_JARS)
    parser.add_argument("--heap", type=int, default=512, help="Java heap in MiB")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a broker property")
    parser.add_argument("--fetch-only", action="store_true", help="fetch the jars and exit")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    options = _arguments(argv)
    try:
        require_java()
        fetch_jars(options.jars)
        if options.fetch_only:
            return
        options.data.mkdir(parents=True, exist_ok=True)
        properties = write_properties(
            options.data,
            options.listen,
            options.advertise or options.listen,
            options.voters.split(",") if options.voters else [f"127.0.0.1:{_free_port()}"],
            dict(setting.split("=", 1) for setting in options.set),
            options.node_id,
        )
        format_storage(options.data, properties, options.jars, options.heap, options.cluster_id)
    except UnavailableError as reason:
        sys.exit(f"Apache Kafka cannot run here: {reason}")
    command = java_command(options.jars, options.heap, "kafka.Kafka", str(properties))
    # exec keeps our pid, so a signal to this command reaches Kafka itself.
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
