"""The pytest plugin for the tiers: which tiers run (--tiers), one run per tier of a test with a tiered
fixture, the output of a failed test's servers, and at the end the measured figures (the property `figure`)
and a table of passed, failed and skipped tests by tier, with reasons.
"""

from __future__ import annotations

import os
import re
from collections import Counter, defaultdict
from collections.abc import Generator
from enum import IntEnum
from typing import Any

import pytest

from tests.support.mongo_servers import fast_engine_unavailable
from tests.support.tiers import TIERS_WITH_SERVERS, Tier, declared, started, tiers_of

CHOICE_VARIABLE = "TEST_TIERS"
# The longest name first: one tier's name begins with another's.
_NAMES = "|".join(sorted(TIERS_WITH_SERVERS, key=len, reverse=True))
_TIER_IN_ID = re.compile(rf"[\[-]({_NAMES})[\]-]")
# The folders whose tests share the one platform of a tier.
ON_THE_PLATFORM = ("tests/e2e/", "tests/portal/", "tests/integration/platform/test_real_platform.py")


@pytest.fixture(scope="session")
def tier(request: pytest.FixtureRequest) -> Tier:
    """The tier this test runs on; only tests that take a tiered fixture have one."""
    chosen: Tier = request.param
    wanted = _chosen_tiers(request.config)
    if chosen not in wanted:
        pytest.skip(f"{chosen}: not among the chosen tiers ({', '.join(wanted)})")
    return chosen


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tiers",
        default=os.environ.get(CHOICE_VARIABLE, ",".join(TIERS_WITH_SERVERS)),
        help=f"comma-separated tiers to run: {', '.join(TIERS_WITH_SERVERS)} (also {CHOICE_VARIABLE})",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "tiers(*names): run this test on these tiers only")
    _chosen_tiers(config)
    config.pluginmanager.register(TierReport(), "tier-report")


def _chosen_tiers(config: pytest.Config) -> tuple[Tier, ...]:
    names = [name.strip() for name in config.getoption("--tiers").split(",") if name.strip()]
    unknown = [name for name in names if name not in TIERS_WITH_SERVERS]
    if unknown:
        raise pytest.UsageError(f"--tiers: unknown tier {', '.join(unknown)}")
    return tuple(Tier(name) for name in names)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    used = [declared[name] for name in metafunc.fixturenames if name in declared]
    if not used:
        return
    marked = [marker.args for marker in metafunc.definition.iter_markers("tiers")]
    tiers = tiers_of(used, metafunc.definition.nodeid, marked, _chosen_tiers(metafunc.config))
    metafunc.parametrize("tier", tiers, ids=[str(tier) for tier in tiers], indirect=True, scope="session")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        item.user_properties.append(("tier", str(_tier_of(item))))
    # Tests that fail soonest run first, and whole platforms run only during their tests. The sort is stable:
    # within a stage, tests stay grouped by tier, as pytest has ordered them.
    items.sort(key=_stage)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Run tests in parallel (bin/test without arguments); tests that share a server stay together."""
    from xdist.scheduler import LoadScopeScheduling

    class Grouped(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Grouped(config, log)


def group_of(nodeid: str) -> str:
    """The tests that run one after the other: a module on a tier, or all that share the platform of a
    tier."""
    module, _, test = nodeid.partition("::")
    shared = "platform" if module.startswith(ON_THE_PLATFORM) else module
    named = _TIER_IN_ID.search(test)
    return f"{shared} {named[1] if named else Tier.NONE}"


class Stage(IntEnum):
    ALONE = 0
    SERVERS = 1
    PLATFORM = 2
    OWN_PLATFORM = 3


def _stage(item: pytest.Item) -> Stage:
    fixtures = getattr(item, "fixturenames", ())
    if {"own_platform", "own_cluster", "own_drill_stage"} & set(fixtures):
        return Stage.OWN_PLATFORM
    if "platform" in fixtures:
        return Stage.PLATFORM
    return Stage.SERVERS if "integration" in item.path.parts else Stage.ALONE


def _tier_of(item: pytest.Item) -> Tier:
    """The tier that the test counts under: of its server, or the one it names if it starts servers itself."""
    callspec = getattr(item, "callspec", None)
    if callspec is not None and "tier" in callspec.params:
        tier: Tier = callspec.params["tier"]
        return tier
    named = [Tier(name) for marker in item.iter_markers("tiers") for name in marker.args]
    return named[0] if len(named) == 1 else Tier.NONE


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failed test the evidence of its servers (`evidence()`, if they have it) and the folder of
    their data and logs, which are kept."""
    report = yield
    if not report.failed:
        return report
    tier = _tier_of(item)
    for name in getattr(item, "fixturenames", ()):
        running = started.get((name, tier))
        if running is not None:
            running.keep = True
            evidence = getattr(running.server, "evidence", lambda: "")()
            report.sections.append((f"{name} of the tier {tier}, kept in {running.directory}", evidence))
    return report


class TierReport:
    """Counts the outcomes per tier and prints them when the run ends."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._figures: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        tier = str(dict(report.user_properties).get("tier", Tier.NONE))
        if report.failed:
            self._counts[tier]["failed"] += 1
        elif report.skipped:
            self._counts[tier]["skipped"] += 1
            self._reasons[tier][_reason(report, tier)] += 1
        elif report.when == "call":
            self._counts[tier]["passed"] += 1
            self._figures += [str(value) for name, value in report.user_properties if name == "figure"]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._figures:
            terminalreporter.section("figures")
            for figure in self._figures:
                terminalreporter.write_line(figure)
        terminalreporter.section("tiers")
        terminalreporter.write_line(f"{'tier':<14}{'passed':>8}{'failed':>8}{'skipped':>9}")
        for tier in Tier:
            counts = self._counts[tier]
            row = f"{tier:<14}{counts['passed']:>8}{counts['failed']:>8}{counts['skipped']:>9}"
            if tier is Tier.EMBEDDED_FAST and (reason := fast_engine_unavailable()) is not None:
                row = f"{tier:<14}all of it ran on {Tier.EMBEDDED}: {reason}"
            terminalreporter.write_line(row)
            for reason, count in self._reasons[tier].most_common():
                terminalreporter.write_line(f"{'':<14}{count} skipped: {reason}")


def _reason(report: pytest.TestReport, tier: str) -> str:
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ").removeprefix(f"{tier}: ")
    return str(getattr(report, "wasxfail", "")) or "expected to fail"
