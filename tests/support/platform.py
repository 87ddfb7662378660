"""The whole platform for tests: started once per session and tier in its own home on free ports, never a
platform that a person has started. tests/conftest.py declares the fixtures `platform` and `seeded_platform`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from sangkienctl.databases import EngineChoice
from sangkienctl.platform import Platform, Progress
from sangkienctl.ports import SERVICES
from sangkienctl.seed import seed_programme
from tests.support.kafka_servers import ApacheKafka
from tests.support.mongo_servers import fast_engine_unavailable
from tests.support.tiers import Provider, Tier

LINES_OF_EVIDENCE = 10
LENGTH_OF_EVIDENCE = 300


@dataclass
class RunningPlatform:
    """The platform for tests. All addresses except `kafka_bootstrap` and `mongo` are public ones.

    gateway, issuer, mail_api: addresses without a trailing slash; control: start, stop, kill, pid,
    status.
    """

    control: Platform
    _tokens: dict[str, str] = field(default_factory=dict)

    @cached_property
    def record(self) -> dict[str, Any]:
        return self.control.record

    @property
    def gateway(self) -> str:
        return str(self.record["gateway"])

    @property
    def issuer(self) -> str:
        return str(self.record["issuer"])

    @property
    def kafka_bootstrap(self) -> str:
        return str(self.record["kafka_bootstrap"])

    @property
    def mail_api(self) -> str:
        return str(self.record["mail_api"])

    @property
    def process_names(self) -> list[str]:
        return [spec.name for spec in self.control.specs()]

    def mongo_uri(self, service: str) -> str:
        return str(self.record["mongo"][service])

    def token(self, username: str) -> str:
        """An access token of a demo account, cached for the session (tokens are valid for an hour)."""
        if username not in self._tokens:
            self._tokens[username] = self.control.token(username)
        return self._tokens[username]

    def client(self, username: str | None = None, **headers: str) -> httpx.Client:
        """An HTTP client for the gateway, signed in as `username`; the caller closes it."""
        if username is not None:
            headers["Authorization"] = f"Bearer {self.token(username)}"
        return httpx.Client(base_url=self.gateway, headers=headers, timeout=30, trust_env=False)

    def kill(self, name: str) -> int:
        """kill -9 a process with its children; the supervisor starts it again."""
        return self.control.kill(name)

    def wait_ready(self, *names: str) -> None:
        self.control.wait_ready(*names)

    def evidence(self) -> str:
        """The lag of the consumers, and the last warnings of each process."""
        parts = [self.sangkienctl("lag").stdout]
        for name in self.process_names:
            lines = [line[:LENGTH_OF_EVIDENCE] for line in self.log(name).splitlines() if not _quiet(line)]
            parts.append("\n".join([f"--- {name}", *lines[-LINES_OF_EVIDENCE:]]))
        return "\n".join(parts)

    def sangkienctl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the operators' command on this platform."""
        command = [sys.executable, "-m", "sangkienctl", "--home", str(self.control.home.path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def log(self, name: str) -> str:
        return (self.control.home.logs / f"{name}.log").read_text(errors="replace")


def _quiet(line: str) -> bool:
    return any(mark in line for mark in ('"level":"INFO"', '"level":"info"', " INFO "))


@contextmanager
def running_platform(
    home: Path, kafka: str, engine: str = EngineChoice.AUTO, progress: Progress | None = None
) -> Iterator[RunningPlatform]:
    """A platform in its own home, with topics and migrations but without sample data."""
    control = Platform(home, ports="auto", kafka=kafka, engine=engine, progress=progress)
    try:
        control.start()
        yield RunningPlatform(control)
    finally:
        control.stop()


# The same platform on the embedded broker with both engines of the databases, and on Apache Kafka.
PLATFORM_PROVIDERS = {
    Tier.EMBEDDED: Provider(start=partial(running_platform, kafka="embedded", engine="python")),
    Tier.EMBEDDED_FAST: Provider(
        start=partial(running_platform, kafka="embedded", engine="fast"), unavailable=fast_engine_unavailable
    ),
    Tier.APACHE: Provider(
        start=partial(running_platform, kafka="apache"), unavailable=ApacheKafka.unavailable
    ),
}

# Three nodes of Apache Kafka, for tests that stop one.
CLUSTER_PROVIDERS = {
    Tier.APACHE: Provider(
        start=partial(running_platform, kafka="apache-cluster"), unavailable=ApacheKafka.unavailable
    ),
}


@pytest.fixture(scope="session", name="seeded_platform")
def seeded_platform_fixture(platform: RunningPlatform) -> RunningPlatform:
    """The same platform with the sample programme: units, campaigns, targets, contacts; no initiatives."""
    seed_programme(platform.control)
    return platform


__all__ = [
    "CLUSTER_PROVIDERS",
    "PLATFORM_PROVIDERS",
    "SERVICES",
    "RunningPlatform",
    "running_platform",
    "seeded_platform_fixture",
]
