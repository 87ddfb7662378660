"""The catalogue of processes of the embedded platform: command, environment, stage and readiness of each.
It only describes them; supervision.py runs them.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

from sangkienctl import databases
from sangkienctl import ports as port_table
from sangkienctl.databases import DatabaseEngine
from sangkienctl.home import REPOSITORY, Home
from sangkienctl.ports import LOOPBACK, SERVICES
from sangkienctl.programs import program

AUDIENCE = "sangkien"
CLUSTER_ID = "U2FuZ0tpZW5DbHVzdGVyMQ"


class KafkaEngine(StrEnum):
    EMBEDDED = "embedded"
    APACHE = "apache"
    APACHE_CLUSTER = "apache-cluster"

    @property
    def nodes(self) -> int:
        return 3 if self is KafkaEngine.APACHE_CLUSTER else 1

    @property
    def ports(self) -> Mapping[str, int]:
        """The default port of every listener of a platform with this Kafka."""
        more = {} if self.nodes == 1 else port_table.CLUSTER_PORTS
        return {**port_table.DEFAULT_PORTS, **more}


class Stage(IntEnum):
    """The start order; a stage starts when the one before is ready. Migrations run before APIS."""

    ENGINES = 100
    IDENTITY = 200
    APIS = 300
    WORKERS = 400
    GATEWAY = 500


@dataclass(frozen=True)
class Probe:
    """A process is ready if its port accepts connections and `path`, if any, answers 200."""

    port: int
    path: str | None = None


@dataclass(frozen=True)
class ProcessSpec:
    """One supervised process. ready_seconds: how long its start may take on a slow machine."""

    name: str
    stage: Stage
    command: tuple[str, ...]
    probe: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_seconds: float = 60


# In the operator's own MongoDB: one name per service, unlikely to clash with other applications.
EXTERNAL_DATABASES: Mapping[str, str] = {service: f"sangkien-{service}" for service in SERVICES}


@dataclass(frozen=True)
class Addresses:
    """The addresses of one platform. All are on loopback, except the operator's own MongoDB.

    mongo_uri: of that MongoDB, with its password; None for the embedded databases.
    """

    ports: Mapping[str, int]
    mongo_uri: str | None = field(default=None, repr=False)

    @property
    def gateway(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['gateway']}"

    @property
    def issuer(self) -> str:
        return f"{self.gateway}/auth"

    @property
    def jwks(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['issuer']}/auth/jwks"

    @property
    def kafka(self) -> str:
        return ",".join(self.host(name) for name in ("broker", "broker-2", "broker-3") if name in self.ports)

    @property
    def mail(self) -> str:
        return f"{self.gateway}/mail"

    def host(self, name: str) -> str:
        return f"{LOOPBACK}:{self.ports[name]}"

    def mongo(self, service: str) -> str:
        return self.mongo_uri or databases.embedded_uri(self.ports[f"{service}-db"])

    def database(self, service: str) -> str:
        return service if self.mongo_uri is None else EXTERNAL_DATABASES[service]


# The sample, the load tests and the drill act through a few accounts from one address: what protects a
# public site from one person would only slow them down. The machine itself is the limit here.
FEW_ACCOUNTS = {
    "WRITE_RATE": "1000",
    "WRITE_BURST": "100000",
    "ANONYMOUS_RATE": "1000",
    "ANONYMOUS_BURST": "100000",
}
FEW_AUTHORS = {
    "SUBMISSIONS_PER_DAY": "1000000",
    "SUBMISSIONS_FOR_OTHERS_PER_DAY": "1000000",
    "OPEN_DRAFTS": "100000",
    "OPEN_DRAFTS_FOR_OTHERS": "100000",
}


def service_environment(service: str, addresses: Addresses) -> dict[str, str]:
    """The settings of one service, for all its roles."""
    settings = {
        "HTTP_BIND": addresses.host(f"{service}-api"),
        "WORKER_BIND": addresses.host(f"{service}-worker"),
        "MONGO_URI": addresses.mongo(service),
        "MONGO_DATABASE": addresses.database(service),
        "KAFKA_BOOTSTRAP": addresses.kafka,
        "OIDC_ISSUER": addresses.issuer,
        "OIDC_AUDIENCE": AUDIENCE,
        "OIDC_JWKS_URL": addresses.jwks,
        "LOG_LEVEL": "INFO",
        **FEW_ACCOUNTS,
    }
    if service == "submission":
        settings |= FEW_AUTHORS
    if service == "notify":
        settings |= {
            "SMTP_HOST": LOOPBACK,
            "SMTP_PORT": str(addresses.ports["smtp"]),
            "MAIL_FROM": "Sáng Kiến <no-reply@sangkien.example>",
            "PUBLIC_URL": addresses.gateway,
        }
    return settings


def catalogue(
    home: Home, addresses: Addresses, kafka: KafkaEngine, engine: DatabaseEngine
) -> list[ProcessSpec]:
    """Every process, in start order."""
    specs = [_broker(home, addresses, kafka, node) for node in range(1, kafka.nodes + 1)]
    if engine is not DatabaseEngine.EXTERNAL:
        specs += [_database(home, addresses, service, engine) for service in SERVICES]
    specs += [_issuer(home, addresses), _mailbox(home, addresses)]
    for role, stage in (("api", Stage.APIS), ("worker", Stage.WORKERS)):
        for service in SERVICES:
            name = f"{service}-{role}"
            specs.append(
                ProcessSpec(
                    name=name,
                    stage=stage,
                    command=(sys.executable, "-m", service, role),
                    probe=Probe(addresses.ports[name], "/readyz"),
                    environment=service_environment(service, addresses),
                )
            )
    specs.append(_gateway(home, addresses))
    return specs


def _broker(home: Home, addresses: Addresses, kafka: KafkaEngine, node: int) -> ProcessSpec:
    name = "broker" if node == 1 else f"broker-{node}"
    if kafka is KafkaEngine.EMBEDDED:
        module, data, options = "embedded.broker", home.data / name, []
    else:
        module, data = "embedded.apache_kafka", home.data / name.replace("broker", "apache-kafka")
        options = ["--jars", str(REPOSITORY / ".run" / "apache-kafka" / "jars")]
    if kafka.nodes > 1:
        voters = ",".join(addresses.host(f"controller-{number}") for number in range(1, kafka.nodes + 1))
        options += ["--node-id", str(node), "--voters", voters, "--cluster-id", CLUSTER_ID]
    listen = addresses.host(name)
    return ProcessSpec(
        name=name,
        stage=Stage.ENGINES,
        command=(
            *(sys.executable, "-m", module, "--listen", listen, "--advertise", listen),
            *("--data", str(data), *options),
        ),
        probe=Probe(addresses.ports[name]),
        # Maven may have to fetch Apache Kafka's jars first.
        ready_seconds=60 if kafka is KafkaEngine.EMBEDDED else 660,
    )


def _database(home: Home, addresses: Addresses, service: str, engine: DatabaseEngine) -> ProcessSpec:
    name = f"{service}-db"
    port = addresses.ports[name]
    command = databases.command(engine, port, home.data / name, level="INFO")
    return ProcessSpec(name=name, stage=Stage.ENGINES, command=command, probe=Probe(port))


def _issuer(home: Home, addresses: Addresses) -> ProcessSpec:
    return ProcessSpec(
        name="issuer",
        stage=Stage.IDENTITY,
        command=(sys.executable, "-m", "embedded.issuer"),
        probe=Probe(addresses.ports["issuer"], "/livez"),
        environment={
            "ISSUER_BIND": addresses.host("issuer"),
            "ISSUER_URL": addresses.issuer,
            "ISSUER_AUDIENCE": AUDIENCE,
            "ISSUER_DATA": str(home.data / "issuer"),
            "ISSUER_ACCOUNTS": str(REPOSITORY / "deploy" / "sample" / "accounts.json"),
            "ISSUER_CTL_SECRET_FILE": str(home.secrets / "sangkienctl"),
        },
    )


def _mailbox(home: Home, addresses: Addresses) -> ProcessSpec:
    return ProcessSpec(
        name="mailbox",
        stage=Stage.IDENTITY,
        command=(sys.executable, "-m", "embedded.mailbox"),
        probe=Probe(addresses.ports["mailbox"], "/livez"),
        environment={
            "MAILBOX_SMTP_BIND": addresses.host("smtp"),
            "MAILBOX_HTTP_BIND": addresses.host("mailbox"),
            "MAILBOX_DATA": str(home.data / "mailbox"),
        },
    )


def _gateway(home: Home, addresses: Addresses) -> ProcessSpec:
    gateway = REPOSITORY / "deploy" / "gateway"
    state = str(home.data / "gateway")
    return ProcessSpec(
        name="gateway",
        stage=Stage.GATEWAY,
        command=(program("caddy"), "run", "--config", str(gateway / "Caddyfile"), "--adapter", "caddyfile"),
        probe=Probe(addresses.ports["gateway"], "/"),
        environment={
            "GATEWAY_LISTEN": f":{addresses.ports['gateway']}",
            "GATEWAY_ADDRESS": LOOPBACK,
            **{f"{service.upper()}_UPSTREAM": addresses.host(f"{service}-api") for service in SERVICES},
            "ISSUER_UPSTREAM": addresses.host("issuer"),
            "MAIL_UPSTREAM": addresses.host("mailbox"),
            "PORTAL_ROOT": str(REPOSITORY / "web" / "dist"),
            "PORTAL_ISSUER": "/auth",
            "SITE_ROOT": str(gateway / "site"),
            "CONTRACTS_ROOT": str(REPOSITORY / "contracts"),
            "PROBLEMS_ROOT": str(REPOSITORY / "docs" / "reference" / "problems"),
            # Caddy keeps its state in these folders instead of the user's home.
            "XDG_DATA_HOME": state,
            "XDG_CONFIG_HOME": state,
        },
    )
