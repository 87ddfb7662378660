"""The tiers of the test suite, seen from a run of pytest over a few small tests."""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

from tests.support.tier_plugin import group_of
from tests.support.tiers import TIERS_WITH_SERVERS, Provider, Tier, tiers_of

ROOT = Path(__file__).parents[3]

CONFTEST = """
from contextlib import contextmanager
from tests.support.tiers import Provider, Tier, tiered_fixture

pytest_plugins = ["tests.support.tier_plugin"]

def serving(name):
    @contextmanager
    def start(directory):
        assert directory.is_dir()
        yield name
    return start

letters = tiered_fixture("letters", {
    Tier.EMBEDDED: Provider(serving("small letters")),
    Tier.APACHE: Provider(serving("real letters")),
    Tier.DOCKER: Provider(serving("never"), unavailable=lambda: "no engine here"),
})
numbers = tiered_fixture("numbers", {Tier.EMBEDDED: Provider(serving("small numbers"))})
"""


def _run(directory: Path, tests: str, *options: str) -> str:
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_it.py").write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(directory), "-p", "no:cacheprovider"]
    finished = subprocess.run(
        [*command, *options, str(directory)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return finished.stdout


def _row(output: str, tier: str) -> list[int]:
    """Passed, failed and skipped of one tier."""
    (line,) = [line for line in output.splitlines() if line.startswith(f"{tier} ")]
    return [int(number) for number in line.split()[1:]]


TESTS = """
import pytest

def test_letters(letters): assert "letters" in letters
def test_both(letters, numbers, tier): assert (letters == "real letters") == (tier == "apache")
@pytest.mark.tiers("apache")
def test_only_apache(letters): assert letters == "real letters"
def test_bad(numbers): assert numbers == "others"
def test_no_server(): pass
@pytest.mark.tiers("embedded")
def test_starts_a_server_itself(): pass
"""


def test_tests_run_once_per_tier_and_an_absent_tier_is_skipped_with_its_reason(tmp_path: Path) -> None:
    output = _run(tmp_path, TESTS)

    assert _row(output, "none") == [1, 0, 0]
    assert _row(output, "embedded") == [3, 1, 0]
    assert _row(output, "apache") == [3, 0, 0]
    assert _row(output, "docker") == [0, 0, 2]
    assert "2 skipped: no engine here" in output


def test_tiers_that_were_not_chosen_are_skipped(tmp_path: Path) -> None:
    output = _run(tmp_path, TESTS, "--tiers", "embedded")

    assert _row(output, "embedded") == [3, 1, 0]
    assert _row(output, "apache") == [0, 0, 3]


def test_an_unknown_tier_is_refused(tmp_path: Path) -> None:
    assert "passed" not in _run(tmp_path, TESTS, "--tiers", "cloud")


def test_the_fast_engine_takes_over_what_has_a_database() -> None:
    database = {tier: Provider(nullcontext) for tier in (Tier.EMBEDDED, Tier.EMBEDDED_FAST, Tier.DOCKER)}
    kafka = {tier: Provider(nullcontext) for tier in (Tier.EMBEDDED, Tier.APACHE)}

    assert tiers_of([database], "tests/integration/review/test_a.py::test_b") == ["embedded-fast", "docker"]
    assert tiers_of([kafka], "tests/integration/kafka/test_a.py::test_b") == ["embedded", "apache"]
    assert tiers_of([database, kafka], "tests/e2e/test_a.py::test_b") == list(TIERS_WITH_SERVERS)
    assert tiers_of([database], "tests/unit/a.py::test_b", [("embedded",)]) == ["embedded-fast"]


def test_without_the_fast_engine_the_other_one_runs_everything() -> None:
    database = {
        Tier.EMBEDDED: Provider(nullcontext),
        Tier.EMBEDDED_FAST: Provider(nullcontext, unavailable=lambda: "not built"),
    }
    built = {**database, Tier.EMBEDDED_FAST: Provider(nullcontext)}

    assert tiers_of([database], "tests/integration/review/test_a.py::test_b") == ["embedded"]
    assert tiers_of([built], "tests/a.py::test_b", chosen=[Tier.EMBEDDED]) == ["embedded"]


def test_what_shares_a_server_is_one_group() -> None:
    alone = group_of("tests/unit/a/test_a.py::test_x[1-2]")
    one, other = (
        group_of(f"tests/integration/b/test_b.py::test_y[{t}-more]") for t in ("embedded", "embedded-fast")
    )
    together = {group_of(f"tests/e2e/test_{n}.py::test_z[case-embedded]") for n in ("c", "d")}

    assert len({alone, one, other, *together}) == 4
