"""A tier is a kind of server that the same test runs against. This module declares tiered fixtures; it knows
no specific server. The choice of tiers and the report are in tier_plugin.py.

Declare a tiered fixture in `tests/conftest.py`:

    kafka_server = tiered_fixture("kafka_server", {
        Tier.EMBEDDED: Provider(start=EmbeddedBroker),
        Tier.APACHE: Provider(start=ApacheKafka, unavailable=ApacheKafka.unavailable),
    })

`start` takes a new directory and returns a context manager that yields the server; `unavailable` returns
the reason why this machine cannot start one, or None. A test that takes the fixture runs once per tier. A
test that takes several tiered fixtures runs once per tier that any of them has, all of them on that tier; a
fixture without that tier uses its embedded server. `@pytest.mark.tiers("embedded")` keeps a test to some
tiers.

Two tiers are embedded, by database engine: `embedded` is the Python program, `embedded-fast` the Rust one. If
the latter is built, it runs all tests with a database, and the Python program also runs those that verify it
(ON_BOTH_ENGINES). A mark "embedded" means the one of the two that runs the test. A test that uses no tiered
fixture counts under the tier `none`, or under the one tier that such a mark names.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pytest


class Tier(StrEnum):
    NONE = "none"
    EMBEDDED = "embedded"
    EMBEDDED_FAST = "embedded-fast"
    APACHE = "apache"
    DOCKER = "docker"


TIERS_WITH_SERVERS = (Tier.EMBEDDED, Tier.EMBEDDED_FAST, Tier.APACHE, Tier.DOCKER)
EMBEDDED_TIERS = frozenset({Tier.EMBEDDED, Tier.EMBEDDED_FAST})
# The tests that also run on the Python engine if the fast one is built: the contract of the database, the
# chassis on it, all journeys through the gateway, and one drill.
ON_BOTH_ENGINES = (
    "tests/integration/database/",
    "tests/integration/chassis/test_mongo.py",
    "tests/integration/chassis/test_relay.py",
    "tests/e2e/",
    "tests/resilience/test_drill.py::test_a_round_of_kills_loses_nothing_and_doubles_nothing",
)


def always_available() -> str | None:
    return None


@dataclass(frozen=True)
class Provider:
    """How one tier starts a server.

    start: takes an empty directory for data and logs, returns a context manager that yields the server.
    unavailable: returns why it cannot be started here, or None; called once, before the first start.
    """

    start: Callable[[Path], AbstractContextManager[Any]]
    unavailable: Callable[[], str | None] = always_available


# Every tiered fixture by name, for the plugin.
declared: dict[str, Mapping[Tier, Provider]] = {}
_reasons: dict[Provider, str | None] = {}


@dataclass
class Started:
    """A running server of a tiered fixture; `keep` preserves its directory, as evidence of a failure."""

    server: Any
    directory: Path
    keep: bool = False


# The running servers, by fixture and tier, for the plugin.
started: dict[tuple[str, Tier], Started] = {}


def _offered(providers: Mapping[Tier, Provider], tier: Tier) -> Tier:
    """The tier itself if the fixture has it, else the embedded one that this machine prefers."""
    if tier in providers:
        return tier
    fast = providers.get(Tier.EMBEDDED_FAST)
    return Tier.EMBEDDED_FAST if fast is not None and fast.unavailable() is None else Tier.EMBEDDED


def tiers_of(
    providers: Sequence[Mapping[Tier, Provider]],
    nodeid: str,
    marked: Sequence[Sequence[str]] = (),
    chosen: Sequence[Tier] = TIERS_WITH_SERVERS,
) -> list[Tier]:
    """The tiers that a test is collected for.

    providers: of its tiered fixtures; marked: the arguments of each mark `tiers`; chosen: by --tiers. A tier
    that is not chosen is collected, to be counted as skipped; without `embedded-fast` its tests stay on
    `embedded`.
    """
    tiers = [tier for tier in TIERS_WITH_SERVERS if any(tier in offered for offered in providers)]
    for names in marked:
        wanted = set(names) | (EMBEDDED_TIERS if Tier.EMBEDDED in names else set())
        tiers = [tier for tier in tiers if tier in wanted]
    fast = [offered[Tier.EMBEDDED_FAST] for offered in providers if Tier.EMBEDDED_FAST in offered]
    if Tier.EMBEDDED_FAST not in chosen or any(one.unavailable() is not None for one in fast):
        return [tier for tier in tiers if tier is not Tier.EMBEDDED_FAST]
    if Tier.EMBEDDED_FAST in tiers and not nodeid.startswith(ON_BOTH_ENGINES):
        return [tier for tier in tiers if tier is not Tier.EMBEDDED]
    return tiers


def tiered_fixture(
    name: str,
    providers: Mapping[Tier, Provider],
    scope: Literal["session", "module", "function"] = "session",
) -> Any:
    """A fixture that yields the server of the test's tier; assign it to `name` in a conftest."""
    declared[name] = providers

    @pytest.fixture(scope=scope, name=name)
    def server(tier: Tier) -> Iterator[Any]:
        provider = providers[_offered(providers, tier)]
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
