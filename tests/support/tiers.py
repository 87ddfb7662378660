"""A tier is a kind of server that the same test runs against. This module owns how a tiered fixture is
declared; it knows no particular server. The choice of tiers and the report are in tier_plugin.py.

Declare a tiered fixture in `tests/conftest.py`:

    kafka_server = tiered_fixture("kafka_server", {
        Tier.EMBEDDED: Provider(start=EmbeddedBroker),
        Tier.APACHE: Provider(start=ApacheKafka, unavailable=ApacheKafka.unavailable),
    })

`start` takes a fresh directory and returns a context manager that yields the server; `unavailable` returns
the reason why this machine cannot start one, or None. A test that takes the fixture runs once per tier. A
test that takes several tiered fixtures runs once per tier that any of them has, all of them on that tier; a
fixture without that tier uses its embedded server. `@pytest.mark.tiers("embedded")` keeps a test to some
tiers. A test that uses no tiered fixture counts under the tier `none`, or under the one tier that such a
mark names.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest


class Tier(StrEnum):
    NONE = "none"
    EMBEDDED = "embedded"
    APACHE = "apache"
    DOCKER = "docker"


TIERS_WITH_SERVERS = (Tier.EMBEDDED, Tier.APACHE, Tier.DOCKER)


def always_available() -> str | None:
    return None


@dataclass(frozen=True)
class Provider:
    """How one tier makes a server.

    start: takes an empty directory for data and logs, returns a context manager that yields the server.
    unavailable: the reason why it cannot be started here, or None; called once, before the first start.
    """

    start: Callable[[Path], AbstractContextManager[Any]]
    unavailable: Callable[[], str | None] = always_available


# Every tiered fixture by name, for the plugin.
declared: dict[str, Mapping[Tier, Provider]] = {}
_reasons: dict[Provider, str | None] = {}


@dataclass
class Started:
    """A running server of a tiered fixture; `keep` leaves its directory behind, as evidence of a failure."""

    server: Any
    directory: Path
    keep: bool = False


# What runs now, by fixture and tier, for the plugin.
started: dict[tuple[str, Tier], Started] = {}


def tiered_fixture(
    name: str,
    providers: Mapping[Tier, Provider],
    scope: Literal["session", "module", "function"] = "session",
) -> Any:
    """A fixture that yields the server of the test's tier; assign it to `name` in a conftest."""
    declared[name] = providers

    @pytest.fixture(scope=scope, name=name)
    def server(tier: Tier) -> Iterator[Any]:
        provider = providers[tier if tier in providers else Tier.EMBEDDED]
        if provider not in _reasons:
            _reasons[provider] = provider.unavailable()
        reason = _reasons[provider]
        if reason is not None:
            pytest.skip(f"{tier}: {reason}")
        directory = Path(tempfile.mkdtemp(prefix=f"{name}-{tier}-"))
        keep = True
        try:
            with provider.start(directory) as running:
                started[name, tier] = Started(running, directory)
                yield running
                keep = started.pop((name, tier)).keep
        finally:
            if not keep:
                shutil.rmtree(directory, ignore_errors=True)

    return server
